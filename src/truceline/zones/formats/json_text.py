"""JSON as foreign documents write it, read so that nothing is guessed and nothing lost.

Numbers keep their spelling (`1.10` stays `1.10`), so that a field we do not interpret
comes out as it went in. NaN and infinity, which JSON does not have but programs
write, are refused; so are duplicate keys, behind which two readers see two values.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from truceline.errors import Malformed, Reason

MAX_DEPTH = 200


class Spelled(float):
    """A number that remembers how it was written."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Spelled:
        """Read the number; its text is kept."""
        made = super().__new__(cls, text)
        made.text = text
        return made


def parse(data: bytes, *, where: str) -> Any:
    """Return the JSON value in UTF-8 bytes (a byte order mark is allowed)."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(
            Reason.BAD_TEXT, where=where, detail=f"not UTF-8 at byte {error.start}"
        ) from None
    return parse_text(text, where=where)


def parse_text(text: str, *, where: str) -> Any:
    """Return the JSON value in a text."""
    try:
        return json.loads(
            text,
            parse_float=Spelled,
            parse_int=_integer,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        raise Malformed(
            Reason.NOT_JSON,
            where=f"{where}, line {error.lineno}, column {error.colno}",
            detail=f"not JSON: {error.msg}",
        ) from None
    except RecursionError:
        raise Malformed(
            Reason.TOO_DEEP, where=where, detail="nested too deep to be a zone file"
        ) from None


def dump(value: Any) -> str:
    """Return the shortest text of a value; numbers as they were spelled, keys in their order."""
    match value:
        case Spelled():
            return value.text
        case float() if math.isfinite(value):
            return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
        case Mapping():
            return "{" + ",".join(f"{_text(key)}:{dump(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(dump(one) for one in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _integer(text: str) -> int | Spelled:
    """A whole number of a sane size; a longer one keeps its spelling and is no count of ours."""
    return int(text) if len(text) <= 18 and text != "-0" else Spelled(text)


def _constant(text: str) -> Any:
    raise Malformed(
        Reason.OUT_OF_RANGE,
        where="number",
        detail=f"{text} is not a number that JSON has",
        remedy="Leave the field out where the value is not known",
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise Malformed(
            Reason.CONTRADICTS,
            where=f"field {twice!r}",
            detail="the field stands twice in one object, so two readers may see two values",
            remedy="Keep one",
        )
    return made
