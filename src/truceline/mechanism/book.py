"""The Book: the state of the world at the end of the log, folded from admitted records.

The writer and each reader keep one. It is made of the words' own values, which are
frozen; `apply` replaces them one by one, so that a reader sees each of them whole. It
reads nothing: a commit that fails throws the Book away and folds it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from truceline.agreements import instrument as agreements
from truceline.agreements.instrument import Instrument
from truceline.airspace.exemptions import book as exemption_book
from truceline.airspace.exemptions.book import Flights
from truceline.clocks.ladder import Clocks
from truceline.mechanism.agenda import Agenda
from truceline.mechanism.hidden import Hidden
from truceline.parties.register import Register
from truceline.parties.visibility import Handed, RecordFacts
from truceline.records.admitted import Admitted
from truceline.records.keys import KeyId
from truceline.records.kinds import KINDS, Leaf
from truceline.records.record import Micros, Record
from truceline.zones import assignment, policing
from truceline.zones import history as zone_histories
from truceline.zones.history import ZoneHistory
from truceline.zones.policing import Post, Unpoliced
from truceline.zones.public_map import public_map
from truceline.zones.refusal import Contents

RECENT_IDS = 200_000
"""How many record ids are kept in memory when older ones can be asked for elsewhere."""


class Ids:
    """Which record ids are taken, and at which leaf.

    With `elsewhere` (the store's index) only the newest stay in memory; without it, all.
    """

    def __init__(self, elsewhere: Callable[[str], int | None] | None = None) -> None:
        self._elsewhere = elsewhere
        self._recent: dict[str, int] = {}

    def get(self, record_id: str) -> int | None:
        """Return the leaf of a record, or None."""
        found = self._recent.get(record_id)
        if found is None and self._elsewhere is not None:
            return self._elsewhere(record_id)
        return found

    def __contains__(self, record_id: str) -> bool:
        return self.get(record_id) is not None

    def add(self, record_id: str, index: int) -> None:
        """Remember a record's leaf."""
        self._recent[record_id] = index
        if self._elsewhere is not None and len(self._recent) > RECENT_IDS:
            del self._recent[next(iter(self._recent))]


class Book:
    """What the rules are given. `log` is the origin of the log that is folded.

    `known` answers for record ids that are no longer in memory; `contents` reads a zone's
    content by its SHA-256 (rules ask for it, the fold never does).
    """

    def __init__(
        self,
        log: str,
        *,
        known: Callable[[str], int | None] | None = None,
        contents: Contents | None = None,
    ) -> None:
        self.log = log
        self.size = 0
        self.contents = contents
        self.register = Register()
        self.instruments: dict[str, Instrument] = {}
        self.zones: dict[str, ZoneHistory] = {}
        self._zones_of: dict[str, tuple[str, ...]] = {}
        self.posts: dict[str, Post] = {}
        self.clocks = Clocks()
        self._agenda = Agenda(self.clocks)
        self.handed: dict[str, tuple[Handed, ...]] = {}
        self.seqs: dict[KeyId, int] = {}
        self.ids = Ids(known)
        self._disclosures: dict[str, tuple[str, int]] = {}
        self.hidden = Hidden()
        self.flights = Flights()
        self._holders: dict[str, str] = {}  # whose sealed parts: the bodies' own records alone

    # -- asking -----------------------------------------------------------------------

    def public_map(self, at: Micros) -> list[dict[str, Any]]:
        """Return the items of a snapshot's `zones`, over the whole log as folded."""
        return public_map(self.zones.values(), at)

    def unpoliced(self, at: Micros) -> tuple[Unpoliced, ...]:
        """Return the zones that nobody is known to police at a moment."""
        zones, posts = tuple(self.zones.values()), tuple(self.posts.values())
        return policing.unpoliced(zones, self.instruments, posts, at)

    def handed_by(self, disclosure: str) -> Handed | None:
        """Return what a disclosure record handed out, or None."""
        if disclosure not in self._disclosures:
            return None
        record_id, number = self._disclosures[disclosure]
        return self.handed[record_id][number]

    def facts(self, a: Admitted) -> RecordFacts:
        """Return what visibility needs to know of a record."""
        instrument = self.instrument_of(a.record)
        return RecordFacts(
            author_body=a.signer.body,
            author_officer=a.signer.officer,
            parties=instrument.parties if instrument is not None else frozenset(),
            secrecy=instrument.secrecy if instrument is not None else "public",
            received_at=a.received_at,
            concerned=self._concerned(a.record),
            disclosed_to=frozenset(self.handed.get(a.record.id, ())),
        )

    def _concerned(self, record: Record) -> frozenset[str]:
        """Return the bodies that a disclosure or its recall is about: whose part it is, and who has it."""
        match record.kind:
            case "disclosure.made/1":
                about, to = record.body["record"], record.body["to"]
            case "disclosure.recalled/1":
                about, _ = self._disclosures.get(record.body["disclosure"], ("", 0))
                handed = self.handed_by(record.body["disclosure"])
                to = handed.body if handed is not None else ""
            case kind if kind in exemption_book.KINDS:
                return self.flights.concerned(kind, record.body)
            case _:
                return frozenset()
        return frozenset((to, self._holders.get(about, ""))) - {""}

    def zones_under(self, instrument: str) -> tuple[ZoneHistory, ...]:
        """Return the zones that were proposed under an instrument, oldest first."""
        return tuple(self.zones[code] for code in self._zones_of.get(instrument, ()))

    def instrument_of(self, record: Record) -> Instrument | None:
        """Return the instrument that a record speaks of: by itself, its zone, post, clock or crossing."""
        body = record.body
        if record.kind == "instrument.published/1":
            return self.instruments.get(body["code"])
        if "instrument" in body:
            return self.instruments.get(body["instrument"])
        zone = self.zones.get(self._zone_in(body))
        if zone is None and "clock" in body:
            clock = self.clocks.clocks.get(body["clock"])
            return self.instruments.get(clock.subject) if clock is not None else None
        return None if zone is None else self.instruments.get(zone.instrument)

    def _zone_in(self, body: Mapping[str, Any]) -> str:
        """The code of the zone that a body speaks of, or ""."""
        if "zone" in body:
            return str(body["zone"])
        if "post" in body:
            post = self.posts.get(body["post"])
            return post.zone if post is not None else ""
        if "clock" in body:
            clock = self.clocks.clocks.get(body["clock"])
            return clock.subject if clock is not None else ""
        return self.hidden.zone_of(body["crossing"]) if "crossing" in body else ""

    def is_kept_among_parties(self, record: Record) -> bool:
        """Say whether a record speaks of an instrument that is not public: it is then sealed whole."""
        if record.kind == "instrument.published/1":
            return bool(record.body.get("secrecy", "public") != "public")
        instrument = self.instrument_of(record)
        return instrument is not None and instrument.secrecy != "public"

    # -- folding ----------------------------------------------------------------------

    def apply(self, a: Admitted) -> None:
        """Fold one admitted record. Leaves come in the order of the log; some may be left out."""
        step = _FOLDS.get(a.record.kind)
        if step is not None and (not a.sealed_leaf or self._rests(a.record)):
            step(self, a, a.record.body)
        if a.sealed_leaf:
            self.hidden.take(a)
        if a.record.sealed and a.signer.body:
            self._holders[a.record.id] = a.signer.body
        self.ids.add(a.record.id, a.index)
        self.seqs[a.signer.key] = a.record.seq
        self.size = a.index + 1

    def _rests(self, record: Record) -> bool:
        """Say whether what a sealed record speaks of is known here.

        It is not where the sealed parts of an earlier record were erased: what rests on them
        then falls with them.
        """
        kind = KINDS[record.kind]
        if kind.leaf is Leaf.SEALED or record.kind == "instrument.published/1":
            return True
        return self.instrument_of(record) is not None

    def _parties(self, a: Admitted, _: Mapping[str, Any]) -> None:
        self.register.apply(a)

    def _published(self, a: Admitted, body: Mapping[str, Any]) -> None:
        made = agreements.published(a, zone=self.register.time_zone)
        self.instruments[made.code] = made

    def _on_instrument(self, a: Admitted, body: Mapping[str, Any]) -> None:
        before = self.instruments[body["instrument"]]
        after = agreements.applied(before, a)
        self.instruments[before.code] = after
        self._agenda.on_instrument(after, self.zones_under(after.code), a)

    def _proposed(self, a: Admitted, body: Mapping[str, Any]) -> None:
        made = zone_histories.opened(a)
        self.zones[made.code] = made
        under = self._zones_of.get(made.instrument, ())
        self._zones_of[made.instrument] = (*under, made.code)
        self._agenda.on_proposal(made, a.received_at)

    def _on_zone(self, a: Admitted, body: Mapping[str, Any]) -> None:
        after = zone_histories.applied(self.zones[body["zone"]], a)
        self.zones[after.code] = after
        self._agenda.on_zone(after, self.instruments[after.instrument], a)

    def _assigned(self, a: Admitted, body: Mapping[str, Any]) -> None:
        self.posts[body["post"]] = assignment.assigned(a)

    def _on_post(self, a: Admitted, body: Mapping[str, Any]) -> None:
        self.posts[body["post"]] = assignment.applied(self.posts[body["post"]], a)

    def _on_flight(self, a: Admitted, _: Mapping[str, Any]) -> None:
        self.flights.apply(a)

    def _disclosed(self, a: Admitted, body: Mapping[str, Any]) -> None:
        """What was handed to whom; the leaf is sealed, and where its parts are erased, so is this."""
        made = Handed(body["part"], body["to"], a.received_at)
        before = self.handed.get(body["record"], ())
        self._disclosures[a.record.id] = (body["record"], len(before))
        self.handed[body["record"]] = (*before, made)

    def _recalled(self, a: Admitted, body: Mapping[str, Any]) -> None:
        if body["disclosure"] not in self._disclosures:
            return
        record_id, number = self._disclosures[body["disclosure"]]
        handed = list(self.handed[record_id])
        handed[number] = handed[number].recalled(a.received_at)
        self.handed[record_id] = tuple(handed)

    def _fired(self, a: Admitted, body: Mapping[str, Any]) -> None:
        self.clocks.note_fired(body["clock"], body["step"], a.received_at, a.index)
        self._agenda.on_fired(body["clock"], body["step"], self.instruments, a.received_at)


type _Fold = Callable[[Book, Admitted, Mapping[str, Any]], None]

_PARTY_KINDS = (
    "genesis/1",
    "body.admitted/1",
    "officer.appointed/1",
    "officer.ended/1",
    "key.enrolled/1",
    "key.replaced/1",
    "key.revoked/1",
    "pseudonym.enrolled/1",
)

_FOLDS: Mapping[str, _Fold] = {
    **dict.fromkeys(_PARTY_KINDS, Book._parties),
    **dict.fromkeys(agreements.KINDS, Book._on_instrument),
    **dict.fromkeys(zone_histories.KINDS, Book._on_zone),
    **dict.fromkeys(assignment.KINDS, Book._on_post),
    **dict.fromkeys(exemption_book.KINDS, Book._on_flight),
    "instrument.published/1": Book._published,
    "zone.proposed/1": Book._proposed,
    "post.assigned/1": Book._assigned,
    "clock.fired/1": Book._fired,
    "disclosure.made/1": Book._disclosed,
    "disclosure.recalled/1": Book._recalled,
}
