"""Entries that are expected: ways to fly on, their chance, what is told, what became of it."""
