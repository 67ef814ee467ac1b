"""From an admitted record to the rows of the views: a pure map, one branch for each kind.

Rows are only added. Nothing here looks at what is there already, so making the
views again from the log gives the same rows, and a record's rows are the same
whether it is written alone or with a thousand others.

What a record has sealed is never put into a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from shapely.geometry.base import BaseGeometry

from truceline.geo.position import E7
from truceline.records import canonical, keys, kinds
from truceline.records.admitted import Admitted
from truceline.records.kinds import KINDS

type Row = tuple[str, tuple[object, ...]]
"""A table's name, and the values of its columns after `leaf_index`."""

type Body = Mapping[str, Any]


class Areas(Protocol):
    """What the projection asks of the deposited files."""

    def geometry(self, sha256: str) -> BaseGeometry | None:
        """The area of a zone content; None for a rule in words."""


def rows(a: Admitted, areas: Areas) -> Iterator[Row]:
    """Yield the rows that a record adds to the views.

    For a sealed leaf that is its clear outside alone: the rows of what it seals
    would be the sealed values themselves.
    """
    yield "record", _record(a)
    if a.sealed_leaf:
        return
    body = a.record.body
    named = KINDS[a.record.kind].body.files(body) if a.record.kind in KINDS else iter(())
    for nth, file in enumerate(named):
        yield "file_named", (nth, file["sha256"], file["length"], file["type"])
    yield from _of_kind(a, body, areas)


def _record(a: Admitted) -> tuple[object, ...]:
    if a.sealed_leaf:
        clear = (kinds.SEALED_LEAF, "", "")
        body, refs, subject = "{}", "[]", ""
    else:
        clear = (a.record.kind, a.record.author, a.signer.body)
        body, refs = text(dict(a.record.body)), text(list(a.record.refs))
        subject = subject_of(a.record.kind, a.record.body)
    return (
        a.record.id,
        *clear,
        a.signer.key,
        a.record.seq,
        a.record.made_at,
        a.received_at,
        subject,
        refs,
        body,
        text(list(a.record.sealed)),
    )


def text(value: canonical.Json) -> str:
    """Return canonical JSON as text, the form of lists and objects in the views."""
    return canonical.encode_checked(value).decode()


_SUBJECTS = ("zone", "post", "instrument", "crossing", "clock", "segment", "officer", "holder")
_SUBJECTS_OF: Mapping[str, str] = {
    "genesis/1": "",
    "body.admitted/1": "code",
    "instrument.published/1": "code",
    "post.assigned/1": "post",
    "key.replaced/1": "old",
    "key.revoked/1": "key",
    "sealed.erased/1": "record",
}


def subject_of(kind: str, body: Body) -> str:
    """Return what a record is about: the code of a zone, post, instrument, officer, key …"""
    named = _SUBJECTS_OF.get(kind)
    if named is not None:
        return str(body.get(named, ""))
    return next((str(body[name]) for name in _SUBJECTS if name in body), "")


# -- one branch for each kind ------------------------------------------------------------


def _of_kind(a: Admitted, body: Body, areas: Areas) -> Iterator[Row]:
    if a.record.kind in _CONTENTS:
        yield from _put_forward(a, body, areas)
    special = _SPECIAL.get(a.record.kind)
    if special is not None:
        yield from special(a, body)
    plain = _PLAIN.get(a.record.kind)
    if plain is not None:
        table, fields = plain
        yield table, tuple(_value(a, body, field) for field in fields)


_OF_THE_RECORD: Mapping[str, Callable[[Admitted], object]] = {
    "@body": lambda a: a.signer.body,
    "@id": lambda a: a.record.id,
}


def _value(a: Admitted, body: Body, field: str) -> object:
    """A column's value: `@body` and `@id` are of the record, `=word` is the word itself,
    `field?` may be absent (NULL), `field|` may be absent (empty), `field%` is JSON."""
    if field in _OF_THE_RECORD:
        return _OF_THE_RECORD[field](a)
    if field[0] == "=":
        return field[1:]
    name, mark = field[:-1], field[-1]
    if mark == "%":
        return text(body[name])
    return body.get(name, None if mark == "?" else "") if mark in "?|" else body[field]


_PLAIN: Mapping[str, tuple[str, Sequence[str]]] = {
    "officer.appointed/1": ("officer", ("officer", "@body", "roles%", "until?")),
    "officer.ended/1": ("officer_end", ("officer",)),
    "key.revoked/1": ("key_end", ("key", "why")),
    "instrument.signed/1": ("signature", ("instrument", "@body", "texts")),
    "instrument.entered/1": ("entry_into_force", ("instrument", "from", "until?", "rule")),
    "instrument.reading/1": ("reading", ("instrument", "@body", "clause", "instant?")),
    "instrument.adhered/1": ("adherence", ("instrument", "@body", "from", "texts")),
    "mandate.contested/1": ("contest", ("=instrument", "instrument", "@body", "signature")),
    "instrument.suspended/1": ("suspension", ("=instrument", "instrument", "@body")),
    "instrument.restored/1": (
        "restoration",
        ("=instrument", "instrument", "@body", "suspension"),
    ),
    "instrument.extended/1": ("extension", ("instrument", "@body", "until")),
    "instrument.terminated/1": ("termination", ("instrument", "@body", "from")),
    "deadline.met/1": ("deadline_event", ("instrument", "deadline", "=met", "met_at?")),
    "deadline.moved/1": ("deadline_event", ("instrument", "deadline", "=moved", "due_at?")),
    "deadline.waived/1": ("deadline_event", ("instrument", "deadline", "=waived", "none?")),
    "clock.fired/1": ("firing", ("clock", "step", "due_at", "to")),
    "zone.proposed/1": ("zone", ("zone", "name%", "instrument", "@body")),
    "zone.consented/1": ("consent", ("zone", "@body", "content")),
    "zone.contested/1": ("contest", ("=zone", "zone", "@body", "content")),
    "zone.suspended/1": ("suspension", ("=zone", "zone", "@body")),
    "zone.restored/1": ("restoration", ("=zone", "zone", "@body", "suspension")),
    "zone.expired/1": ("zone_expiry", ("zone", "content", "at")),
    "post.answered/1": ("answer", ("post", "@body", "answer")),
    "post.reported/1": ("count", ("post", "@body", "=reported", "count", "as_of")),
    "post.observed/1": ("count", ("post", "@body", "=observed", "count", "as_of")),
    "post.withdrawn/1": ("post_end", ("post", "from", "handover_to|")),
    "air.crossing/1": (
        "crossing",
        (
            "@id",
            "zone",
            "content",
            "segment",
            "source",
            "nature",
            "entered_at",
            "verdict",
            "probability_ppm",
            "cause",
            "altitude_known",
        ),
    ),
    "air.left/1": ("leaving", ("crossing", "left_at", "cause", "verdict", "depth_m?")),
    "sealed.erased/1": ("erasure", ("record", "digests%")),
}


_CONTENTS = {
    "zone.proposed/1": "proposal",
    "zone.revised/1": "revision",
    "zone.amended/1": "amendment",
    "zone.position/1": "position",
}


def _put_forward(a: Admitted, body: Body, areas: Areas) -> Iterator[Row]:
    if "content" not in body:
        return
    sha256 = body["content"]["sha256"]
    geometry = areas.geometry(sha256)
    box: Sequence[int | None] = (None,) * 4
    if geometry is not None and not geometry.is_empty:
        box = [round(degrees * E7) for degrees in geometry.bounds]
    put_forward_as = _CONTENTS[a.record.kind]
    yield "content", (body["zone"], sha256, put_forward_as, a.signer.body, geometry, *box)


def _founded(_: Admitted, body: Body) -> Iterator[Row]:
    for nth, one in enumerate(body["bodies"]):
        yield "body", (nth, one["code"], one["capacity"], text(one["name"]))
        yield "key", (nth, *_key(one["key"], one["code"], "genesis"))


def _admitted(_: Admitted, body: Body) -> Iterator[Row]:
    yield "body", (0, body["code"], body["capacity"], text(body["name"]))
    yield "key", (0, *_key(body["key"], body["code"], "body"))


def _appointed(_: Admitted, body: Body) -> Iterator[Row]:
    yield "key", (0, *_key(body["key"], body["officer"], "officer"))


def _enrolled(_: Admitted, body: Body) -> Iterator[Row]:
    yield "key", (0, *_key(body["key"], body["holder"], "enrolled"))


def _replaced(a: Admitted, body: Body) -> Iterator[Row]:
    holder = a.signer.officer or a.signer.body
    yield "key", (0, *_key(body["key"], holder, "replaced"))
    yield "key_end", (body["old"], "replaced")


def _key(key: Body, holder: str, how: str) -> tuple[object, ...]:
    return (_key_id(key["public"]), holder, key["public"], key["recovery"], how)


def _key_id(public: str) -> str:
    return keys.key_id(keys.public_from_text(public))


def _pseudonym(_: Admitted, body: Body) -> Iterator[Row]:
    yield "pseudonym", (_key_id(body["public"]), body["public"])


def _published(_: Admitted, body: Body) -> Iterator[Row]:
    code = body["code"]
    texts = {lang: one["file"]["sha256"] for lang, one in body["texts"].items()}
    yield (
        "instrument",
        (
            code,
            body["type"],
            body.get("parent", ""),
            text(body["title"]),
            body["secrecy"],
            text(texts),
            body.get("source", ""),
        ),
    )
    for nth, one in enumerate(body["signatories"]):
        yield "signatory", (nth, code, one["body"], one["capacity"])
    for nth, one in enumerate(body["deadlines"]):
        yield "deadline", (nth, code, one["code"], one["owner"], text(one["due"]))
    for nth, one in enumerate(body["obligations"]):
        yield "obligation", (nth, code, one["code"], one["kind"], text(one["actors"]))


def _position(a: Admitted, body: Body) -> Iterator[Row]:
    sha256 = body["content"]["sha256"] if "content" in body else ""
    yield "position", (body["zone"], a.signer.body, sha256, body.get("accepts", ""), body["basis"])


def _adopted(_: Admitted, body: Body) -> Iterator[Row]:
    yield (
        "adoption",
        (
            body["zone"],
            body["instrument"],
            body["content"]["sha256"],
            body["from"],
            body.get("until"),
            body["secrecy"],
        ),
    )


def _assigned(_: Admitted, body: Body) -> Iterator[Row]:
    place = body.get("place", {})
    yield (
        "post",
        (
            body["post"],
            body["zone"],
            body["kind"],
            body["operator"],
            body["agreed_count"],
            place.get("lat_e7"),
            place.get("lon_e7"),
        ),
    )


def _answered(a: Admitted, body: Body) -> Iterator[Row]:
    if body["answer"] == "contests":
        yield "contest", ("post", body["post"], a.signer.body, "")


def _segment(_: Admitted, body: Body) -> Iterator[Row]:
    yield (
        "segment",
        (
            body["segment"],
            body["source"],
            body["file"]["sha256"],
            body["first_at"],
            body["last_at"],
            body["fixes"],
            body["left_out"],
            body["nature"],
        ),
    )


_SPECIAL: Mapping[str, Callable[[Admitted, Body], Iterator[Row]]] = {
    "genesis/1": _founded,
    "body.admitted/1": _admitted,
    "officer.appointed/1": _appointed,
    "key.enrolled/1": _enrolled,
    "key.replaced/1": _replaced,
    "pseudonym.enrolled/1": _pseudonym,
    "instrument.published/1": _published,
    "zone.position/1": _position,
    "zone.adopted/1": _adopted,
    "post.assigned/1": _assigned,
    "post.answered/1": _answered,
    "air.segment/1": _segment,
}
