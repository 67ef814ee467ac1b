"""From stays to crossings: small noise at a border is not a new crossing.

One `Episode` is one open crossing. It ends when the aircraft is clearly outside (by
twice the error of its position, or of its height) for three fixes or ten seconds;
back within sixty seconds it is the same crossing with one more excursion. A window
that closes ends it at once, and so does the end of a leg.

The same object is fed by the whole of a file or by a second of a live feed, and
gives the same crossings: it keeps sums, never the path.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from truceline.airspace.chart import Chart
from truceline.airspace.crossing import Cause, Crossing, FixRef, Spot
from truceline.airspace.fix import Floats, Names
from truceline.airspace.kernel import Search
from truceline.airspace.measure import Case, Depth, Span, clearly_outside, measured, places
from truceline.airspace.near import Near
from truceline.airspace.rules import SECOND_US, Rules
from truceline.airspace.stay import Edge
from truceline.airspace.track import Rows
from truceline.airspace.verdict import Doubt, Verdict, verdict_of

_BLOCK = 16


@dataclass(slots=True)
class Episode:
    """A crossing that is still being followed."""

    zone: int
    slot: int
    entry: Spot
    cause_in: Cause
    callsign: str
    depth: Depth
    doubt: Doubt
    exit: Spot | None = None  # None: inside at the last fix
    cause_out: Cause = Cause.LEFT
    outside_fixes: int = 0
    outside_since: int = 0
    has_left: bool = False
    excursions: int = 0
    last_spot: Spot | None = None

    @property
    def is_inside(self) -> bool:
        """Whether it was inside at the last fix."""
        return self.exit is None


@dataclass(frozen=True, slots=True)
class Passage:
    """One stay of one aircraft in one zone, in a batch."""

    zone: int
    slot: int
    span: Span
    edge_in: int
    edge_out: int
    known: tuple[Depth, Doubt] | None = None  # measured already
    near: Near | None = None  # not entered by the drawn path, but by others of the band


class Follower:
    """Turns passages into episodes and episodes into crossings, under one set of rules."""

    def __init__(
        self,
        search: Search,
        chart: Chart,
        rules: Rules,
        aircraft: Names,
        texts: tuple[Names, Names],
    ) -> None:
        self._chart, self._rules = chart, rules
        self._aircraft = aircraft
        self._callsigns, self._sources = texts
        self._search = search

    def _case(self, rows: Rows, zone: int) -> Case:
        return Case(self._chart, zone, rows, self._rules)

    def begin(self, rows: Rows, passage: Passage) -> Episode:
        """Open an episode with its first stay."""
        span = passage.span
        depth, doubt = passage.known or measured(self._case(rows, passage.zone), span)
        episode = Episode(
            zone=passage.zone,
            slot=passage.slot,
            entry=self.spot(rows, span.row_in, span.share_in),
            cause_in=_cause_in(rows, passage),
            callsign=self._callsign(rows, span.row_out),
            depth=depth,
            doubt=doubt,
        )
        self._end_of_stay(rows, passage, episode)
        return episode

    def go_on(self, rows: Rows, passage: Passage, episode: Episode) -> None:
        """Add a stay to an episode that goes on."""
        depth, doubt = passage.known or measured(self._case(rows, passage.zone), passage.span)
        episode.doubt = episode.doubt.with_more(doubt)
        if depth.metres > episode.depth.metres:
            episode.depth = depth
        episode.excursions += episode.has_left
        episode.callsign = episode.callsign or self._callsign(rows, passage.span.row_out)
        episode.exit, episode.has_left, episode.outside_fixes = None, False, 0
        self._end_of_stay(rows, passage, episode)

    def _end_of_stay(self, rows: Rows, passage: Passage, episode: Episode) -> None:
        span = passage.span
        spot = self.spot(rows, span.row_out, span.share_out)
        episode.last_spot = spot
        if passage.edge_out == Edge.OPEN:
            return
        episode.exit = spot
        episode.cause_out = (
            Cause.DEACTIVATED_OVER if passage.edge_out == Edge.WINDOW else Cause.LEFT
        )

    def watch_outside(self, rows: Rows, episode: Episode, first: int, last: int) -> None:
        """Look at the fixes of rows first..last (inclusive) after an exit, until it is certain."""
        if episode.has_left:
            return
        state = (episode.outside_fixes, episode.outside_since)
        found = self._search.leave(self._case(rows, episode.zone), (first, last), state)
        if found is not None:
            episode.outside_fixes, episode.outside_since, episode.has_left = found
            return
        row = np.arange(first, last + 1)
        row = row[rows.fix[row]]
        for start in range(0, len(row), _BLOCK):
            if episode.has_left:
                return
            self._watch_block(rows, episode, row[start : start + _BLOCK])

    def _watch_block(
        self, rows: Rows, episode: Episode, row: np.ndarray[tuple[int], np.dtype[np.int64]]
    ) -> None:
        at = places(rows, row - 1, np.ones(len(row)))
        clear = clearly_outside(self._case(rows, episode.zone), at, rows.sigma_m[row])
        for seen_at, outside in zip(rows.seen_at[row].tolist(), clear.tolist(), strict=True):
            if not outside:
                episode.outside_fixes = 0
                continue
            if episode.outside_fixes == 0:
                episode.outside_since = seen_at
            episode.outside_fixes += 1
            lasted = seen_at - episode.outside_since >= self._rules.exit_s * SECOND_US
            if episode.outside_fixes >= self._rules.exit_fixes or lasted:
                episode.has_left = True
                return

    def is_over(self, episode: Episode, now_us: int) -> bool:
        """Say whether nothing that comes at `now_us` or later can belong to the episode."""
        if episode.exit is None:
            return False
        if episode.cause_out is Cause.DEACTIVATED_OVER:
            return True
        late = now_us - episode.exit.at > self._rules.reopen_s * SECOND_US
        return episode.has_left and late

    def closed(self, episode: Episode) -> Crossing:
        """Return the crossing of an episode that is over, or whose leg has ended."""
        last = episode.exit or episode.last_spot
        if last is None:
            raise AssertionError("an episode has at least one stay")
        cause_out = episode.cause_out if episode.exit is not None else Cause.LOST_INSIDE
        return self.crossing(episode, last, cause_out)

    def crossing(self, episode: Episode, last: Spot, cause_out: Cause) -> Crossing:
        """Return an episode as a crossing that ends (or so far ends) at `last`."""
        cause_in = episode.cause_in
        if (cause_in, cause_out) == (Cause.ENTERED, Cause.LEFT) and episode.doubt.fixes == 0:
            cause_in = cause_out = Cause.CROSSED_BETWEEN_FIXES
        return Crossing(
            zone_id=self._chart.zone_ids[episode.zone],
            icao24=self._aircraft.texts[episode.slot],
            callsign=episode.callsign,
            entry=episode.entry,
            exit=last,
            cause_in=cause_in,
            cause_out=cause_out,
            max_depth_m=max(0.0, episode.depth.metres),
            verdict=verdict_of(episode.doubt),
            doubt=episode.doubt,
            excursions=episode.excursions,
        )

    def passed_by(self, rows: Rows, near: Near) -> Crossing:
        """Return what only some paths of the band do as a crossing of no depth."""
        span = near.span
        return Crossing(
            zone_id=self._chart.zone_ids[near.zone],
            icao24=self._aircraft.texts[near.slot],
            callsign=self._callsign(rows, span.row_in),
            entry=self.spot(rows, span.row_in, span.share_in),
            exit=self.spot(rows, span.row_out, span.share_out),
            cause_in=Cause.CROSSED_BETWEEN_FIXES,
            cause_out=Cause.CROSSED_BETWEEN_FIXES,
            max_depth_m=0.0,
            verdict=Verdict.POSSIBLE,
            doubt=near.doubt,
        )

    def spot(self, rows: Rows, row: int, share: float) -> Spot:
        """Return the place at a share of a segment, with the fixes on either side."""
        height = _known(_at(rows.height_ft[0], row, share))
        if height is None:
            height = _known(_at(rows.height_ft[2], row, share))
        return Spot(
            at=seen_at(rows, row, share),
            lat=_at(rows.lat, row, share),
            lon=_at(rows.lon, row, share),
            alt_ft=height,
            before=self._ref(rows, int(rows.bracket[row])),
            after=self._ref(rows, _next_fix(rows, row + 1)),
        )

    def _ref(self, rows: Rows, row: int) -> FixRef:
        number = int(rows.origin[row])
        fix = {name: column[number] for name, column in rows.table.items()}
        return FixRef(
            source=self._sources.texts[int(fix["source"])],
            sequence=int(fix["sequence"]),
            seen_at=int(fix["seen_at"]),
            lat=float(fix["lat"]),
            lon=float(fix["lon"]),
            baro_ft=_known(float(fix["baro_ft"])),
            geo_ft=_known(float(fix["geo_ft"])),
            sigma_m=float(fix["sigma_m"]),
        )

    def _callsign(self, rows: Rows, row: int) -> str:
        code = int(rows.table["callsign"][rows.origin[row]])
        return self._callsigns.texts[code] if code >= 0 else ""


def seen_at(rows: Rows, row: int, share: float) -> int:
    """Return the instant at a share of a segment."""
    begins = int(rows.seen_at[row])
    return begins + round((int(rows.seen_at[row + 1]) - begins) * share)


def _at(values: Floats, row: int, share: float) -> float:
    here, there = float(values[row]), float(values[row + 1])
    if share in (0.0, 1.0):
        return there if share else here
    return here + (there - here) * share


def _next_fix(rows: Rows, row: int) -> int:
    while rows.bracket[row] != row:
        row += 1
    return row


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _cause_in(rows: Rows, passage: Passage) -> Cause:
    if passage.edge_in == Edge.WINDOW:
        return Cause.ACTIVATED_UNDER
    if passage.edge_in == Edge.OPEN and rows.starts[passage.span.row_in]:
        return Cause.STARTED_INSIDE
    return Cause.ENTERED
