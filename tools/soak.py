"""`make soak`: kill -9 at random moments, and lost writes; prints what was counted.

    python tools/soak.py --runs 1000 [--store sqlite|postgres|both] [--seed N] [--lost-writes N]

A campaign of 25 kills has a log of its own; campaigns follow one another until the
runs are done. Ends with an exit code above 0 when anything was found wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.soak import campaign, lost_writes
from tests.soak.campaign import Count
from tests.support import postgres

EACH = 25


def main() -> int:
    """Run what was asked for and say what came of it."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--runs", type=int, default=1000, help="kills on each store")
    asked.add_argument("--store", choices=("sqlite", "postgres", "both"), default="both")
    asked.add_argument("--seed", type=int, default=int(time.time()))
    asked.add_argument("--lost-writes", type=int, default=400, help="records under the recorder")
    chosen = asked.parse_args()
    print(f"seed {chosen.seed}")
    wrong = 0
    stores = ("sqlite", "postgres") if chosen.store == "both" else (chosen.store,)
    for store in stores:
        wrong += _campaigns(store, chosen.runs, chosen.seed)
    if chosen.lost_writes:
        found = lost_writes.run(records=chosen.lost_writes)
        print(f"lost writes: {found.said()}")
        wrong += len(found.wrong)
        _tell(found.wrong)
    return 1 if wrong else 0


def _campaigns(store: str, runs: int, seed: int) -> int:
    total = Count()
    with ExitStack() as stack:
        server = stack.enter_context(postgres.serving()) if store == "postgres" else None
        for number, first in enumerate(range(0, runs, EACH)):
            each = min(EACH, runs - first)
            total.add(campaign.run(each, seed=seed * 1_000 + number, server=server))
            if number % 4 == 3 or first + each == runs:
                print(f"{store}: {total.said()}", flush=True)
    _tell(total.wrong)
    return len(total.wrong)


def _tell(wrong: list[str]) -> None:
    for line in wrong[:20]:
        print(f"WRONG {line}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
