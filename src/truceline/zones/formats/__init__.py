"""Zone files of other programs, in and out; `known.py` finds the right one."""
