"""Make the weights of the chance of entry, from one half of the aircraft.

    python bench/air/warning_fit.py [--write] [--from paris,swiss] [--seeds 11,12,13]

Every five seconds each aircraft is put beside each zone that one of its eight ways
leads into; the answer to be learnt is whether it was inside within two minutes. The
logistic function is fitted by Newton's method with a small ridge, so that the same
tracks and seeds give the same weights. `--write` puts them into
`src/truceline/airspace/predictions/weights.py`. The zones of `warning.py` have other
seeds, and its aircraft are the other half.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import warning_world as world

from truceline.airspace.fix import Fixes
from truceline.airspace.predictions.cases import cases_of
from truceline.airspace.predictions.chance import TERMS
from truceline.airspace.predictions.motion import Memory
from truceline.airspace.predictions.paths import HORIZON_S, Lookout
from truceline.airspace.rules import STANDARD

TARGET = Path(__file__).parents[2] / "src/truceline/airspace/predictions/weights.py"
SETS = {"paris": world.PARIS, "swiss": world.SWISS}
RIDGE = 3.0
MOST = 150_000
"""Rows of one set: beyond it nothing that can be measured is gained."""


def examples(fixes: Fixes, seed: int, silence_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the terms of every case, and whether it came true within two minutes."""
    zones = world.zones(fixes, seed)
    memory = Memory(STANDARD)
    states = memory.take(fixes)
    found = cases_of(Lookout(world.charted(zones)), states, STANDARD, memory)
    by_key: dict[tuple[str, str], list[int]] = {}
    for one in world.incursions(fixes, zones, silence_s):
        by_key.setdefault((one.zone, one.icao24), []).append(one.at)
    outside = np.flatnonzero(~found.inside)
    times = found.at
    came = np.array([_came(by_key.get(found.key(row), []), int(times[row])) for row in outside])
    return found.terms[outside], came


def _came(entries: list[int], at: int) -> bool:
    return any(at < one <= at + HORIZON_S * world.SECOND for one in entries)


def fit(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Return bias and weights: Newton's method on the penalised likelihood."""
    whole = np.column_stack((np.ones(len(x)), x))
    weights = np.zeros(whole.shape[1])
    ridge = np.full(len(weights), RIDGE)
    ridge[0] = 0.0
    for _ in range(30):
        likely = 1 / (1 + np.exp(-(whole @ weights)))
        slope = whole.T @ (y - likely) - ridge * weights
        bend = (whole * (likely * (1 - likely))[:, None]).T @ whole + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return float(weights[0]), weights[1:]


def written(bias: float, weights: np.ndarray, said: str) -> str:
    """Return the module."""
    lines = "\n".join(
        f"    {round(float(value), 4)!r},  # {name}"
        for name, value in zip(TERMS, weights, strict=True)
    )
    return (
        '"""The weights of the chance of entry. Made, not written by hand:\n\n'
        f"    python bench/air/warning_fit.py --write {said}\n\n"
        'One line for each of `TERMS` in `predictions/chance.py`, in log-odds.\n"""\n\n'
        "from __future__ import annotations\n\n"
        f"BIAS = {round(bias, 4)!r}\n"
        f"WEIGHTS: tuple[float, ...] = (\n{lines}\n)\n"
    )


def main() -> None:
    """Fit, and say how well it does on what it was made from."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--from", dest="sets", default="paris,swiss")
    parser.add_argument("--seeds", default="11,12,13")
    wish = parser.parse_args()
    xs, ys = [], []
    for name in wish.sets.split(","):
        which = SETS[name]
        if not which.path.exists():
            sys.exit(f"{which.path.name} is not here: the weights cannot be made again")
        fixes = world.load(which, only=0)
        made = [examples(fixes, int(seed), which.silence_s) for seed in wish.seeds.split(",")]
        x, y = (np.concatenate(some) for some in zip(*made, strict=True))
        kept = np.random.default_rng(0).permutation(len(x))[:MOST]
        xs.append(x[kept])
        ys.append(y[kept])
        print(
            f"{which.name}: {len(x)} cases, {len(kept)} used, {y.mean():.3f} came true", flush=True
        )
    x, y = np.concatenate(xs), np.concatenate(ys)
    bias, weights = fit(x, y)
    likely = 1 / (1 + np.exp(-(x @ weights + bias)))
    for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 1.01)):
        some = (likely >= low) & (likely < high)
        if some.any():
            print(f"  said {low:.2f} to {min(high, 1):.2f}: {y[some].mean():.3f} of {some.sum()}")
    said = f"--from {wish.sets} --seeds {wish.seeds}"
    if wish.write:
        TARGET.write_text(written(bias, weights, said), encoding="utf-8")
        print(f"written to {TARGET.name}")


if __name__ == "__main__":
    main()
