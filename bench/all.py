"""`make bench`: every benchmark in turn, each beside a peer in the same run.

Each script prints its own table; a script that fails is named and the others
still run, and the exit code tells.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    "ledger",
    "door",
    "serving",
    "comparison",
    "match",
    "air/throughput",
    "air/whole",
    "air/first",
    "air/live",
    "air/accuracy",
    "air/exact",
    "air/sightings",
)


def main() -> int:
    """Run each script in a fresh process, so that one does not warm another's caches."""
    here = Path(__file__).parent
    failed = []
    for name in SCRIPTS:
        print(f"\n== {name} ==", flush=True)
        run = subprocess.run([sys.executable, here / f"{name}.py", *sys.argv[1:]], check=False)
        if run.returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
