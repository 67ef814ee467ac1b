"""Positions, altitudes, rings, volumes and windows of time: pure, on the WGS 84 ellipsoid."""
