"""How early, how often wrongly: predicted entries judged by what happened.

    python bench/air/warning.py [--seeds 1,2,3] [--sets paris,swiss] [--frontier] [--half 1]

The seeded experiment of AIRSPACE d.2 (`warning_world.py`): 120 zones, a prediction every
five seconds. Judged are the aircraft that the weights were not made from (`half` 1). For
each set, and for zones among the tracks and anywhere in their box, it prints the shares
of incursions with any warning and with 30, 60 and 120 s or more, the late ones (under
30 s), the nuisance share (alerts without an entry by a minute after the time predicted
first), alerts and nuisances for each flight hour, and how the warnings are spread. Both
bases stand there: incursions tracked for 120 s before the entry, and all. The baseline
(straight on, two cycles in a row, 120 s) is judged in the same run by the same rules.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import warning_world as world

from truceline.airspace.fix import Fixes
from truceline.airspace.predictions.cases import Cases, cases_of
from truceline.airspace.predictions.motion import Memory, States
from truceline.airspace.predictions.outlook import AT_ONCE_S, CHOSEN, Outlook, Policy
from truceline.airspace.predictions.paths import HORIZON_S, Lookout
from truceline.airspace.predictions.prediction import Outcome, Settled
from truceline.airspace.rules import STANDARD

SETS = {"paris": world.PARIS, "swiss": world.SWISS}
STRAIGHT = Policy(starts=((20.0, 0.5, 1), (HORIZON_S, 0.5, 2)))
"""The baseline: a straight path that enters, twice in a row."""


@dataclass
class Tally:
    """What is counted, over seeds."""

    warnings: list[float] = field(default_factory=list)
    tracked: list[float] = field(default_factory=list)
    alerts: int = 0
    nuisances: int = 0
    not_judged: int = 0
    hours: float = 0.0

    def add(self, told: Iterable[object], happened: list[world.Incursion]) -> None:
        """Count one run."""
        found = {(one.zone, one.icao24, one.at): -1.0 for one in happened}
        for one in told:
            if not isinstance(one, Settled):
                continue
            self.alerts += 1
            self.nuisances += one.outcome is Outcome.NUISANCE
            self.not_judged += one.outcome is Outcome.NOT_JUDGED
            if one.entered_at is not None and one.warning_s is not None:
                found[one.prediction.zone_id, one.prediction.icao24, one.entered_at] = one.warning_s
        self.warnings += found.values()
        self.tracked += [one.tracked_s for one in happened]

    def shares(self, *, tracked: bool) -> list[float]:
        """Any, 30, 60, 120 s or more, late: of the incursions of one basis."""
        all_warnings, known = np.array(self.warnings), np.array(self.tracked)
        some = all_warnings[known >= world.TRACKED_S] if tracked else all_warnings
        shares = [float(np.mean(some >= least)) for least in (0, 30, 60, 120)]
        return [*shares, float(np.mean((some >= 0) & (some < 30)))]

    @property
    def nuisance_share(self) -> float:
        """Of the alerts that could be judged."""
        return self.nuisances / max(1, self.alerts - self.not_judged)


@dataclass(frozen=True)
class Run:
    """One set of zones over one set of tracks, looked at once and judged many times."""

    states: States
    cases: Cases
    memory: Memory
    happened: list[world.Incursion]
    hours: float

    def judged(self, policy: Policy, tally: Tally, *, straight: bool = False) -> None:
        """Run the alerts under a policy, and count."""
        cases = self.cases
        if straight:
            cases = replace(cases, chance=(cases.entry_s[:, 0] <= HORIZON_S).astype(np.float64))
        outlook = Outlook(STANDARD, policy=policy)
        outlook._memory = self.memory
        told = list(outlook._in_order(cases, world.entries(self.happened)))
        outlook._note_seen(self.states)
        tally.add([*told, *outlook._settle_past(), *outlook.finish()], self.happened)
        tally.hours += self.hours


def look(fixes: Fixes, seed: int, where: str, silence_s: float) -> Run:
    """Look at everything once."""
    zones = world.zones(fixes, seed, where=where)
    memory = Memory(STANDARD)
    states = memory.take(fixes)
    cases = cases_of(Lookout(world.charted(zones)), states, STANDARD, memory)
    cases.batch = fixes
    happened = world.incursions(fixes, zones, silence_s)
    return Run(states, cases, memory, happened, world.hours(fixes, silence_s))


HEAD = (
    f"{'':34} {'any':>6} {'>=30':>6} {'>=60':>6} {'>=120':>6} {'late':>6}"
    f" {'nuisance':>9} {'alerts/h':>9} {'wrong/h':>8} {'n':>6}"
)


def line(name: str, tally: Tally, *, tracked: bool) -> str:
    """Return one line of the table."""
    shares = " ".join(f"{one:6.3f}" for one in tally.shares(tracked=tracked))
    count = sum(one >= world.TRACKED_S for one in tally.tracked) if tracked else len(tally.tracked)
    return (
        f"{name:34} {shares} {tally.nuisance_share:9.3f} {tally.alerts / tally.hours:9.2f}"
        f" {tally.nuisances / tally.hours:8.2f} {count:6}"
    )


def spread(tally: Tally) -> str:
    """Return how the warnings of incursions tracked long enough are spread."""
    known = np.array(tally.tracked) >= world.TRACKED_S
    warnings = np.array(tally.warnings)[known]
    some = warnings[warnings >= 0]
    marks = ", ".join(f"p{p} {np.percentile(some, p):.0f}" for p in (5, 25, 50, 75, 95))
    return f"  warning in s: {marks}; {np.mean(warnings < 0):.3f} without"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--sets", default="paris,swiss")
    parser.add_argument("--where", default="track,box")
    parser.add_argument("--frontier", action="store_true", help="the trade of warning for nuisance")
    parser.add_argument("--half", type=int, default=1, help="0: the aircraft learnt from")
    wish = parser.parse_args()
    for name in wish.sets.split(","):
        which = SETS[name]
        if not which.path.exists():
            print(f"{which.name}: {which.path.name} is not here; not measured")
            continue
        fixes = world.load(which, only=wish.half)
        for where in wish.where.split(","):
            start = time.process_time()
            seeds = [int(seed) for seed in wish.seeds.split(",")]
            runs = [look(fixes, seed, where, which.silence_s) for seed in seeds]
            report(which.name, where, runs, frontier=wish.frontier)
            print(f"  {time.process_time() - start:.0f} s of CPU\n", flush=True)


def report(name: str, where: str, runs: list[Run], *, frontier: bool) -> None:
    """Print one table."""
    places = "among the tracks" if where == "track" else "anywhere in the box"
    print(f"{name}, zones {places}, {len(runs)} seeds\n{HEAD}")
    base, ours = Tally(), Tally()
    for run in runs:
        run.judged(STRAIGHT, base, straight=True)
        run.judged(CHOSEN, ours)
    for tracked, basis in ((True, "tracked 120 s"), (False, "all")):
        print(line(f"straight on, 2 cycles; {basis}", base, tracked=tracked))
        print(line(f"Truceline; {basis}", ours, tracked=tracked))
    print(spread(ours), f"; {ours.not_judged} alerts not judged (the track ended)")
    if not frontier:
        return
    for cycles in (1, 2):
        for more in (-0.2, -0.1, -0.05, 0.0, 0.05):
            starts = tuple(
                (until, min(0.99, least + more), 1 if until <= AT_ONCE_S else max(cycles, row))
                for until, least, row in CHOSEN.starts
            )
            _frontier_line(runs, Policy(starts), f"{more:+.2f}, {cycles} in a row")
    for flat in (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9):
        _frontier_line(runs, Policy(((HORIZON_S, flat, 1),)), f"{flat:.2f} at any time")


def _frontier_line(runs: list[Run], policy: Policy, name: str) -> None:
    tally = Tally()
    for run in runs:
        run.judged(policy, tally)
    print(line(f"  {name}", tally, tracked=True), flush=True)


if __name__ == "__main__":
    main()
