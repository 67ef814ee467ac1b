"""Records over HTTP: the one way in, and the log read back record by record."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import Response

from truceline.api import failures, sealed_parts
from truceline.api.answers import answer, encode, moment, ready
from truceline.api.floor import Asked, Floor, Question
from truceline.api.limits import address_of
from truceline.api.sealed_parts import Opened
from truceline.errors import Malformed, Reason, Refused
from truceline.mechanism.admission import Answer
from truceline.records import envelope as envelopes
from truceline.records.keys import KeyId
from truceline.records.kinds import KINDS
from truceline.store import log
from truceline.store.tokens import Purpose
from truceline.store.views import records
from truceline.store.views.records import Shown

router = APIRouter(tags=["records"])

MOST_BYTES = 2 * 2**20
"""A submission with all its disclosures. An entry itself has at most 65,535 bytes."""

MOST_DISCLOSURES = 64

MOST_TOGETHER = 64
"""Submissions in one request; they can share a commit."""


class SignatureShape(BaseModel):
    """One DSSE signature."""

    keyid: str = Field(examples=["0f" * 16])
    sig: str = Field(description="base 64")


class EnvelopeShape(BaseModel):
    """A DSSE envelope."""

    payload: str = Field(description="base 64 of the record's canonical bytes")
    payloadType: str = Field(examples=["application/vnd.truceline.record.v1+json"])  # noqa: N815 -- DSSE's name
    signatures: list[SignatureShape]


class SubmissionShape(BaseModel):
    """A signed record, and the disclosures of its sealed parts."""

    envelope: EnvelopeShape
    disclosures: list[str] = Field(default=[], max_length=MOST_DISCLOSURES)


class TakenShape(BaseModel):
    """The receipt: the log took the record at this leaf. `follows` are statements it caused."""

    receipt: EnvelopeShape
    index: int
    entry: str = Field(description="base 64 of the leaf's bytes")
    proof: dict[str, Any] | None = Field(description="see GET /api/proofs/inclusion")
    follows: list[int]


class BatchShape(BaseModel):
    """Several submissions, in the order in which they are to be judged."""

    submissions: list[SubmissionShape] = Field(max_length=MOST_TOGETHER)


class BatchAnswer(BaseModel):
    """One answer for each submission, in the same order: taken, or a failure with its status."""

    answers: list[dict[str, Any]]


class RecordRow(BaseModel):
    """A record's clear outside. `body` null: not for this viewer.

    Who is not signed in is told of a record that is not for them where it stands and when
    it came, and no more, unless the log is open to the public.
    """

    index: int
    id: str
    kind: str
    author: str
    body_code: str
    key: str
    seq: int
    made_at: str | None
    received_at: str | None
    subject: str
    refs: list[str]
    sealed: int = Field(description="how many sealed parts it commits to")
    body: dict[str, Any] | None


class RecordShape(RecordRow):
    """A record with its envelope (public: it is a leaf of the log) and what may be opened of it."""

    says: str
    envelope: EnvelopeShape | None
    parts: dict[str, Any]
    disclosures: list[str] = Field(
        description="what opens the sealed parts that are for the viewer, to be held against the leaf"
    )


class NextSeq(BaseModel):
    """What the holder of a key writes into the next record."""

    log: str
    mode: str
    key: str
    seq: int
    holder: str
    body: str
    now: int = Field(description="the mechanism's clock, microseconds since 1970")


def request_schemas() -> dict[str, Any]:
    """Return the schemas of request bodies that are read faster than by their model."""
    made = BatchShape.model_json_schema(ref_template="#/components/schemas/{model}")
    inner: dict[str, Any] = made.pop("$defs")
    return {**inner, "BatchShape": made}


class _Submission(msgspec.Struct, forbid_unknown_fields=True):
    envelope: msgspec.Raw
    disclosures: list[str] = []


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    submissions: list[_Submission]


_READER = msgspec.json.Decoder(_Submission)
_BATCHES = msgspec.json.Decoder(_Batch)


def _body(name: str) -> dict[str, Any]:
    """How the document names a request body that is read by hand."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    "/api/records",
    response_model=TakenShape,
    openapi_extra=_body("SubmissionShape"),
)
async def submit(request: Request) -> Response:
    """Submit a signed record. The answer is a signed receipt or a signed refusal.

    The signature says who states it: no token is needed to be believed. A token of
    purpose `submit` lifts the limit that holds for senders without one.
    """
    floor: Floor = request.app.state.floor
    _tap(request, floor)
    [answer] = await _answers(floor, [read(_READER, await request.body())])
    return told(answer)


@router.post("/api/records/batch", response_model=BatchAnswer, openapi_extra=_body("BatchShape"))
async def submit_many(request: Request) -> Response:
    """Submit several signed records at once, each answered by itself.

    They are judged in their order. One that is refused does not stop those after it.
    """
    floor: Floor = request.app.state.floor
    given = read(_BATCHES, await request.body()).submissions
    if len(given) > MOST_TOGETHER:
        raise Malformed(
            Reason.TOO_LARGE,
            where="request.submissions",
            detail=f"at most {MOST_TOGETHER} submissions go together",
        )
    _tap(request, floor, len(given))
    made = [told(one) for one in await _answers(floor, given)]
    bodies = (b'{"status":%d,%s' % (one.status_code, bytes(one.body)[1:]) for one in made)
    return ready(b'{"answers":[%s]}' % b",".join(bodies))


async def _answers(floor: Floor, given: Sequence[_Submission]) -> list[Answer]:
    """Hand over all at once, so that they can share a commit; wait for every answer."""
    for one in given:
        if len(one.disclosures) > MOST_DISCLOSURES:
            raise Malformed(
                Reason.TOO_LARGE,
                where="request.disclosures",
                detail=f"at most {MOST_DISCLOSURES} disclosures go with a record",
            )
    door = floor.installation.door
    waiting = [door.submit_nowait(bytes(one.envelope), one.disclosures) for one in given]
    return [await asyncio.wrap_future(one) for one in waiting]


def _tap(request: Request, floor: Floor, count: int = 1) -> None:
    """Take submissions from the sender's bucket: the token's, else the small one of the address."""
    asker = floor.doorkeeper.who(request, floor.installation.clock.now())
    if asker.purpose is None:
        host = request.client.host if request.client else ""
        floor.open_taps.take(address_of(host), count)
        return
    asker.needs(Purpose.SUBMIT, Purpose.FEED, Purpose.ADMIN)
    floor.taps.take(asker.token, count)


def read[T](reader: msgspec.json.Decoder[T], data: bytes) -> T:
    """Return what was sent, or raise `Malformed`; envelopes stay the bytes that came."""
    try:
        return reader.decode(data)
    except msgspec.ValidationError as error:
        raise Malformed(Reason.WRONG_TYPE, where="request", detail=str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(Reason.NOT_JSON, where="request", detail=f"not JSON: {error}") from None


def told(given: Answer) -> Response:
    """Return the door's answer over HTTP."""
    if given.failure is not None:
        refusal = given.refusal.tree() if given.refusal else None
        return failures.told(given.failure, refusal)
    index = given.taken()
    return ready(
        encode(
            {
                "receipt": given.receipt.tree() if given.receipt else None,
                "index": index,
                "entry": base64.b64encode(given.entry or b"").decode("ascii"),
                "proof": None,
                "follows": list(given.follows),
            }
        )
    )


@router.get("/api/next-seq", response_model=NextSeq)
async def next_seq(
    request: Request,
    key: Annotated[
        str, Query(pattern="^[0-9a-f]{32}$", description="Key id", examples=["0f" * 16])
    ],
) -> Response:
    """Say which sequence number a key's next record bears, and who its holder is."""
    floor: Floor = request.app.state.floor
    floor.installation.catch_up()
    now = floor.now()
    with floor.installation.reading_book() as book:
        holder = book.register.holder_of(KeyId(key), now)
        if holder is None:
            raise Refused(
                Reason.KEY_UNKNOWN, where="key", detail=f"key {key} is not in force in this log"
            )
        return answer(
            {
                "log": book.log,
                "mode": book.register.mode,
                "key": key,
                "seq": book.seqs.get(KeyId(key), 0) + 1,
                "holder": holder.code,
                "body": holder.body,
                "now": now,
            }
        )


@router.get("/api/records", response_model=list[RecordRow])
def list_records(
    asked: Asked,
    after: Annotated[int, Query(ge=-1, le=2**52, description="From the leaf after this one")] = -1,
    kind: Annotated[str, Query(max_length=64, examples=["zone.consented/1"])] = "",
    subject: Annotated[str, Query(max_length=64, description="About this zone, post, …")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List records in the order of the log. A body that is not for the viewer is null."""
    with asked.look() as look:
        if subject:
            found = _about(asked, look, subject, after)
        else:
            found = records.after(look, after, limit=limit, kind=kind)
        kept = sealed_parts.boxes(asked, look, found)
    with asked.book() as book:
        rows = [row(asked, sealed_parts.outside(asked, one, kept, book)) for one in found]
    if subject and kind:
        rows = [one for one in rows if one["kind"] == kind]
    if subject or (kind and not asked.reads_log):
        # What is asked for by name is told to those alone who may see it: an answer that is
        # hidden would still say that it exists.
        rows = [one for one in rows if one["body"] is not None]
    return answer(rows[:limit])


def _about(asked: Question, look: Connection, subject: str, after: int) -> list[Shown]:
    """The records about a subject, sealed ones too; who may see them is asked for each later."""
    found = [one for one in records.about(look, subject) if one.index > after]
    with asked.book() as book:
        sealed_ones = book.hidden.about(subject, after=after)
    beside = [records.by_index(look, index) for index in sealed_ones]
    return sorted([*found, *(one for one in beside if one)], key=lambda one: one.index)


@router.get("/api/records/{which}", response_model=RecordShape)
def show(
    asked: Asked,
    which: Annotated[
        str, Path(max_length=26, description="Leaf index or record id (ULID)", examples=["0"])
    ],
) -> Response:
    """Show one record, by leaf index or by id, with the sealed parts that the viewer may see."""
    with asked.look() as look:
        found = records.by_index(look, _index(which)) if _is_index(which) else None
        found = found or (None if _is_index(which) else records.by_id(look, which))
        rows = log.read(look, found.index, 1) if found else []
        kept = sealed_parts.boxes(asked, look, [found] if found else [])
    if found is None or not rows:
        raise _no_record(which)
    with asked.book() as book:
        opened = sealed_parts.whole(asked, found, rows[0].pae, kept, book)
    one = row(asked, opened)
    if not one["id"] and not _is_index(which):
        raise _no_record(which)
    leaf = envelopes.read_entry(rows[0].entry).envelope
    kind = KINDS.get(one["kind"])
    return answer(
        {
            **one,
            "says": kind.says if kind else "Something happened; what, is not for everyone",
            "envelope": None if one["body"] is None else leaf.tree(),
            "parts": dict(opened.parts),
            "disclosures": list(opened.disclosures),
        }
    )


def row(asked: Question, opened: Opened) -> dict[str, Any]:
    """Return a record as this viewer sees it: where it stands is for all, its body is not."""
    one = opened.shown
    hidden = opened.is_closed or not asked.sees(one.kind, opened.facts)
    if hidden and not asked.reads_log:
        return {**_NOTHING, "index": one.index, "received_at": moment(one.received_at)}
    return {
        "index": one.index,
        "id": one.id,
        "kind": one.kind,
        "author": one.author,
        "body_code": one.body_code,
        "key": one.key,
        "seq": one.seq,
        "made_at": moment(one.made_at),
        "received_at": moment(one.received_at),
        "subject": "" if hidden else one.subject,
        "refs": [] if hidden else list(one.refs),
        "sealed": len(one.sealed),
        "body": None if hidden else one.body,
    }


def _no_record(which: str) -> Refused:
    return Refused(Reason.NOT_FOUND, where="record", detail=f"there is no record {which!r}")


_NOTHING: dict[str, Any] = {
    **dict.fromkeys(("id", "kind", "author", "body_code", "key", "subject"), ""),
    "seq": 0,
    "made_at": None,
    "refs": [],
    "sealed": 0,
    "body": None,
}
"""A record of which the log itself shows this viewer nothing but its hash."""


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _index(text: str) -> int:
    return min(int(text), 2**52)
