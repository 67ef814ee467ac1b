"""`python -m truceline.cli`: the same as the command `truceline`."""

from truceline.cli.main import run

run()
