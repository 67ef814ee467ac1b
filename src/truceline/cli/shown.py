"""What the command line prints: plain aligned text, or JSON. Nothing else writes to the terminal."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

_GAP = "  "


def say(text: str = "") -> None:
    """Print a line for the reader."""
    sys.stdout.write(_safe(text) + "\n")


def warn(text: str) -> None:
    """Print a line beside the output, on the error stream."""
    sys.stderr.write(_safe(text) + "\n")


def as_json(value: Any) -> None:
    """Print a value as JSON for programs."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str) -> None:
    """Print rows in aligned columns; `columns` maps a key to its heading."""
    lines = [[_cell(row.get(key)) for key in columns] for row in rows]
    if not lines:
        say(empty)
        return
    headed = [list(columns.values()), *lines]
    widths = [max(_width(line[at]) for line in headed) for at in range(len(columns))]
    for line in headed:
        padded = (
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        )
        say(_GAP.join(padded).rstrip())


def facts(pairs: Mapping[str, Any]) -> None:
    """Print names and values, one a line; what is absent is left out."""
    width = max((len(name) for name in pairs), default=0)
    for name, value in pairs.items():
        if value is not None and value not in ([], ""):
            say(f"{name:<{width}}{_GAP}{_cell(value)}")


def titled(texts: Mapping[str, str] | None, language: str = "en") -> str:
    """Return a text in the reader's language, else in English, else in any."""
    if not texts:
        return ""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()))


def moment(micros: int | None) -> str:
    """Return microseconds since 1970 as ISO 8601 in UTC."""
    if micros is None:
        return ""
    try:
        made = datetime.fromtimestamp(micros / 1_000_000, UTC)
    except (OverflowError, OSError, ValueError):
        return f"{micros} us"
    return made.isoformat(timespec="seconds").replace("+00:00", "Z")


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return titled(value) if all(isinstance(one, str) for one in value.values()) else str(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_cell(one) for one in value) or "-"
    return str(value).replace("\n", " ")


def _width(text: str) -> int:
    """Columns that a terminal gives the text: marks take none, wide letters two."""
    return sum(
        0
        if unicodedata.combining(letter)
        else 2
        if unicodedata.east_asian_width(letter) in "WF"
        else 1
        for letter in text
    )


def _safe(text: str) -> str:
    """Replace control characters: a name in a record must not steer someone's terminal."""
    return "".join(
        letter if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cf") else "\ufffd"
        for letter in text
    )
