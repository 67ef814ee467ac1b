"""Predictions and their outcomes, those of the views and those that are sealed, in one list.

A prediction of a zone that is kept among its parties has no row in the views: it is in the
Book alone (`hidden.py`). Who may see which is the asker's affair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from truceline.mechanism.book import Book
from truceline.mechanism.hidden import PREDICTED, PREDICTION
from truceline.records.admitted import Admitted
from truceline.records.record import Micros
from truceline.store.views import records
from truceline.store.views.records import Shown

_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """A prediction or an outcome: where it stands, and what it says in clear."""

    id: str
    index: int
    kind: str
    received_at: Micros
    body: Mapping[str, Any]
    sealed: bool = False


def predictions(look: Connection, book: Book) -> list[Row]:
    """Return every prediction on the record, in the order of the log."""
    sealed = map(_sealed, book.hidden.predictions.values())
    return sorted((*_every(look, PREDICTION), *sealed), key=lambda one: one.index)


def outcomes(look: Connection, book: Book) -> dict[str, Row]:
    """Return what became of predictions, by the id of each."""
    sealed = map(_sealed, book.hidden.outcomes.values())
    return {one.body["prediction"]: one for one in (*_every(look, PREDICTED), *sealed)}


def _every(look: Connection, kind: str) -> Iterator[Row]:
    last = -1
    while page := records.after(look, last, limit=_PAGE, kind=kind):
        yield from map(_clear, page)
        last = page[-1].index


def _clear(one: Shown) -> Row:
    return Row(one.id, one.index, one.kind, one.received_at, one.body)


def _sealed(one: Admitted) -> Row:
    return Row(
        one.record.id, one.index, one.record.kind, one.received_at, one.record.body, sealed=True
    )
