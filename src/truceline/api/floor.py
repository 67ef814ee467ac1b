"""What every route stands on: the installation, the Book caught up, who asks, and when.

A question is asked at a moment (`?at=`, else now) by somebody. `sees` is the one way
in which a route decides whether to show something: it asks `parties/visibility.py`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from sqlalchemy import Connection

from truceline.agreements.instrument import Instrument
from truceline.api.answers import instant
from truceline.api.limits import OPEN_BURST, OPEN_RATE, Seats, Taps, seats_here
from truceline.api.play import Play
from truceline.api.viewer import Asker, Doorkeeper
from truceline.mechanism.book import Book
from truceline.mechanism.installation import Installation
from truceline.mechanism.settings import Settings
from truceline.parties.visibility import RecordFacts, Viewer, may_see
from truceline.records.kinds import KINDS
from truceline.records.record import Micros
from truceline.store import log
from truceline.store.views.records import Shown
from truceline.zones.gazetteer import EMPTY, Gazetteer

MINUTE = 60_000_000
DAY_S = 86_400
_KEPT_ANSWERS = 256


class Floor:
    """One server's standing: shared by all requests, safe from several threads."""

    def __init__(
        self,
        installation: Installation,
        settings: Settings,
        *,
        host_asks: bool = False,
        host_key: str = "",
        gazetteer: Callable[[], Gazetteer] | None = None,
        play: Play | None = None,
    ) -> None:
        self.installation = installation
        self.settings = settings
        self.doorkeeper = Doorkeeper(installation, host_asks=host_asks, host_key=host_key)
        self.play = play
        self.taps = Taps()
        self.open_taps = Taps(
            OPEN_RATE,
            OPEN_BURST,
            says=f"more than {OPEN_BURST:.0f} submissions a minute without a token",
            remedy="Wait, or send with a token of purpose `submit`",
        )
        self.deposits = Taps(
            settings.deposit_day_bytes / DAY_S,
            settings.deposit_day_bytes,
            says=f"more than {settings.deposit_day_bytes} bytes of files in a day",
            remedy="Wait, or ask the installation for a higher `deposit_day_bytes`",
        )
        self.seats = Seats(seats_here())
        self.intake: Any = None  # api/fixes.py, set by the factory
        self.stream: Any = None  # api/events.py, set by the factory
        self.sightings: Any = None  # api/sightings.py, made at the first question
        self._newest: tuple[int, Micros] = (-1, Micros(0))
        self._read_gazetteer = gazetteer or (lambda: EMPTY)
        self._gazetteer: Gazetteer | None = None
        self._answers: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()

    def now(self) -> Micros:
        """The present moment; never before the newest record.

        A scenario's clock may stand still while records come in: what was received is past.
        """
        size = self.installation.catch_up()
        if size != self._newest[0]:
            with self.installation.store.reading() as look:
                last = log.last(look)
            self._newest = (size, last.received_at if last else Micros(0))
        return Micros(max(self.installation.clock.now(), self._newest[1]))

    @property
    def log_is_public(self) -> bool:
        """Say whether entries are for everyone; otherwise an account is needed."""
        return self.settings.log_open_to == "public"

    @property
    def gazetteer(self) -> Gazetteer:
        """The populated places and areas, read at the first question that needs them."""
        with self._lock:
            if self._gazetteer is None:
                self._gazetteer = self._read_gazetteer()
            return self._gazetteer

    def kept[T](self, key: Any, make: Callable[[], T]) -> T:
        """Return an answer that was made for this key, or make it. Keys carry the log's size."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                found: T = self._answers[key]
                return found
        made = make()
        with self._lock:
            self._answers[key] = made
            while len(self._answers) > _KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return made


@dataclass(frozen=True, slots=True)
class Question:
    """One request: who asks, of which moment."""

    floor: Floor
    asker: Asker
    at: Micros
    now: Micros

    @property
    def viewer(self) -> Viewer:
        """Who asks."""
        return self.asker.viewer

    @property
    def reads_log(self) -> bool:
        """Say whether the asker can read the clear side of every leaf in the log itself."""
        return self.viewer.signed_in or self.floor.log_is_public

    @property
    def is_now(self) -> bool:
        """Say whether the present moment is meant."""
        return self.at == self.now

    @property
    def size(self) -> int:
        """The size of the log that the answer is made from."""
        return self.floor.installation.catch_up()

    @contextmanager
    def book(self) -> Iterator[Book]:
        """The Book, caught up and standing still; take the values out and let go of it."""
        self.floor.installation.catch_up()
        with self.floor.installation.reading_book() as book:
            yield book

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """The views, as of one moment of the store."""
        with self.floor.installation.store.reading() as connection:
            yield connection

    def kept[T](self, name: Any, make: Callable[[], T]) -> T:
        """Keep an answer for this audience, this size of the log and this minute."""
        when = (self.now // MINUTE, "now") if self.is_now else (self.at, "at")
        return self.floor.kept((name, self.viewer, self.size, when), make)

    def sees(self, kind: str, facts: RecordFacts, part: str = "") -> bool:
        """Say whether the asker may see a part of a record ("" is its clear body)."""
        row = KINDS.get(kind)
        return row is not None and may_see(self.viewer, row, part, record=facts, at=self.now)


async def question(
    request: Request,
    at: Annotated[
        str | None,
        Query(
            description="Moment in question: ISO 8601 with an offset, or microseconds since 1970",
            examples=["2017-07-09T12:00:00Z"],
        ),
    ] = None,
) -> Question:
    """Return the question that a request asks.

    Asynchronous although it waits for nothing: a thread for it would cost more than it does.
    """
    floor: Floor = request.app.state.floor
    now = floor.now()
    asker = floor.doorkeeper.who(request, now)
    return Question(floor, asker, now if at is None else Micros(instant(at, where="at")), now)


Asked = Annotated[Question, Depends(question)]


def facts_of(one: Shown, book: Book) -> RecordFacts:
    """Return what visibility needs to know of a record in the views."""
    return book.facts(one.admitted(book.log))


def under(instrument: Instrument | None, *, by: str, at: Micros) -> RecordFacts:
    """Return the facts of a record that a body stated under an instrument."""
    if instrument is None:
        return RecordFacts(author_body=by, received_at=at)
    return RecordFacts(
        author_body=by, parties=instrument.parties, secrecy=instrument.secrecy, received_at=at
    )
