"""How sure: suspected, probable, confirmed, with the probability they rest on.

The verdict is about presence only: that an aircraft was in the volume. Why it was
there, and whether it may be, is decided elsewhere and by people.

P(inside) is the product of the share of the position's error that lies inside the
border, Phi(distance / sigma), and of the height's that lies between the limits.
Between fixes there is a band of paths that may have been flown (`reach`). There P has
two values: `firm`, which the least favourable path of the band still has, and the
estimate, with the band as part of the error. A crossing has the greatest of each over
its fixes and its path. So it is confirmed or probable only if every path of the band
enters; what only some paths do is suspected at most. Thresholds: AIRSPACE d.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from truceline.airspace.fix import Floats

SUSPECTED_AT = 0.5
PROBABLE_AT = 0.8
CONFIRMED_AT = 0.95
CONFIRMED_FIXES = 2
CONFIRMED_US = 3_000_000
LEAST_TAIL = 1e-6


class Verdict(StrEnum):
    """How sure the mechanism is that an aircraft was inside."""

    POSSIBLE = "possible"  # only some paths over a gap, or mostly outside
    SUSPECTED = "suspected"
    PROBABLE = "probable"
    CONFIRMED = "confirmed"

    @property
    def rank(self) -> int:
        """The higher, the surer."""
        return list(Verdict).index(self)


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a verdict rests on.

    `firm` is the greatest P(inside) that every path of the band has at some place, by a
    known height and a trusted position. `capped` is the greatest estimate of P wherever
    it was seen or the gap was short, which never makes more than "suspected"; `loose`
    that over long gaps, which makes "possible" (both 0 where firm is 1, and they would say
    nothing). `across` and `upright` are the two factors of the greatest. `fixes` counts
    those inside, `lasted_us` the time inside, in microseconds; `known` says whether any
    of it had a height that could be compared with the limits.
    """

    firm: float = 0.0
    capped: float = 0.0
    loose: float = 0.0
    across: float = 0.0
    upright: float = 0.0
    fixes: int = 0
    lasted_us: int = 0
    known: bool = False

    @property
    def likely(self) -> float:
        """The probability that it was inside at all."""
        return max(self.firm, self.capped, self.loose)

    def with_more(self, other: Doubt) -> Doubt:
        """Return the doubt that is left when both were seen of one crossing."""
        better = other if other.likely > self.likely else self
        firm = max(self.firm, other.firm)
        return Doubt(
            firm=firm,
            capped=max(self.capped, other.capped) if firm < 1.0 else 0.0,
            loose=max(self.loose, other.loose) if firm < 1.0 else 0.0,
            across=better.across,
            upright=better.upright,
            fixes=self.fixes + other.fixes,
            lasted_us=self.lasted_us + other.lasted_us,
            known=self.known or other.known,
        )


def verdict_of(doubt: Doubt) -> Verdict:
    """Return the verdict. Confirmed needs two fixes inside or three seconds as well."""
    lasting = doubt.fixes >= CONFIRMED_FIXES or doubt.lasted_us >= CONFIRMED_US
    if doubt.firm >= CONFIRMED_AT and lasting:
        return Verdict.CONFIRMED
    if doubt.firm >= PROBABLE_AT:
        return Verdict.PROBABLE
    if max(doubt.firm, doubt.capped) >= SUSPECTED_AT:
        return Verdict.SUSPECTED
    return Verdict.POSSIBLE


def phi(z: Floats) -> Floats:
    """The normal distribution function, Abramowitz and Stegun 7.1.26 (error below 1.5e-7).

    Tails under a millionth count as none: no sensor's errors are known so well.
    """
    x = np.abs(z) / np.sqrt(2.0)
    t = 1 / (1 + 0.3275911 * x)
    series = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    tail = 0.5 * series * np.exp(-x * x)
    tail = np.where(tail > LEAST_TAIL, tail, 0.0)
    return np.asarray(np.where(z >= 0, 1 - tail, tail), dtype=np.float64)
