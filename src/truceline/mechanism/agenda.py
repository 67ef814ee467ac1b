"""The agenda: which clocks follow from agreements and zones, kept as records are folded.

Clocks for the deadlines and term of an instrument, for positions asked for, and for the
end of a zone in force. A clock whose end moves gets another name, so that its ladder
runs anew and no step is taken for one that fired before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from truceline.agreements import in_force
from truceline.agreements.instrument import Instrument
from truceline.clocks.deadline import DAY
from truceline.clocks.ladder import Clock, Clocks
from truceline.records.admitted import Admitted
from truceline.records.record import Micros
from truceline.zones.adoption import end_of
from truceline.zones.history import ZoneHistory

POSITIONS_DUE = 7 * DAY
"""Positions are asked for within a week of a proposal (DOMAIN 8.1, our default)."""

ZONE_TERM = "zone_term"


class Agenda:
    """Starts and stops clocks as the records say."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks

    def on_instrument(
        self, instrument: Instrument, zones: Iterable[ZoneHistory], a: Admitted
    ) -> None:
        """Follow a record on an instrument; `zones` are those proposed under it."""
        match a.record.kind:
            case "instrument.entered/1":
                for code in instrument.deadlines:
                    name = _deadline_name(instrument, code)
                    self._start_deadline(instrument, code, a.received_at, name)
                self._start_term(instrument, a.received_at)
            case "instrument.extended/1" | "instrument.terminated/1":
                self._start_term(instrument, a.received_at)
                for zone in zones:
                    self._start_zone(zone, instrument, a.received_at)
            case "deadline.met/1" | "deadline.moved/1" | "deadline.waived/1":
                self._on_deadline(instrument, a.record.body["deadline"], a)

    def on_proposal(self, zone: ZoneHistory, at: Micros) -> None:
        """Ask for positions within the week."""
        self._clocks.start(
            Clock(
                id=f"positions/{zone.code}",
                ladder="positions",
                due_at=Micros(at + POSITIONS_DUE),
                started_at=at,
                what=zone.name,
                subject=zone.code,
            )
        )

    def on_zone(self, zone: ZoneHistory, instrument: Instrument, a: Admitted) -> None:
        """Follow a record on a zone."""
        if a.record.kind == "zone.adopted/1":
            self._clocks.stop(f"positions/{zone.code}", a.received_at, "adopted")
            self._start_zone(zone, instrument, a.received_at)
        elif a.record.kind == "zone.expired/1":
            self._stop_zone(zone, a.received_at, "expired")

    def on_fired(
        self, clock_id: str, step: int, instruments: Mapping[str, Instrument], at: Micros
    ) -> None:
        """After its last step a clock has run out; a deadline's stays open until someone acts."""
        clock = self._clocks.clocks[clock_id]
        if clock.ladder == "deadline" or step < len(clock.steps) - 1:
            return
        self._clocks.stop(clock_id, at, "ran out")
        if clock.ladder == "term":
            self._start_term(instruments[clock.subject], at)

    # -- deadlines ----------------------------------------------------------------------

    def _start_deadline(self, instrument: Instrument, code: str, at: Micros, name: str) -> None:
        deadline = instrument.deadlines[code]
        due_at = deadline.due_at(at)
        if due_at is not None:
            self._clocks.start(
                Clock(
                    id=name,
                    ladder="deadline",
                    due_at=due_at,
                    started_at=at,
                    owner=deadline.owner,
                    what=deadline.what,
                    subject=instrument.code,
                )
            )

    def _on_deadline(self, instrument: Instrument, code: str, a: Admitted) -> None:
        last = instrument.deadlines[code].acts.last
        if last is None or not last.stands:
            return  # it waits for a second officer
        name = _deadline_name(instrument, code)
        for one in self._clocks.of(instrument.code):
            if one.id == name or one.id.startswith(f"{name}/"):
                self._clocks.stop(one.id, a.received_at, a.record.kind)
        if a.record.kind == "deadline.moved/1":
            self._start_deadline(instrument, code, a.received_at, f"{name}/{a.index}")

    # -- terms --------------------------------------------------------------------------

    def _start_term(self, instrument: Instrument, at: Micros) -> None:
        """Let the clock of the term run to its present end; with automatic renewal, to the next."""
        ends = (in_force.until_at(instrument, at), in_force.final_until(instrument, at))
        due_at = min((one for one in ends if one is not None), default=None)
        running = [one for one in self._clocks.of(instrument.code) if one.ladder == "term"]
        if any(one.due_at == due_at for one in running):
            return
        for one in running:
            self._clocks.stop(one.id, at, "another end")
        name = f"term/{instrument.code}/{due_at}"
        if due_at is not None and name not in self._clocks.clocks:
            self._clocks.start(
                Clock(
                    id=name,
                    ladder="term",
                    due_at=due_at,
                    started_at=at,
                    what=instrument.title,
                    subject=instrument.code,
                )
            )

    def _start_zone(self, zone: ZoneHistory, instrument: Instrument, at: Micros) -> None:
        """Let the clock of the latest adoption run to its end, or to a signatory's leaving."""
        last = zone.adoptions.last
        if last is None or last.expired_at is not None:
            return
        due_at = end_of(last, instrument)
        name = f"zone/{zone.code}/{last.index}/{due_at}"
        if name in self._clocks.clocks:
            return
        self._stop_zone(zone, at, "another end")
        if due_at is not None:
            self._clocks.start(
                Clock(
                    id=name,
                    ladder=ZONE_TERM,
                    due_at=due_at,
                    started_at=at,
                    what=zone.name,
                    subject=zone.code,
                )
            )

    def _stop_zone(self, zone: ZoneHistory, at: Micros, why: str) -> None:
        for one in self._clocks.of(zone.code):
            if one.ladder == ZONE_TERM:
                self._clocks.stop(one.id, at, why)


def _deadline_name(instrument: Instrument, code: str) -> str:
    return f"deadline/{instrument.code}/{code}"
