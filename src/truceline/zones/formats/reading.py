"""What comes of reading a zone file and of writing one: zones, and an honest report.

Reading is tolerant, feature by feature: one bad feature does not cost the others,
and everything mended, refused or not understood is told with its place. Writing is
strict: what a format cannot carry is named, never dropped in silence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

from truceline.errors import Malformed, Reason, TrucelineError
from truceline.geo.antimeridian import split_area
from truceline.geo.volume import MultiPolygon, Operation, Polygon
from truceline.zones.boundary import Extra, Original, ZoneContent, ZoneVolume
from truceline.zones.document import check_writable

MAX_BYTES = 64 * 2**20
"""A zone file larger than this is refused before it is parsed."""

MAX_FEATURES = 100_000


class Level(StrEnum):
    """How much a note matters."""

    NOTED = "noted"  # nothing changed; the reader should know
    REPAIRED = "repaired"  # read, with this change
    REFUSED = "refused"  # this feature was not read


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the report: what, where in the document, and what to do."""

    level: Level
    where: str
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        todo = f" {self.remedy}." if self.remedy else ""
        return f"{self.level}: {self.where}: {self.detail}.{todo}".replace("..", ".")


@dataclass(frozen=True, slots=True)
class Reading:
    """The zones of a document, and the report by feature."""

    zones: tuple[ZoneContent, ...]
    report: tuple[Note, ...]
    format: str
    sha256: str

    def refused(self) -> tuple[Note, ...]:
        """Return the notes on features that were not read."""
        return tuple(note for note in self.report if note.level is Level.REFUSED)


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that a format could not carry: of which zone, which field, and why."""

    zone: str
    field: str
    why: str

    def __str__(self) -> str:
        return f"zone {self.zone}: {self.field}: {self.why}"


@dataclass(frozen=True, slots=True)
class Written:
    """A document, and what of the zones is not in it."""

    data: bytes
    losses: tuple[Loss, ...] = ()


@dataclass(slots=True)
class Report:
    """The report while a document is read."""

    notes: list[Note] = field(default_factory=list)
    _codes: set[str] = field(default_factory=set)

    def noted(self, where: str, detail: str) -> None:
        """Add what the reader should know."""
        self.notes.append(Note(Level.NOTED, where, detail))

    def repaired(self, where: str, detail: str) -> None:
        """Add a change that was made."""
        self.notes.append(Note(Level.REPAIRED, where, detail))

    def repairs(self, done: Iterable[str]) -> None:
        """Add changes whose text begins with their place ("place: what")."""
        for one in done:
            where, _, detail = one.partition(": ")
            self.repaired(where, detail)

    @contextmanager
    def feature(self, where: str) -> Iterator[None]:
        """Turn a failure inside the block into a refusal of this feature alone."""
        try:
            yield
        except TrucelineError as error:
            place = where if not error.where or error.where == where else f"{where}, {error.where}"
            self.notes.append(Note(Level.REFUSED, place, error.detail, error.remedy))
        except RecursionError:
            self.notes.append(Note(Level.REFUSED, where, "nested too deep to be a zone"))

    def unique(self, code: str, where: str) -> str:
        """Return the code, or one with a number where an earlier feature has it."""
        made, number = code, 2
        while made in self._codes:
            made, number = f"{code}-{number}", number + 1
        if made != code:
            self.repaired(where, f"the code {code!r} was taken; this zone is called {made!r}")
        self._codes.add(made)
        return made

    def take(self, content: ZoneContent, where: str, into: list[ZoneContent]) -> None:
        """Add a checked content under a code of its own, cut at longitude 180 where it lies over it."""
        cut = tuple(whole_degrees(one) for one in content.volumes)
        if cut != content.volumes:
            content = replace(content, volumes=cut)
            self.repaired(where, "it lies over longitude 180, and was cut there into polygons")
        check_writable(content)
        into.append(replace(content, code=self.unique(content.code, where)))


def whole_degrees(volume: ZoneVolume) -> ZoneVolume:
    """Return the volume with polygons over longitude 180 cut there."""
    if not isinstance(volume.shape, (Polygon, MultiPolygon)):
        return volume
    shape = split_area(volume.shape, edge=volume.edge)
    return volume if shape is volume.shape else replace(volume, shape=shape)


def check_size(data: bytes, name: str) -> None:
    """Refuse an empty document, or one of more than `MAX_BYTES`."""
    if not data:
        raise Malformed(Reason.BAD_FORMAT, where=name, detail="the file is empty")
    if len(data) > MAX_BYTES:
        raise Malformed(
            Reason.TOO_LARGE,
            where=name,
            detail=f"the file has {len(data)} bytes; the most is {MAX_BYTES}",
            remedy="Split it into several files",
        )


def original_of(
    data: bytes, *, name: str, media_type: str, dataset: tuple[Extra, ...] = ()
) -> Original:
    """Return the provenance of a document; `place` is filled in feature by feature."""
    return Original(hashlib.sha256(data).hexdigest(), media_type, len(data), name, dataset=dataset)


def lost_fields(
    content: ZoneContent, *, kept: frozenset[str], kept_of_volume: frozenset[str]
) -> Iterator[Loss]:
    """Name the fields that say something and that a format does not keep."""
    plain = ZoneContent(content.code, content.kind)
    for one in fields(content):
        if one.name not in kept and getattr(content, one.name) != getattr(plain, one.name):
            yield Loss(content.code, one.name, "the format has no place for it")
    for number, volume in enumerate(content.volumes, start=1):
        bare = ZoneVolume(volume.shape)
        for one in fields(volume):
            if one.name not in kept_of_volume and getattr(volume, one.name) != getattr(
                bare, one.name
            ):
                yield Loss(
                    content.code, f"volume {number}, {one.name}", "the format has no place for it"
                )


def joined_volumes(content: ZoneContent) -> tuple[tuple[ZoneVolume, ...], tuple[Loss, ...]]:
    """Return the volumes that only add, for a format that knows no other operation.

    What would make the zone smaller (a part taken away, an intersection) is left out
    and named: the zone is written larger than it is, never smaller.
    """
    added = tuple(one for one in content.volumes if one.operation is Operation.UNION)
    losses = [
        Loss(
            content.code,
            f"volume {number}",
            f"the format cannot {one.operation}; the zone is written without it, larger",
        )
        for number, one in enumerate(content.volumes, start=1)
        if one.operation is not Operation.UNION
    ]
    return added, tuple(losses)


def lost_extras(content: ZoneContent, *formats: str) -> Iterator[Loss]:
    """Name the uninterpreted fields of formats other than these."""
    levels = [
        content.extras,
        *(one.extras for one in content.volumes),
        *(one.extras for one in content.authorities),
    ]
    for extra in (one for level in levels for one in level):
        source, _, name = extra.key.partition(":")
        if source.split(".")[0] not in formats:
            yield Loss(
                content.code, name, f"a field of {source}, which this format has no place for"
            )


def lost_dataset(zones: Iterable[ZoneContent], *formats: str) -> Iterator[Loss]:
    """Name, once, the fields around the zones that a document of another format had."""
    keys = dict.fromkeys(
        extra.key for one in zones for extra in (one.original.dataset if one.original else ())
    )
    for key in keys:
        source, _, name = key.partition(":")
        if source.split(".")[0] not in formats:
            yield Loss("(document)", name, f"a field of the {source} document as a whole")


def shared_dataset(
    zones: tuple[ZoneContent, ...], source: str
) -> tuple[tuple[Extra, ...], tuple[Loss, ...]]:
    """Return the document's fields that all zones of this format agree on; the others are losses."""
    sets = [
        tuple(one for one in content.original.dataset if one.key.startswith(f"{source}:"))
        for content in zones
        if content.original
    ]
    if not sets or all(one == sets[0] for one in sets):
        return (sets[0] if sets else ()), ()
    losses = [
        Loss(
            content.code,
            extra.key.partition(":")[2],
            "the zones come from documents that differ here",
        )
        for content in zones
        if content.original and content.original.dataset != sets[0]
        for extra in content.original.dataset
    ]
    return sets[0], tuple(losses)
