"""The scenario's data files, read into values. What is in them is said in `data/SOURCES.md`.

The story is data: who the bodies are, what they say and when, what flies. This module
reads it and turns nothing down but a file that is not there or not what it should be.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.records.record import Micros

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Body:
    """A body of the exercise. `witness` is the name of its witness, or ""."""

    code: str
    name: Mapping[str, str]
    capacity: str
    witness: str = ""
    invented: bool = False


@dataclass(frozen=True, slots=True)
class Officer:
    """An invented officer: `code` is the pseudonym; `name` and `contact` are sealed."""

    code: str
    body: str
    roles: tuple[str, ...]
    name: str
    contact: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Everyone in the play, and the log they found."""

    origin: str
    title: Mapping[str, str]
    time_zone: str
    quorum: int
    bodies: tuple[Body, ...]
    officers: tuple[Officer, ...]

    @property
    def witnesses(self) -> tuple[Body, ...]:
        """The bodies that run a witness."""
        return tuple(one for one in self.bodies if one.witness)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody says at a moment. `refused` is the reason the door should give."""

    key: str
    at: Micros
    by: str
    kind: str
    body: Mapping[str, Any] = field(default_factory=dict)
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Handing:
    """A sealed part of the first crossing of a zone on a day, handed to a body."""

    at: Micros
    zone: str
    entered_on: Micros
    part: str
    to: str
    purpose: str


@cache
def cast() -> Cast:
    """Return the cast of `parties.toml`."""
    tree = _toml("parties.toml")
    return Cast(
        origin=tree["origin"],
        title=tree["title"],
        time_zone=tree["time_zone"],
        quorum=tree["quorum"],
        bodies=tuple(Body(**one) for one in tree["body"]),
        officers=tuple(Officer(**{**one, "roles": tuple(one["roles"])}) for one in tree["officer"]),
    )


@cache
def acts() -> tuple[Act, ...]:
    """Return the acts of `timeline.toml`, in the order of their times."""
    made = [
        Act(**{**one, "at": micros(one["at"]), "body": timed(one["body"])})
        for one in _toml("timeline.toml")["act"]
    ]
    return tuple(sorted(made, key=lambda one: one.at))


@cache
def handings() -> tuple[Handing, ...]:
    """Return the handings of `timeline.toml`, in the order of their times."""
    made = [Handing(**timed(one)) for one in _toml("timeline.toml")["handing"]]
    return tuple(sorted(made, key=lambda one: one.at))


@cache
def sources() -> Mapping[str, str]:
    """Return the address of each published source by its key."""
    return _toml("sources.toml")


def flights() -> Mapping[str, Any]:
    """Return `flights.toml` as it stands; `flights.py` makes tracks of it."""
    return _toml("flights.toml")


def contents() -> Mapping[str, Any]:
    """Return `contents.toml` as it stands; `contents.py` makes zone contents of it."""
    return _toml("contents.toml")


def story() -> Mapping[str, Any]:
    """Return `story.toml` as it stands; `story.py` makes the demonstration's guide of it."""
    return _toml("story.toml")


def file(path: str) -> bytes:
    """Return the bytes of a data file by its path below `data/`."""
    try:
        return (DATA / path).read_bytes()
    except FileNotFoundError:
        raise Malformed(
            Reason.NOT_FOUND,
            where=f"scenario/data/{path}",
            detail="the file is missing from this installation of the package",
            remedy="Install the package again",
        ) from None


def micros(at: datetime) -> Micros:
    """Return a moment of the data files, which all carry their offset, as a record has it."""
    whole = int(at.replace(microsecond=0).timestamp())
    return Micros(whole * 1_000_000 + at.microsecond)


def timed(value: Any) -> Any:
    """Return a tree of the data files with its moments written as records write them."""
    match value:
        case datetime():
            return micros(value)
        case dict():
            return {name: timed(inner) for name, inner in value.items()}
        case list():
            return [timed(inner) for inner in value]
        case _:
            return value


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(file(name).decode("utf-8"))
