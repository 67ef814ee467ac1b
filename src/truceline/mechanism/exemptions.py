"""Crossings on the record beside announced flights: matched as they come, and after the fact.

Whichever comes later, the crossing or the notice, makes the match. A match is a record of
its own (`flight.matched/1`, sealed whole) that refers to both; the crossing stays as it
is, and an aircraft that nobody announced has no match: its purpose is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from truceline.airspace.exemptions.exemption import NEAR_WINDOW_US, ExemptFlight, Match, Sight, best
from truceline.geo.position import E7
from truceline.mechanism import crossing_list
from truceline.mechanism.book import Book
from truceline.mechanism.installation import Installation
from truceline.records.record import Micros
from truceline.store import log
from truceline.store.views.crossings import CrossingRow

MATCHED = "flight.matched/1"
_MOST = 10_000
_RECENT = 1_000

type State = Callable[[str, Mapping[str, Any], Mapping[str, Any], str, tuple[str, ...]], None]


class Exemptions:
    """Looks at what is new since it last looked. One thread at a time."""

    def __init__(self, installation: Installation, state: State) -> None:
        self._installation = installation
        self._state = state
        self._known: set[str] = set()
        self._size = 0

    def flights(self) -> tuple[ExemptFlight, ...]:
        """Return every announced flight as it stands."""
        with self._installation.reading_book() as book:
            return book.flights.flights()

    def look(self) -> int:
        """Match new crossings with every flight, and new flights with earlier crossings."""
        if self._installation.vault.locked:
            return 0
        with self._installation.reading_book() as book:
            size, flights = book.size, book.flights.flights()
            matched = dict(book.flights.matches)
        if size == self._size and {_version(one) for one in flights} == self._known:
            return 0
        new = [one for one in flights if _version(one) not in self._known]
        rows = {row.id: row for row in self._rows(new)} if new else {}
        rows |= {row.id: row for row in self._since(self._size)} if flights else {}
        self._size, self._known = size, {_version(one) for one in flights}
        return sum(self._match(row, flights, matched) for row in rows.values())

    def _rows(self, flights: Iterable[ExemptFlight]) -> Iterable[CrossingRow]:
        with self._installation.store.reading() as look, self._installation.reading_book() as book:
            for one in flights:
                yield from crossing_list.crossings(
                    look,
                    book,
                    since=Micros(max(0, one.from_at - NEAR_WINDOW_US)),
                    until=Micros(one.until + NEAR_WINDOW_US),
                    limit=_MOST,
                )

    def _since(self, size: int) -> Iterable[CrossingRow]:
        with self._installation.store.reading() as look, self._installation.reading_book() as book:
            rows = crossing_list.crossings(look, book, limit=_RECENT)
        return [row for row in rows if row.index >= size]

    def _match(
        self, row: CrossingRow, flights: Iterable[ExemptFlight], matched: Mapping[str, Any]
    ) -> int:
        sight = self._sight(row)
        with self._installation.reading_book() as book:
            flights = held_against(book, row.zone, flights)
        found = None if sight is None else best(flights, sight)
        if found is None:
            return 0
        body = _body(row, found)
        before = matched.get(row.id)
        if before is not None and {**before.body} == body:
            return 0
        self._state(MATCHED, body, {}, "", (row.id, found.flight.notice))
        return 1

    def _sight(self, row: CrossingRow) -> Sight | None:
        """Who crossed and where, from the crossing's sealed parts."""
        with self._installation.store.reading() as look:
            held = [p for one in log.read(look, row.index, 1) for p in self._vault(one.pae)]
        parts = {one.name: one.value for one in held}
        if not {"aircraft", "entry"} <= parts.keys() or not parts["entry"]:
            return None
        with self._installation.reading_book() as book:
            parties = parties_of(book, row.zone)
        entry, fixes = parts["entry"], parts.get("fixes") or [{}]
        baro = entry.get("alt_ft")
        return Sight(
            icao24=parts["aircraft"].get("icao24", ""),
            callsign=parts["aircraft"].get("callsign", ""),
            lat=entry["lat_e7"] / E7,
            lon=entry["lon_e7"] / E7,
            at=row.entered_at,
            feet={"STD": baro, "AMSL": baro, "WGS84": fixes[-1].get("geo_ft")},
            parties=parties,
        )

    def _vault(self, pae: bytes) -> tuple[Any, ...]:
        return self._installation.vault.get(pae)


def parties_of(book: Book, zone: str) -> frozenset[str]:
    """Return the bodies with a capacity in a zone's instrument."""
    history = book.zones.get(zone)
    instrument = book.instruments.get(history.instrument) if history is not None else None
    return frozenset() if instrument is None else instrument.parties


def held_against(
    book: Book, zone: str, flights: Iterable[ExemptFlight]
) -> tuple[ExemptFlight, ...]:
    """Return the flights that are held against what happens at a zone: all, if it is public.

    A zone that is kept among its parties is not made known by a match: there it is the
    flights that its parties announce to each other.
    """
    history = book.zones.get(zone)
    instrument = book.instruments.get(history.instrument) if history is not None else None
    if instrument is None or instrument.secrecy == "public":
        return tuple(flights)
    return tuple(one for one in flights if {*one.to, one.applicant} <= instrument.parties)


def _version(flight: ExemptFlight) -> str:
    """The state of a notice: when it changes, its crossings are looked at again."""
    said = (flight.against, flight.unasked, flight.accepted, flight.withdrawn_at)
    return f"{flight.notice} {said}"


def _body(row: CrossingRow, found: Match) -> dict[str, Any]:
    flight = found.flight
    return {
        "crossing": row.id,
        "notice": flight.notice,
        "purpose": str(found.purpose),
        "announced": "before" if flight.announced_at <= row.received_at else "after",
        "fits": list(found.fits),
        "misfits": [{"what": one.what, "said": one.said[:200]} for one in found.misfits],
    }
