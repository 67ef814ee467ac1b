"""The log over HTTP: its head, its proofs, and its files as they lie on the disk.

`/log/` is what witnesses, verifiers and any C2SP tool read. Full tiles and bundles never
change and are cached for ever; the checkpoint and partial files are asked for each time.
Entry bundles are for those who are signed in, unless the log is open to the public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from truceline.api.answers import answer, moment
from truceline.api.floor import Asked, Floor
from truceline.api.viewer import Asker
from truceline.errors import Malformed, Reason, Refused
from truceline.ledger import checkpoint as checkpoints
from truceline.ledger import cosignature, note
from truceline.ledger.checkpoint import SignedCheckpoint
from truceline.ledger.proof import TileTree
from truceline.mechanism.book import Book
from truceline.publish import log_files
from truceline.store.tokens import Purpose

router = APIRouter(tags=["log"])


class WitnessHead(BaseModel):
    """A witness that genesis names, and how far it has cosigned."""

    name: str
    body: str
    vkey: str
    cosigned_size: int | None
    cosigned_at: str | None


class LogHead(BaseModel):
    """Where the log stands. `checkpoint` is the signed note itself; trust that, not the rest."""

    origin: str = Field(examples=["truceline.example/syria-2017-exercise"])
    mode: str = Field(description="exercise or live")
    title: dict[str, str]
    size: int
    root: str = Field(description="hex")
    checkpoint: str
    genesis: str | None = Field(description="leaf hash of entry 0, hex")
    mechanism: str | None = Field(description="the mechanism's key id")
    now: str
    time_zone: str = Field(description="IANA time zone of the mechanism, from genesis")
    open_to: str = Field(description="who may read entries: signed_in or public")
    witnesses: list[WitnessHead]
    quorum: int
    quorum_met: bool


class InclusionProof(BaseModel):
    """RFC 6962, 2.1.1. Hashes in hex, from the leaf up."""

    index: int
    size: int
    leaf: str
    root: str
    hashes: list[str]


class ConsistencyProof(BaseModel):
    """RFC 6962, 2.1.2. Hashes in hex."""

    old_size: int
    size: int
    old_root: str
    root: str
    hashes: list[str]


@router.get("/api/log", response_model=LogHead)
def head(asked: Asked) -> Response:
    """Show the head of the log: size, root, checkpoint, witnesses and quorum."""
    floor = asked.floor
    signed = floor.installation.checkpoint()
    with asked.book() as book:
        return answer(_head(asked.now, floor, signed, book))


def _head(now: int, floor: Floor, signed: SignedCheckpoint | None, book: Book) -> dict[str, Any]:
    size = signed.checkpoint.size if signed else 0
    seen = [one for one in (signed, _witnessed(floor)) if one is not None]
    witnesses = [_witness(one, seen) for one in book.register.witnesses]
    met = sum(one["cosigned_size"] is not None for one in witnesses)
    first = tree_of(floor, 1).leaf(0) if size else None
    return {
        "origin": floor.settings.origin,
        "mode": book.register.mode,
        "title": dict(book.register.title),
        "size": size,
        "root": signed.checkpoint.root.hex() if signed else "",
        "checkpoint": signed.encode().decode() if signed else "",
        "genesis": first.hex() if first else None,
        "mechanism": book.register.mechanism,
        "now": moment(now),
        "time_zone": book.register.time_zone,
        "open_to": floor.settings.log_open_to,
        "witnesses": witnesses,
        "quorum": book.register.quorum,
        "quorum_met": met >= book.register.quorum,
    }


def _witnessed(floor: Floor) -> SignedCheckpoint | None:
    data = floor.installation.log.read("checkpoint.witnessed")
    return None if data is None else checkpoints.read(data, where="checkpoint.witnessed")


def _witness(named: Mapping[str, str], seen: Sequence[SignedCheckpoint]) -> dict[str, Any]:
    """What a witness cosigned, at most: its good signature on the largest of these heads."""
    witness = note.read_vkey(named["vkey"])
    found = [
        (signed.checkpoint.size, good.signed_at_s)
        for signed in seen
        for good in cosignature.quorum(signed.note, [witness], 0).good
    ]
    size, signed_at_s = max(found, default=(None, None))
    at = None if signed_at_s is None else moment(signed_at_s * 1_000_000)
    return {**named, "cosigned_size": size, "cosigned_at": at}


@router.get("/api/proofs/inclusion", response_model=InclusionProof)
def inclusion(
    asked: Asked,
    index: Annotated[int, Query(ge=0, le=2**52)],
    size: Annotated[int | None, Query(ge=1, le=2**52)] = None,
) -> Response:
    """Prove that a leaf is in the tree of a size; without a size, of the published one."""
    tree = tree_of(asked.floor, size)
    if index >= tree.size:
        raise Refused(
            Reason.NOT_FOUND,
            where="index",
            detail=f"there is no leaf {index} in a tree of {tree.size}",
            remedy="Ask again when a checkpoint covers it (GET /api/log)",
        )
    return answer(
        {
            "index": index,
            "size": tree.size,
            "leaf": tree.leaf(index).hex(),
            "root": tree.root().hex(),
            "hashes": [one.hex() for one in tree.inclusion(index)],
        }
    )


@router.get("/api/proofs/consistency", response_model=ConsistencyProof)
def consistency(
    asked: Asked,
    old: Annotated[int, Query(alias="from", ge=0, le=2**52)],
    to: Annotated[int | None, Query(ge=1, le=2**52)] = None,
) -> Response:
    """Prove that the tree of one size is the beginning of the tree of another."""
    tree = tree_of(asked.floor, to)
    if old > tree.size:
        raise Malformed(
            Reason.OUT_OF_RANGE, where="from", detail=f"{old} is more than the {tree.size} leaves"
        )
    return answer(
        {
            "old_size": old,
            "size": tree.size,
            "old_root": tree.at(old).root().hex(),
            "root": tree.root().hex(),
            "hashes": [one.hex() for one in tree.consistency(old)],
        }
    )


@router.get("/log/{path:path}", response_class=Response)
def log_file(request: Request, path: Annotated[str, Path(max_length=200)]) -> Response:
    """Serve a file of the log as it lies on the disk (C2SP tlog-tiles).

    Entry bundles need a token of any account, unless the log is open to the public.
    """
    floor: Floor = request.app.state.floor
    found = log_files.serve(floor.installation.log.read, path)
    headers = {"cache-control": found.cache, "access-control-allow-origin": "*"}
    if found.entries and not floor.log_is_public:
        _check_reader(floor.doorkeeper.who(request, floor.now()))
        headers["cache-control"] = log_files.for_one(found.cache)
        headers["vary"] = "authorization"
    return Response(found.data, media_type=found.media_type, headers=headers)


def _check_reader(asker: Asker) -> None:
    """Refuse who is not signed in: entries hold the clear side of every record."""
    if asker.viewer.signed_in:
        return
    asker.needs(*Purpose)
    raise Refused(
        Reason.NOT_VISIBLE,
        where="log",
        article="DOMAIN 9, need to know",
        detail="the holder of this token is not, or no longer, an account here",
    )


def tree_of(floor: Floor, size: int | None) -> TileTree:
    """Return the published tree, or an earlier one; refuses a size that is not published yet."""
    signed = floor.installation.checkpoint()
    published = signed.checkpoint.size if signed else 0
    if published == 0 or (size is not None and size > published):
        raise Refused(
            Reason.NOT_FOUND,
            where="size",
            detail=f"the published checkpoint covers {published} leaves",
            remedy="Ask again when a checkpoint covers it (GET /api/log)",
        )
    reader = log_files.narrowed(floor.installation.log.read, published)
    whole: TileTree = floor.kept(("tree", published), lambda: TileTree(reader, published))
    return whole if size is None else whole.at(size)
