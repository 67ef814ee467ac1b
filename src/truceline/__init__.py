"""Truceline: the software of a joint ceasefire mechanism. ARCHITECTURE.md is the map."""

__version__ = "0.1.0"
