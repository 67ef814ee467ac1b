"""What was said in sealed leaves about an instrument that is kept among its parties.

The views hold no row of it: a row would be the sealed value in clear on the disk. So the
little that the views are asked for is kept here, in memory, folded from the sealed parts:
which records are about a subject or name a file, crossings of such zones with their
leavings, and predictions with what became of them. Without the data key it is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from truceline.records.admitted import Admitted
from truceline.records.kinds import KINDS
from truceline.store.views import projection

DAY = 86_400 * 1_000_000
CROSSING, LEFT = "air.crossing/1", "air.left/1"
PREDICTION, PREDICTED = "air.prediction/1", "air.predicted/1"


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a sealed record names: under which media type, and the record."""

    type: str
    by: Admitted


@dataclass(slots=True)
class Hidden:
    """The fold of sealed leaves whose kind is otherwise clear."""

    files: dict[str, tuple[NamedFile, ...]] = field(default_factory=dict)
    crossings: dict[str, Admitted] = field(default_factory=dict)
    leavings: dict[str, Admitted] = field(default_factory=dict)
    predictions: dict[str, Admitted] = field(default_factory=dict)
    outcomes: dict[str, Admitted] = field(default_factory=dict)
    subjects: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def take(self, a: Admitted) -> None:
        """Remember what a sealed leaf names and states."""
        kind = KINDS.get(a.record.kind)
        if kind is None:
            return
        for named in kind.body.files(a.record.body):
            before = self.files.get(named["sha256"], ())
            self.files[named["sha256"]] = (*before, NamedFile(named["type"], a))
        subject = projection.subject_of(a.record.kind, a.record.body)
        self.subjects[subject] = (*self.subjects.get(subject, ()), a.index)
        if a.record.kind == CROSSING:
            self.crossings[a.record.id] = a
        elif a.record.kind == LEFT:
            self.leavings[a.record.body["crossing"]] = a
        elif a.record.kind == PREDICTION:
            self.predictions[a.record.id] = a
        elif a.record.kind == PREDICTED:
            self.outcomes[a.record.body["prediction"]] = a

    def about(self, subject: str, *, after: int) -> tuple[int, ...]:
        """Return the leaves above one that are sealed and about a subject, in order."""
        return tuple(one for one in self.subjects.get(subject, ()) if one > after)

    def naming(self, sha256: str) -> Iterator[Admitted]:
        """Yield the sealed records that name a file, in the order of the log."""
        yield from (one.by for one in self.files.get(sha256, ()))

    def type_of(self, sha256: str) -> str | None:
        """Return the media type under which the first sealed record names a file."""
        found = self.files.get(sha256, ())
        return found[0].type if found else None

    def days(self, zone: str, *, before: int) -> Iterator[int]:
        """Yield the day (since 1970) of each sealed crossing of a zone that began before a moment."""
        for one in self.crossings.values():
            entered_at = one.record.body["entered_at"]
            if one.record.body["zone"] == zone and entered_at < before:
                yield entered_at // DAY

    def zone_of(self, crossing: str) -> str:
        """Return the zone of a sealed crossing, or ""."""
        found = self.crossings.get(crossing)
        return "" if found is None else str(found.record.body["zone"])
