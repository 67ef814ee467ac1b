"""The drone interface's rows: entities as text, notices that wait to be sent, reports.

Operational: a rebuild leaves them alone. One transaction takes a whole change, so that a
crash leaves either what was before a request or what is after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from truceline.records.record import Micros
from truceline.store.schema import dss_entity, dss_notice, dss_report


@dataclass(frozen=True, slots=True)
class Row:
    """An entity as it is kept. `ends_at` None: it stays until it is deleted."""

    sort: str
    id: str
    ends_at: Micros | None
    body: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to a subscriber: where, what, since when, when next, how often tried."""

    id: str
    url: str
    body: str
    made_at: Micros
    next_at: Micros
    tries: int = 0


def entities(look: Connection) -> list[Row]:
    """Return every entity."""
    query = sa.select(dss_entity).order_by(dss_entity.c.sort, dss_entity.c.id)
    return [
        Row(one["sort"], one["id"], one["ends_at"], one["body"])
        for one in look.execute(query).mappings()
    ]


def change(tx: Connection, put: Iterable[Row], gone: Iterable[tuple[str, str]]) -> None:
    """Put rows in the place of those with the same sort and id; take others away."""
    new = list(put)
    for sort, name in (*((one.sort, one.id) for one in new), *gone):
        tx.execute(dss_entity.delete().where(dss_entity.c.sort == sort, dss_entity.c.id == name))
    if new:
        rows = [
            {"sort": one.sort, "id": one.id, "ends_at": one.ends_at, "body": one.body}
            for one in new
        ]
        tx.execute(dss_entity.insert(), rows)


def add_notices(tx: Connection, new: Iterable[Notice]) -> None:
    """Keep messages until they are sent."""
    rows = [{name: getattr(one, name) for name in one.__slots__} for one in new]
    if rows:
        tx.execute(dss_notice.insert(), rows)


def due_notices(look: Connection, at: Micros, *, most: int) -> list[Notice]:
    """Return the messages whose time has come, the oldest first."""
    query = sa.select(dss_notice).where(dss_notice.c.next_at <= at)
    found = look.execute(query.order_by(dss_notice.c.made_at, dss_notice.c.id).limit(most))
    return [Notice(**dict(one)) for one in found.mappings()]


def put_off(tx: Connection, one: Notice, next_at: Micros) -> None:
    """Try a message again at another time."""
    named = dss_notice.c.id == one.id
    tx.execute(dss_notice.update().where(named).values(next_at=next_at, tries=one.tries + 1))


def drop_notice(tx: Connection, name: str) -> None:
    """Forget a message: it was sent, or given up."""
    tx.execute(dss_notice.delete().where(dss_notice.c.id == name))


def add_report(tx: Connection, name: str, manager: str, at: Micros, body: str) -> None:
    """Keep a report."""
    tx.execute(dss_report.insert().values(id=name, manager=manager, received_at=at, body=body))


def count_reports(look: Connection, manager: str) -> int:
    """Return how many reports of one USS are kept."""
    query = sa.select(sa.func.count()).where(dss_report.c.manager == manager)
    return int(look.execute(query.select_from(dss_report)).scalar_one())


def drop_oldest_report(tx: Connection, manager: str) -> None:
    """Forget the oldest report of a USS."""
    oldest = sa.select(dss_report.c.id).where(dss_report.c.manager == manager)
    oldest = oldest.order_by(dss_report.c.received_at, dss_report.c.id).limit(1)
    tx.execute(dss_report.delete().where(dss_report.c.id.in_(oldest.scalar_subquery())))
