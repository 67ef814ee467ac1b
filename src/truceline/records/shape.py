"""The shapes that a record's body can have: a small vocabulary, checked at the door.

A shape says what a value looks like, in words for the documents and as a check
for the door. It knows nothing of meaning; that is the domain word's. Every field
that is not listed is refused (`UNKNOWN_FIELD`), so that nothing signed goes unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.records.canonical import MAX_INTEGER


class Shape:
    """What a value may look like."""

    optional = False

    def check(self, value: Any, where: str) -> None:
        """Raise `Malformed`, naming `where`, unless the value has this shape."""
        raise NotImplementedError

    def said(self) -> str:
        """The shape in words, for `docs/` and `truceline kinds`."""
        raise NotImplementedError

    def names_files(self) -> bool:
        """Say whether a value of this shape can hold file names."""
        return False

    def files(self, _value: Any) -> Iterator[Mapping[str, Any]]:
        """Yield the file names ({sha256, length, type}) inside the value."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Text(Shape):
    """A text of at least one and at most `most` characters."""

    most: int = 4_000
    optional: bool = False
    pattern: str = ""

    def check(self, value: Any, where: str) -> None:
        """See `Shape.check`."""
        if type(value) is not str or not 0 < len(value) <= self.most:
            raise Malformed(
                Reason.WRONG_TYPE,
                where=where,
                detail=f"must be text of 1 to {self.most} characters",
            )
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise Malformed(
                Reason.BAD_FORMAT,
                where=where,
                detail=f"{value!r} does not look like {self.pattern}",
            )

    def said(self) -> str:
        """See `Shape.said`."""
        return f"text up to {self.most}" + (f" like `{self.pattern}`" if self.pattern else "")


@dataclass(frozen=True, slots=True)
class Whole(Shape):
    """An integer between two bounds; `unit` is said in the documents."""

    least: int = 0
    most: int = MAX_INTEGER
    unit: str = ""
    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        """See `Shape.check`."""
        if type(value) is not int:
            raise Malformed(Reason.WRONG_TYPE, where=where, detail="must be an integer")
        if not self.least <= value <= self.most:
            raise Malformed(
                Reason.OUT_OF_RANGE,
                where=where,
                detail=f"{value} is outside {self.least}..{self.most}",
            )

    def said(self) -> str:
        """See `Shape.said`."""
        return f"integer {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Flag(Shape):
    """true or false."""

    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        """See `Shape.check`."""
        if type(value) is not bool:
            raise Malformed(Reason.WRONG_TYPE, where=where, detail="must be true or false")

    def said(self) -> str:
        """See `Shape.said`."""
        return "true or false"


@dataclass(frozen=True, slots=True)
class OneOf(Shape):
    """One of a few words."""

    words: tuple[str, ...]
    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        """See `Shape.check`."""
        if value not in self.words:
            raise Malformed(
                Reason.OUT_OF_RANGE, where=where, detail=f"must be one of {', '.join(self.words)}"
            )

    def said(self) -> str:
        """See `Shape.said`."""
        return " | ".join(self.words)


@dataclass(frozen=True, slots=True)
class ListOf(Shape):
    """A list of at most `most` items of one shape."""

    item: Shape
    most: int = 200
    least: int = 0
    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        """See `Shape.check`."""
        if type(value) is not list or not self.least <= len(value) <= self.most:
            raise Malformed(
                Reason.WRONG_TYPE,
                where=where,
                detail=f"must be a list of {self.least} to {self.most}",
            )
        for number, item in enumerate(value):
            self.item.check(item, f"{where}[{number}]")

    def said(self) -> str:
        """See `Shape.said`."""
        return f"list of ({self.item.said()})"

    def names_files(self) -> bool:
        """See `Shape.names_files`."""
        return self.item.names_files()

    def files(self, value: Any) -> Iterator[Mapping[str, Any]]:
        """See `Shape.files`."""
        for item in value:
            yield from self.item.files(item)


@dataclass(frozen=True, slots=True)
class Named(Shape):
    """An object with free keys that look alike, such as texts by language."""

    item: Shape
    key: str = r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?"
    key_said: str = "language (BCP 47)"
    most: int = 40
    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        """See `Shape.check`."""
        if type(value) is not dict or not 1 <= len(value) <= self.most:
            raise Malformed(
                Reason.WRONG_TYPE,
                where=where,
                detail=f"must be an object with 1 to {self.most} entries",
            )
        for name, item in value.items():
            if not re.fullmatch(self.key, name):
                raise Malformed(
                    Reason.BAD_FORMAT,
                    where=f"{where}.{name}",
                    detail=f"{name!r} is not a {self.key_said}",
                )
            self.item.check(item, f"{where}.{name}")

    def said(self) -> str:
        """See `Shape.said`."""
        return f"{{{self.key_said}: {self.item.said()}}}"

    def names_files(self) -> bool:
        """See `Shape.names_files`."""
        return self.item.names_files()

    def files(self, value: Any) -> Iterator[Mapping[str, Any]]:
        """See `Shape.files`."""
        for item in value.values():
            yield from self.item.files(item)


@dataclass(frozen=True, slots=True)
class Fields(Shape):
    """An object with exactly these fields; optional ones may be absent, never null."""

    fields: Mapping[str, Shape] = field(default_factory=dict)
    optional: bool = False
    _filed: tuple[str, ...] = field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Note which fields can hold file names: most bodies have none, and all are asked."""
        filed = tuple(name for name, shape in self.fields.items() if shape.names_files())
        object.__setattr__(self, "_filed", filed)

    def check(self, value: Any, where: str) -> None:
        """See `Shape.check`."""
        if type(value) is not dict:
            raise Malformed(Reason.WRONG_TYPE, where=where, detail="must be an object")
        for name in value.keys() - self.fields.keys():
            raise Malformed(
                Reason.UNKNOWN_FIELD, where=f"{where}.{name}", detail="no such field in this kind"
            )
        for name, shape in self.fields.items():
            if name in value:
                shape.check(value[name], f"{where}.{name}")
            elif not shape.optional:
                raise Malformed(
                    Reason.MISSING_FIELD, where=f"{where}.{name}", detail="the field is missing"
                )

    def said(self) -> str:
        """See `Shape.said`."""
        inside = ", ".join(
            f"{name}{'?' if shape.optional else ''}: {shape.said()}"
            for name, shape in self.fields.items()
        )
        return f"{{{inside}}}"

    def names_files(self) -> bool:
        """See `Shape.names_files`."""
        return bool(self._filed)

    def files(self, value: Any) -> Iterator[Mapping[str, Any]]:
        """See `Shape.files`."""
        for name in self._filed:
            if name in value:
                yield from self.fields[name].files(value[name])


@dataclass(frozen=True, slots=True)
class File(Shape):
    """A file by its name: SHA-256, length in bytes, media type."""

    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        """See `Shape.check`."""
        _FILE_FIELDS.check(value, where)

    def said(self) -> str:
        """See `Shape.said`."""
        return "file {sha256, length, type}"

    def names_files(self) -> bool:
        """See `Shape.names_files`."""
        return True

    def files(self, value: Any) -> Iterator[Mapping[str, Any]]:
        """See `Shape.files`."""
        yield value


_FILE_FIELDS = Fields(
    {
        "sha256": Text(64, pattern=r"[0-9a-f]{64}"),
        "length": Whole(0, 2**40, "bytes"),
        "type": Text(200, pattern=r"[\w.+-]+/[\w.+-]+(; ?[\w=\"-]+)*"),
    }
)


def may(shape: Shape) -> Shape:
    """Return the same shape, but the field may be absent."""
    values = {name: getattr(shape, name) for name in shape.__dataclass_fields__ if name[0] != "_"}  # type: ignore[attr-defined]
    return type(shape)(**{**values, "optional": True})


CODE = Text(64, pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""A short name that people use: a body, a zone, a post, an instrument."""
ULID = Text(26, pattern=r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
SHA256 = Text(64, pattern=r"[0-9a-f]{64}")
KEY_ID = Text(32, pattern=r"[0-9a-f]{32}")
PUBLIC_KEY = Text(44, pattern=r"[A-Za-z0-9+/]{43}=")
TIME = Whole(0, 2**52, "microseconds since 1970, UTC")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TEXTS = Named(Text(20_000))
TITLES = Named(Text(400))
LAT = Whole(-900_000_000, 900_000_000, "1e-7 degree")
LON = Whole(-1_800_000_000, 1_800_000_000, "1e-7 degree")
