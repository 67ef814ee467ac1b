"""Flights that are announced: what fits a crossing, and who has answered."""
