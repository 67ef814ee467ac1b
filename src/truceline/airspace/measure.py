"""How deep inside, and how surely: distances from a border put together for a whole zone.

A stay is looked at along its path at least every 50 m where that takes no more than
512 looks a segment; the deepest place is then narrowed down. Distances add up over
the volumes of a zone as the volumes do: union the greater, intersection the lesser,
subtraction the lesser of one and the other's outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from truceline.airspace.chart import Chart
from truceline.airspace.fix import Flags, Floats, Ints
from truceline.airspace.metres import border_distance_m
from truceline.airspace.rules import Rules
from truceline.airspace.track import Rows, steps_m
from truceline.airspace.verdict import Doubt, phi
from truceline.airspace.vertical import Column, sigmas_ft

LOOK_M = 50.0
MOST_LOOKS = 512
_ZOOMS = 3


@dataclass(frozen=True, slots=True)
class Case:
    """One zone, and a path to be judged against it."""

    chart: Chart
    zone: int
    rows: Rows
    rules: Rules


@dataclass(frozen=True, slots=True)
class Span:
    """Part of a path: from a share of one segment to a share of another."""

    row_in: int
    share_in: float
    row_out: int
    share_out: float


@dataclass(frozen=True, slots=True)
class Places:
    """Places on the path: where, when, how high, and the segment each is on."""

    row: Ints
    share: Floats
    lon: Floats
    lat: Floats
    seen_at: Floats
    height_ft: Floats
    band_m: Floats
    band_ft: Floats


@dataclass(frozen=True, slots=True)
class Depth:
    """The deepest place of a stay."""

    metres: float
    lon: float
    lat: float


def measured(case: Case, span: Span) -> tuple[Depth, Doubt]:
    """Return how deep a stay went and how sure it is."""
    at, step = looks(case.rows, span)
    inside = signed_m(case.chart, case.zone, at)
    reach = _lengths(case.rows, at.row) * step / 2
    best = int(np.argmax(inside))
    depth = Depth(float(inside[best]), float(at.lon[best]), float(at.lat[best]))
    near = np.flatnonzero((inside + reach > depth.metres) & (reach > 0.5))
    if len(near):
        depth = _narrowed(case, span, depth, (at.row[near], at.share[near], step[near]))
    return depth, _doubt(case, span, at, inside)


def looks(rows: Rows, span: Span) -> tuple[Places, Floats]:
    """Return the places to look at, and for each the share between two looks there."""
    row = np.arange(span.row_in, span.row_out + 1)
    start, end = np.zeros(len(row)), np.ones(len(row))
    start[0], end[-1] = span.share_in, span.share_out
    length = _lengths(rows, row) * (end - start)
    count = np.clip(np.ceil(length / LOOK_M), 1, MOST_LOOKS).astype(np.int64)
    number = np.repeat(np.arange(len(row)), count + 1)
    first = np.concatenate(([0], np.cumsum(count + 1)[:-1]))
    within = (np.arange(len(number)) - first[number]) / count[number]
    share = np.where(within == 1.0, end[number], start[number] + (end - start)[number] * within)
    return places(rows, row[number], share), ((end - start) / count)[number]


def _lengths(rows: Rows, row: Ints) -> Floats:
    pair = {"lon": rows.lon[row], "lat": rows.lat[row]}
    after = {"lon": rows.lon[row + 1], "lat": rows.lat[row + 1]}
    return steps_m(pair, after)


def places(rows: Rows, row: Ints, share: Floats) -> Places:
    """Return the places at these shares of these segments."""

    def between(values: Floats) -> Floats:
        here = values[..., row]
        there = values[..., row + 1]
        path = np.where(share == 1.0, there, here + (there - here) * share)
        return np.asarray(np.where(share == 0.0, here, path), dtype=np.float64)

    begins = rows.seen_at[row]
    return Places(
        row=row,
        share=share,
        lon=between(rows.lon),
        lat=between(rows.lat),
        seen_at=begins + (rows.seen_at[row + 1] - begins) * share,
        height_ft=between(rows.height_ft),
        band_m=between(rows.band_m),
        band_ft=between(rows.band_ft),
    )


def signed_m(chart: Chart, zone: int, at: Places) -> Floats:
    """Return the distance to the zone's border on the ground, negative outside, in metres."""
    found = np.full(len(at.lon), -np.inf)
    for volume in range(int(chart.zone_first[zone]), int(chart.zone_first[zone + 1])):
        active = _active(chart, volume, at)
        far = signed_to(chart, volume, at.lon, at.lat)
        match int(chart.operation[volume]):
            case 0:
                found = np.where(active, np.maximum(found, far), found)
            case 1:
                found = np.minimum(found, np.where(active, far, -np.inf))
            case _:
                found = np.where(active, np.minimum(found, -far), found)
    return found


def signed_to(chart: Chart, volume: int, lon: Floats, lat: Floats) -> Floats:
    """Return the distance to the border of one volume on the ground, negative outside, in metres."""
    apart = border_distance_m(chart.edges_of(volume), lon, lat)
    return np.where(shapely.intersects_xy(chart.areas[volume], lon, lat), apart, -apart)


def _active(chart: Chart, volume: int, at: Places) -> Flags:
    low, high = margins_ft(chart, volume, at.height_ft)
    opens, closes = int(chart.opens_at[volume]), int(chart.closes_at[volume])
    # A height that was interpolated to the limit may fall short of it by a rounding.
    held = ~(low < -1e-6) & ~(high < -1e-6)
    return np.asarray(held & (at.seen_at >= opens - 1) & (at.seen_at <= closes + 1), dtype=np.bool_)


def margins_ft(chart: Chart, volume: int, height_ft: Floats) -> tuple[Floats, Floats]:
    """Return the feet above the floor and below the ceiling; infinite without one, NaN unknown."""
    count = height_ft.shape[1]
    return (
        _margin(int(chart.lower_column[volume]), float(chart.lower_ft[volume]), height_ft, count),
        -_margin(int(chart.upper_column[volume]), float(chart.upper_ft[volume]), height_ft, count)
        if chart.upper_column[volume] != Column.NONE
        else np.full(count, np.inf),
    )


def _margin(column: int, limit_ft: float, height_ft: Floats, count: int) -> Floats:
    if column == Column.NONE:
        return np.full(count, np.inf)
    if column == Column.UNTESTABLE:
        return np.full(count, np.nan)
    return np.asarray(height_ft[column] - limit_ft, dtype=np.float64)


def _narrowed(case: Case, span: Span, depth: Depth, around: tuple[Ints, Floats, Floats]) -> Depth:
    """Look closer around every look that may have a deeper place beside it."""
    row, middle, half = around
    low = np.where(row == span.row_in, span.share_in, 0.0)
    high = np.where(row == span.row_out, span.share_out, 1.0)
    for _ in range(_ZOOMS):
        tried = middle[:, None] + half[:, None] * np.linspace(-1, 1, 9)
        tried = np.clip(tried, low[:, None], high[:, None])
        spots = places(case.rows, np.repeat(row, 9), tried.ravel())
        found = signed_m(case.chart, case.zone, spots).reshape(-1, 9)
        middle, half = tried[np.arange(len(row)), found.argmax(axis=1)], half / 4
        top = int(np.argmax(found))
        if found.flat[top] > depth.metres:
            depth = Depth(float(found.flat[top]), float(spots.lon[top]), float(spots.lat[top]))
    return depth


def _doubt(case: Case, span: Span, at: Places, inside: Floats) -> Doubt:
    rows, ended = case.rows, at.share == 1.0
    evident = (ended & rows.fix[at.row + 1]) | rows.certain[at.row]
    noise = np.maximum(rows.sigma_m[at.row], rows.sigma_m[at.row + 1])
    noise = np.where(ended, rows.sigma_m[at.row + 1], noise)
    across = phi(inside / np.hypot(noise, case.rules.band_spread * at.band_m))
    least, upright, known = upright_of(case, at)
    chance = across * upright
    sure = phi((inside - at.band_m) / noise) * least
    # Without a band nothing says what every path does over a long gap (--planar).
    counts = known & rows.trusted[at.row] & rows.trusted[at.row + 1] & (evident | (at.band_m > 0))
    top = int(np.argmax(chance))
    firm = float(np.max(sure, where=counts, initial=0.0))
    return Doubt(
        firm=firm,
        capped=float(np.max(chance, where=evident, initial=0.0)) if firm < 1.0 else 0.0,
        loose=float(np.max(chance, where=~evident, initial=0.0)) if firm < 1.0 else 0.0,
        across=float(across[top]),
        upright=float(upright[top]),
        fixes=_fixes_inside(rows, span),
        lasted_us=_lasted_us(rows, span),
        known=bool(known.any()),
    )


def _fixes_inside(rows: Rows, span: Span) -> int:
    last = span.row_out + (1 if span.share_out == 1.0 else 0)
    return int(np.count_nonzero(rows.fix[span.row_in + 1 : last + 1]))


def _lasted_us(rows: Rows, span: Span) -> int:
    first, last = int(rows.seen_at[span.row_in]), int(rows.seen_at[span.row_out])
    begins = round((int(rows.seen_at[span.row_in + 1]) - first) * span.share_in)
    ends = round((int(rows.seen_at[span.row_out + 1]) - last) * span.share_out)
    return last - first + ends - begins


def upright_of(case: Case, at: Places) -> tuple[Floats, Floats, Flags]:
    """Return P(between the limits), at least and as estimated, and whether the height is known.

    For several volumes it is the best of those that are added; the floor and the
    ceiling are put together so that the result is never too high (Fréchet).
    """
    chart, zone = case.chart, case.zone
    least, best = np.zeros(len(at.lon)), np.zeros(len(at.lon))
    known = np.zeros(len(at.lon), dtype=np.bool_)
    for volume in range(int(chart.zone_first[zone]), int(chart.zone_first[zone + 1])):
        if chart.operation[volume] == 2:
            continue
        low, high = margins_ft(chart, volume, at.height_ft)
        sure = ~(np.isnan(low) | np.isnan(high))
        floor = share_of(chart.lower_column[volume], low, at, case.rules)
        top = share_of(chart.upper_column[volume], high, at, case.rules)
        held, chance = floor[0] + top[0] - 1, floor[1] + top[1] - 1
        better = (chance > best) | (sure & ~known & (chance >= best))
        best, known = np.where(better, chance, best), np.where(better, sure, known)
        least = np.maximum(least, np.where(sure, held, 0.0))
    return least, best, known


def share_of(column: int, margin_ft: Floats, at: Places, rules: Rules) -> tuple[Floats, Floats]:
    """Return P(inside one limit), at least and as estimated; 1 where it cannot be tested."""
    if column in (Column.NONE, Column.UNTESTABLE):
        return np.ones(len(margin_ft)), np.ones(len(margin_ft))
    plain, slope = sigmas_ft(rules.qnh_hpa)
    sigma = np.hypot(plain[column], slope[column] * at.height_ft[column])
    unknown = np.isnan(margin_ft)
    least = phi((margin_ft - at.band_ft) / sigma)
    chance = phi(margin_ft / np.hypot(sigma, rules.band_spread * at.band_ft))
    return np.where(unknown, 1.0, least), np.where(unknown, 1.0, chance)


def clearly_outside(case: Case, at: Places, sigma_m: Floats) -> Flags:
    """Say for each place whether it is outside by more than doubt allows, or the window is shut."""
    chart, zone, rules = case.chart, case.zone, case.rules
    near = np.zeros(len(at.lon), dtype=np.bool_)
    reach = np.maximum(2 * sigma_m, rules.exit_m)
    for volume in range(int(chart.zone_first[zone]), int(chart.zone_first[zone + 1])):
        far = signed_to(chart, volume, at.lon, at.lat)
        subtract = chart.operation[volume] == 2
        grow = -1.0 if subtract else 1.0
        holds = (far > -grow * reach) & _within(chart, volume, at, rules, grow)
        match int(chart.operation[volume]):
            case 0:
                near |= holds
            case 1:
                near &= holds
            case _:
                near &= ~holds
    return ~near


def _within(chart: Chart, volume: int, at: Places, rules: Rules, grow: float) -> Flags:
    """Say whether the height lies between the limits moved out (or in) by twice its error."""
    low, high = margins_ft(chart, volume, at.height_ft)
    plain, slope = sigmas_ft(rules.qnh_hpa)
    inside = np.ones(len(at.lon), dtype=np.bool_)
    for column, margin in ((chart.lower_column[volume], low), (chart.upper_column[volume], high)):
        if Column.STD <= column <= Column.WGS84:
            sigma = np.hypot(plain[column], slope[column] * at.height_ft[column])
            reach = np.maximum(2 * sigma, rules.exit_ft)
            inside &= ~(margin < -grow * reach)
    opens, closes = chart.opens_at[volume], chart.closes_at[volume]
    inside &= (at.seen_at >= opens) & (at.seen_at < closes)
    return inside
