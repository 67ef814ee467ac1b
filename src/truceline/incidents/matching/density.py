"""How usual a place and an hour are: what a coincidence is worth.

Reports do not lie evenly: many tell of one town, and of one week. The places are taken as
a mixture over a few thousand support points, with weights by maximum likelihood
(Kiefer and Wolfowitz 1956, by expectation and maximisation; Laird 1978), so that reports
around one town do not count as near merely because all reports there are. Hours are a
kernel estimate around each support point, each report left out of its own, with the width
that tells the left-out ones best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from truceline.incidents.matching.columns import Columns, Floats, Ints, near

MOST_SUPPORT = 3_000
_WIDE = 4.0  # sigmas
_THIN = 1.5  # sigmas between points of support
_ROUNDS = 60
_STAY = 10  # rounds in which the points stay where they are
_EVEN = 3.0  # reports that could lie anywhere
_PROVINCE_M = 200_000.0
_MONTH_DAYS = 30.0
_WIDTHS_DAYS = (0.25, 1.0, 3.0, 10.0, 30.0, 90.0)
_SHARED = (1.0, 5.0, 25.0)
_MOST_BINS = 1_500


@dataclass(frozen=True, slots=True)
class Support:
    """The points on which places are taken to lie, and how much of all lies on each."""

    x: Floats
    y: Floats
    weight: Floats
    reports: int  # that they were learned from


@dataclass(frozen=True, slots=True)
class Spread:
    """How each report is shared out over the support: rows of a sparse matrix.

    Row `i` has columns `column[first[i]:first[i + 1]]`, rising, with `share` adding up to 1.
    `density`: of each report's place under the support, per square metre. `own`: which part of
    that is the report itself.
    """

    first: Ints
    row: Ints
    column: Ints
    share: Floats
    density: Floats
    own: Floats


def support(x: Floats, y: Floats, radius: Floats) -> tuple[Floats, Floats]:
    """Choose support points among the reports, the most precise first, not too near together."""
    cell = max(250.0, float(np.quantile(radius, 0.25)) * _THIN) if len(x) else 1.0
    order = np.argsort(radius, kind="stable")
    while True:
        cells = np.column_stack((np.floor(x[order] / cell), np.floor(y[order] / cell)))
        _, first = np.unique(cells, axis=0, return_index=True)
        if len(first) <= MOST_SUPPORT:
            chosen = order[np.sort(first)]
            return x[chosen], y[chosen]
        cell *= 1.3


def shares(one: Columns, radius: Floats, points: Support) -> Spread:
    """Share each report out over the support by its distance, in sigmas, and the weights."""
    reach = np.maximum(_WIDE * radius, 1.0)
    row, column, metres = near(one.x, one.y, reach, points.x, points.y, np.ones(len(points.x)))
    alone = np.setdiff1d(np.arange(len(one)), row)
    if len(alone):  # no point within reach: the nearest takes it
        nearest = [
            int(np.argmin(np.hypot(points.x - one.x[at], points.y - one.y[at]))) for at in alone
        ]
        row, column = np.concatenate((row, alone)), np.concatenate((column, nearest))
        metres = np.concatenate((metres, np.zeros(len(alone))))
        order = np.lexsort((column, row))
        row, column, metres = row[order], column[order], metres[order]
    kernel = np.exp(-0.5 * (metres / radius[row]) ** 2)
    weighed = kernel * points.weight[column]
    total = np.bincount(row, weighed, len(one))
    first = np.searchsorted(row, np.arange(len(one) + 1))
    share = weighed / np.maximum(total, 1e-300)[row]
    own = np.bincount(row, share**2 / points.weight[column], len(one)) / points.reports
    return Spread(first, row, column, share, total / (2 * np.pi * radius**2), own)


def weights(both: Columns, radius: Floats, x: Floats, y: Floats) -> Support:
    """Return the support of greatest likelihood: how much lies on each point, and where it lies.

    A point moves to the middle of what is shared out to it, the vaguer reports counting less.
    """
    size = len(x)
    weight = np.full(size, 1.0 / max(size, 1))
    if not size:
        return Support(x, y, weight, 1)
    reach = np.maximum((_WIDE + 1) * radius, 1.0)
    row, column, _ = near(both.x, both.y, reach, x, y, np.ones(size))
    exact = (1.0 / radius**2)[row]
    for done in range(_ROUNDS):
        square = (both.x[row] - x[column]) ** 2 + (both.y[row] - y[column]) ** 2
        weighed = np.exp(-0.5 * square * exact) * weight[column]
        share = weighed / np.maximum(np.bincount(row, weighed, len(both)), 1e-300)[row]
        weight = np.maximum(np.bincount(column, share, size) / len(both), 1e-9)
        if done < _STAY:
            continue
        pull = share * exact
        total = np.bincount(column, pull, size)
        held = total > 0
        x = np.where(
            held, np.bincount(column, pull * both.x[row], size) / np.maximum(total, 1e-300), x
        )
        y = np.where(
            held, np.bincount(column, pull * both.y[row], size) / np.maximum(total, 1e-300), y
        )
    some = weight > 1e-3 / len(both)
    return Support(x[some], y[some], weight[some] / weight[some].sum(), len(both))


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _overlaps(
    a: Ints,
    b: Ints,
    first_a: Ints,
    column_a: Ints,
    share_a: Floats,
    first_b: Ints,
    column_b: Ints,
    share_b: Floats,
    weight: Floats,
) -> tuple[Floats, Floats]:
    once, twice = np.zeros(len(a)), np.zeros(len(a))
    for at in range(len(a)):
        i, j = first_a[a[at]], first_b[b[at]]
        end_i, end_j = first_a[a[at] + 1], first_b[b[at] + 1]
        while i < end_i and j < end_j:
            if column_a[i] < column_b[j]:
                i += 1
            elif column_a[i] > column_b[j]:
                j += 1
            else:
                held = weight[column_a[i]]
                product = share_a[i] * share_b[j] / held
                once[at] += product
                twice[at] += product * (share_a[i] + share_b[j]) / held
                i += 1
                j += 1
    return once, twice


def place_ratio(
    a: Ints, b: Ints, of_a: Spread, of_b: Spread, points: Support, metres: Floats, square: Floats
) -> Floats:
    """Return how much likelier two places are for one event than for two.

    With s the support and w its weights: the sum of w p(a|s) p(b|s), over p(a) p(b). Both
    reports are left out of the weights, for they would vouch for themselves, and `_EVEN`
    reports are taken to lie anywhere. `metres` between the two; `square`: the variance of
    that on each axis, square metres.
    """
    once, twice = _overlaps(
        a, b, of_a.first, of_a.column, of_a.share, of_b.first, of_b.column, of_b.share,
        points.weight,
    )  # fmt: skip
    many = points.reports
    others = max(many - 2, 0)
    even = _EVEN / _area(points)
    density_a, density_b = of_a.density[a], of_b.density[b]
    both = density_a * density_b * np.maximum(once - twice / many, 0.0)
    alone_a = density_a * np.maximum(1 - of_a.own[a] - once / many, 0.0)
    alone_b = density_b * np.maximum(1 - of_b.own[b] - once / many, 0.0)
    apart = np.exp(-0.5 * metres**2 / square) / (2 * np.pi * square)
    together = (many * both + even * apart) * (others + _EVEN)
    found: Floats = together / ((many * alone_a + even) * (many * alone_b + even))
    return found


def _area(points: Support) -> float:
    """Return the area in which reports may lie, square metres: what they span, or a province."""
    return float(max(np.ptp(points.x), _PROVINCE_M) * max(np.ptp(points.y), _PROVINCE_M))


def hour_density(one: Columns, spread: Spread, size: int, tau_days: float) -> Floats:
    """Return, for each report, how dense the reports of its ledger are at its hour and place.

    Per day; NaN where the report has no time. `tau_days`: no width below it is tried.
    """
    density = np.full(len(one), np.nan)
    timed = np.flatnonzero(np.isfinite(one.day))
    if not len(timed):
        return density
    best = -np.inf
    for width in _WIDTHS_DAYS:
        if width < tau_days / 4 and width != _WIDTHS_DAYS[-1]:
            continue
        local, many, everywhere = _kernel(one, spread, timed, size, width)
        for shared in _SHARED:
            told = (local + shared * everywhere) / (many + shared)
            likelihood = float(np.sum(np.log(told)))
            if likelihood > best:
                best, density[timed] = likelihood, told
    return density


def _kernel(
    one: Columns, spread: Spread, timed: Ints, size: int, width: float
) -> tuple[Floats, Floats, Floats]:
    """Return, for the reports with a time: the sum of kernels near it, how many, the mean of all."""
    day = one.day[timed]
    step = max(width / 3, float(np.ptp(day)) / _MOST_BINS)
    slot = np.floor((day - day.min()) / step).astype(np.int64)
    slots = int(slot.max()) + 1
    smooth = _smoother(slots, width / step) / step
    number = np.full(len(one), -1)
    number[timed] = np.arange(len(timed))
    has = number[spread.row] >= 0
    row, column, share = number[spread.row[has]], spread.column[has], spread.share[has]
    table = np.bincount(column * slots + slot[row], share, size * slots).reshape(size, slots)
    table = _smoothed(table, smooth)
    own = share * smooth[0]
    local = np.bincount(row, share * (table[column, slot[row]] - own), len(timed))
    each = np.bincount(column, share, size)
    many = np.bincount(row, share * (each[column] - share), len(timed))
    total = _smoothed(np.bincount(slot, minlength=slots)[None, :].astype(float), smooth)[0]
    anywhere = 1.0 / max(float(np.ptp(day)), _MONTH_DAYS)
    return local, many, (total[slot] - smooth[0] + anywhere) / len(timed)


def _smoother(slots: int, sigma: float) -> Floats:
    kernel = np.exp(-0.5 * (np.arange(slots) / max(sigma, 1e-9)) ** 2)
    whole: Floats = kernel / (2 * kernel.sum() - kernel[0])
    return whole


def _smoothed(table: Floats, kernel: Floats) -> Floats:
    """Convolve each row with a symmetric kernel; nothing wraps round."""
    slots = table.shape[1]
    length = 2 * slots
    wide = np.zeros(length)
    wide[:slots] = kernel
    wide[-(slots - 1) :] = kernel[:0:-1] if slots > 1 else wide[-(slots - 1) :]
    spectrum = np.fft.rfft(wide)
    out: Floats = np.fft.irfft(np.fft.rfft(table, length, axis=1) * spectrum, length, axis=1)
    return np.maximum(out[:, :slots], 0.0)
