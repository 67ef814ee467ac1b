"""Canonical bytes: the one way in which a record is written down.

RFC 8785 (JSON Canonicalization Scheme), narrowed so that a fast sorted encoder
*is* RFC 8785: ASCII keys, no floating-point number, every integer below 2^53 in
size, no U+0000 in text. Bytes that do not encode again to themselves are refused,
so a signature never depends on how somebody's parser reads a duplicate key.

`tests/records/test_canonical.py` holds this file against the `rfc8785` package.
"""

from __future__ import annotations

from typing import Any

import orjson

from truceline.errors import Malformed, Reason

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 24

type Json = dict[str, Any] | list[Any] | str | int | bool | None


def encode(value: Json) -> bytes:
    """Return the RFC 8785 bytes of `value`.

    Raises `Malformed` for a float, an integer of 2^53 or more, a key that is not
    ASCII, U+0000 in text, or nesting deeper than `MAX_DEPTH`.
    """
    if not _is_plain(value, MAX_DEPTH):
        check(value)
    return encode_checked(value)


def encode_checked(value: Json) -> bytes:
    """Like `encode`, for a value this program built from checked parts."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except (orjson.JSONEncodeError, TypeError) as error:
        raise Malformed(Reason.WRONG_TYPE, detail=f"not encodable as JSON: {error}") from None


def decode(data: bytes, *, where: str = "record") -> Any:
    """Return the value written in `data`, which must be canonical bytes."""
    value = parse(data, where=where)
    if not _is_plain(value, MAX_DEPTH):
        check(value, where=where)
    if encode_checked(value) != data:
        raise Malformed(
            Reason.NOT_CANONICAL,
            where=where,
            detail="these bytes are JSON but not canonical: they do not encode again to themselves",
        )
    return value


def parse(data: bytes, *, where: str = "input") -> Any:
    """Return the JSON value in `data`, canonical or not."""
    try:
        return orjson.loads(data)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise Malformed(Reason.NOT_JSON, where=where, detail=f"not JSON: {error}") from None


def _is_plain(value: Any, deeper: int) -> bool:
    """Say whether `check` would find nothing; it names no place, and so is three times as fast."""
    kind = type(value)
    if kind is str:
        return "\x00" not in value
    if kind is int:
        return bool(-MAX_INTEGER <= value <= MAX_INTEGER)
    if kind is dict:
        return (deeper > 0 or not value) and all(
            type(key) is str
            and key.isascii()
            and "\x00" not in key
            and _is_plain(inner, deeper - 1)
            for key, inner in value.items()
        )
    if kind is list or kind is tuple:
        return (deeper > 0 or not value) and all(_is_plain(inner, deeper - 1) for inner in value)
    return value is None or kind is bool


def check(value: object, *, where: str = "", depth: int = 0) -> None:
    """Refuse what canonical bytes may not hold; `where` names the place in the error."""
    if depth > MAX_DEPTH:
        raise Malformed(Reason.TOO_DEEP, where=where, detail=f"nested deeper than {MAX_DEPTH}")
    kind = type(value)
    if kind is str:
        if "\x00" in value:  # type: ignore[operator]  # kind says it is a str
            raise Malformed(Reason.BAD_TEXT, where=where, detail="text holds the character U+0000")
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]
            raise Malformed(
                Reason.INTEGER_TOO_LARGE, where=where, detail=f"{value} is out of range"
            )
    elif kind is dict:
        for key, inner in value.items():  # type: ignore[attr-defined]
            if type(key) is not str or not key.isascii() or "\x00" in key:
                raise Malformed(
                    Reason.BAD_TEXT, where=where, detail=f"key {key!r} is not ASCII text"
                )
            check(inner, where=f"{where}.{key}", depth=depth + 1)
    elif kind is list or kind is tuple:
        for number, inner in enumerate(value):  # type: ignore[arg-type]
            check(inner, where=f"{where}[{number}]", depth=depth + 1)
    elif kind is float:
        raise Malformed(Reason.FLOAT, where=where, detail=f"{value} is a floating-point number")
    elif value is not None and kind is not bool:
        raise Malformed(Reason.WRONG_TYPE, where=where, detail=f"{kind.__name__} has no JSON form")
