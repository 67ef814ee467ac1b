"""Zones that only some paths of the band of doubt enter.

Between two fixes far apart the drawn path may pass a zone by, and the aircraft may
have been inside all the same. Such a crossing is possible and no more: it is told
with its probability, never put on record, and forgotten if a crossing of the same
zone by the same aircraft is seen right before or after.

P is the greatest, over the places of the drawn path, of P(inside) with the band as
part of the error; volumes of a zone are put together as if they were independent.
That some path enters anywhere is a little likelier than that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from truceline.airspace.chart import Chart
from truceline.airspace.fix import Flags, Floats, Ints
from truceline.airspace.kernel import Search
from truceline.airspace.measure import Case, Places, Span, margins_ft, places, share_of
from truceline.airspace.metres import metres_per_degree
from truceline.airspace.rules import Rules
from truceline.airspace.stay import Stays
from truceline.airspace.track import Rows
from truceline.airspace.verdict import Doubt, phi

_FAR = 1.65
"""Beyond so many standard deviations P is under a twentieth, the least that is told."""

_BITS = 24


@dataclass(frozen=True, slots=True)
class Near:
    """A zone that paths of the band enter over one gap, and how likely that is."""

    zone: int
    slot: int
    span: Span
    doubt: Doubt


class Surroundings:
    """Finds near misses; keeps the tree of a chart's shapes as long as the chart is the same."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._chart: Chart | None = None
        self._tree = shapely.STRtree([])

    def near(self, chart: Chart, rows: Rows, found: Stays, rules: Rules) -> list[Near]:
        """Return the near misses of these rows, in order of aircraft and time."""
        wide = np.flatnonzero(rows.joins[:-1] & (rows.band_m[:-1] + rows.band_m[1:] > 0))
        if not len(wide) or not len(chart.areas):
            return []
        if self._chart is not chart:
            self._chart, self._tree = chart, shapely.STRtree(list(chart.areas))
        gap, zone = self._candidates(rows, wide, chart, rules)
        fresh = ~np.isin(_key(gap, zone), _entered(rows, found))
        gap, zone = gap[fresh], zone[fresh]
        made = []
        fixes = np.flatnonzero(rows.bracket == np.arange(len(rows)))
        until = fixes[np.searchsorted(fixes, gap) + 1]
        for one in np.unique(zone).tolist():
            here = zone == one
            made += _judged(Case(chart, one, rows, rules), (gap[here], until[here]), self._search)
        return sorted(made, key=lambda one: (one.span.row_in, one.zone))

    def _candidates(self, rows: Rows, wide: Ints, chart: Chart, rules: Rules) -> tuple[Ints, Ints]:
        """Return (row of the fix before the gap, zone) wherever P could be large enough."""
        gap = rows.bracket[wide]
        fresh = np.append(True, (gap[1:] != gap[:-1]) | (np.diff(wide) > 1))
        first = np.flatnonzero(fresh)
        chain = np.cumsum(fresh) - 1
        last = np.append(first[1:], len(wide)) - 1
        row = np.concatenate((wide, wide[last] + 1))
        number = np.concatenate((chain, np.arange(len(first))))
        order = np.lexsort((row, number))
        row, number = row[order], number[order]
        lines = shapely.linestrings(rows.lon[row], rows.lat[row], indices=number)
        line, volume = self._tree.query(lines, "dwithin", _reach(rows, wide, first, rules))
        key = np.unique(_key(gap[first[line]], chart.zone_of[volume]))
        return key >> _BITS, key & ((1 << _BITS) - 1)


def _reach(rows: Rows, wide: Ints, first: Ints, rules: Rules) -> Floats:
    """Return how far from each chain of segments a zone may be, in degrees."""
    band = np.maximum(rows.band_m[wide], rows.band_m[wide + 1]) * rules.band_spread
    noise = np.maximum(rows.sigma_m[wide], rows.sigma_m[wide + 1])
    far = np.maximum(np.abs(rows.lat[wide]), np.abs(rows.lat[wide + 1]))
    reach = _FAR * np.hypot(band, noise) / np.minimum(*metres_per_degree(far))
    return np.asarray(np.maximum.reduceat(reach, first), dtype=np.float64)


def _key(gap: Ints, zone: Ints) -> Ints:
    return np.asarray((gap << _BITS) | zone, dtype=np.int64)


def _entered(rows: Rows, found: Stays) -> Ints:
    """Return the keys of (row of the fix before the gap, zone) that the drawn path itself enters."""
    count = found.row_out - found.row_in + 1
    stay = np.repeat(np.arange(len(found)), count)
    row = found.row_in[stay] + np.arange(len(stay)) - np.repeat(np.cumsum(count) - count, count)
    return np.unique(_key(rows.bracket[row], found.volume[stay]))


def _judged(case: Case, gaps: tuple[Ints, Ints], search: Search) -> list[Near]:
    """Judge one zone over all the gaps (rows of the fixes on either side) that come near it."""
    rows, rules, zone = case.rows, case.rules, case.zone
    gap, until = gaps
    count = 2 * (until - gap)
    first = np.cumsum(count) - count
    within = np.arange(int(count.sum())) - np.repeat(first, count)
    at = places(rows, np.repeat(gap, count) + within // 2, within % 2 / 2)
    across, upright, touched, known = _chance(case, at, search)
    chance = across * upright
    best = np.maximum.reduceat(chance, first)
    made = []
    for number in np.flatnonzero(best >= rules.least_chance).tolist():
        part = slice(int(first[number]), int(first[number] + count[number]))
        reached = np.flatnonzero(touched[part]) + part.start
        if len(reached):
            top = int(np.argmax(chance[part])) + part.start
            span = _span(at, int(reached[0]), int(reached[-1]))
            lasted = round(float(at.seen_at[reached[-1]] - at.seen_at[reached[0]]))
            short = bool(rows.certain[gap[number]])
            doubt = Doubt(
                capped=float(chance[top]) if short else 0.0,
                loose=0.0 if short else float(chance[top]),
                across=float(across[top]),
                upright=float(upright[top]),
                lasted_us=lasted,
                known=bool(known[top]),
            )
            made.append(Near(zone, int(rows.slot[gap[number]]), span, doubt))
    return made


def _span(at: Places, begin: int, end: int) -> Span:
    return Span(int(at.row[begin]), float(at.share[begin]), int(at.row[end]), float(at.share[end]))


def _chance(case: Case, at: Places, search: Search) -> tuple[Floats, Floats, Flags, Flags]:
    """Return both factors of P at each place, whether the band touches the zone there, and whether the height is known."""
    chart, rows, rules = case.chart, case.rows, case.rules
    noise = np.maximum(rows.sigma_m[at.row], rows.sigma_m[at.row + 1])
    spread = np.hypot(noise, rules.band_spread * at.band_m)
    across, upright = np.zeros(len(at.lon)), np.zeros(len(at.lon))
    touched, known = np.zeros((2, len(at.lon)), dtype=np.bool_)
    for volume in _volumes(chart, case.zone):
        far = search.signed_m(chart, volume, at.lon, at.lat)
        low, high = margins_ft(chart, volume, at.height_ft)
        known |= ~(np.isnan(low) | np.isnan(high))
        opens, closes = chart.opens_at[volume], chart.closes_at[volume]
        open_now = (at.seen_at >= opens) & (at.seen_at < closes)
        aside = np.where(open_now, phi(far / spread), 0.0)
        floor = share_of(chart.lower_column[volume], low, at, rules)[1]
        tall = np.maximum(floor + share_of(chart.upper_column[volume], high, at, rules)[1] - 1, 0.0)
        within = open_now & (far >= -at.band_m) & ~(low < -at.band_ft) & ~(high < -at.band_ft)
        match int(chart.operation[volume]):
            case 0:
                better = aside * tall > across * upright
                across, upright = np.where(better, aside, across), np.where(better, tall, upright)
                touched |= within
            case 1:
                across, upright, touched = across * aside, upright * tall, touched & within
            case _:
                across = across * (1 - aside * tall)
    return across, upright, touched, known


def _volumes(chart: Chart, zone: int) -> Iterator[int]:
    yield from range(int(chart.zone_first[zone]), int(chart.zone_first[zone + 1]))
