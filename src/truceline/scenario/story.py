"""The guide of the demonstration: what to look at, and through whose eyes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from truceline.records.record import Micros
from truceline.scenario import material


@dataclass(frozen=True, slots=True)
class Storyline:
    """One thing to look at: when, where, and what it shows."""

    code: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    at: Micros
    view: Mapping[str, float]
    zone: str = ""


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """Somebody through whose eyes the page can be seen; `token` "" is the public."""

    code: str
    title: Mapping[str, str]
    officer: str = ""
    token: str = ""


def storylines() -> tuple[Storyline, ...]:
    """Return the storylines in the order in which they are told."""
    return tuple(
        Storyline(**{**one, "at": material.micros(one["at"])}) for one in material.story()["story"]
    )


def roles(token_for: Callable[[str], str]) -> tuple[RoleChoice, ...]:
    """Return the roles; `token_for` gives a token that reads as an officer."""
    return tuple(
        RoleChoice(**one, token=token_for(one["officer"]) if "officer" in one else "")
        for one in material.story()["role"]
    )
