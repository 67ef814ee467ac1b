"""A party's own check of the log, and its own witness.

Reads `records`, `ledger` and `errors`, nothing else of this program: whoever wants
to believe `truceline verify` reads those and this folder. Files, HTTP, the clock
and processes are in `world.py` alone.
"""
