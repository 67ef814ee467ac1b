"""Bytes of answers: JSON once encoded, times and degrees in the forms of the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.responses import Response

from truceline.errors import Malformed, Reason

JSON = "application/json"
GEOJSON = "application/geo+json"

_MOST = 253_402_300_799_999_999
"""The last microsecond of the year 9999: what ISO 8601 and our records both can say."""


def answer(value: Any, *, status: int = 200, media_type: str = JSON) -> Response:
    """Return a value as an answer."""
    return ready(encode(value), status=status, media_type=media_type)


def ready(data: bytes, *, status: int = 200, media_type: str = JSON) -> Response:
    """Return bytes that are encoded already as an answer."""
    return Response(data, status_code=status, media_type=media_type)


def encode(value: Any) -> bytes:
    """Return the JSON of a value; NaN and infinities do not occur in our values."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def moment(micros: int | None) -> str | None:
    """Return microseconds since 1970 as ISO 8601 with Z, or None."""
    if micros is None:
        return None
    seconds, rest = divmod(min(max(micros, 0), _MOST), 1_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:06d}Z" if rest else f"{text}Z"


def instant(text: str, *, where: str) -> int:
    """Return microseconds since 1970 for ISO 8601 with an offset, or for a bare integer."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        found = int(text)
    else:
        found = _iso(text.replace(" ", "+"), where)  # a plus in a query is often sent bare
    if not 0 <= found <= _MOST:
        raise Malformed(
            Reason.OUT_OF_RANGE, where=where, detail="the moment is before 1970 or after 9999"
        )
    return found


def degrees(e7: int) -> float:
    """Return integers of 1e-7 degree as decimal degrees."""
    return e7 / 10_000_000


def _iso(text: str, where: str) -> int:
    try:
        read = datetime.fromisoformat(text)
        aware = read if read.tzinfo else read.replace(tzinfo=UTC)
        apart = aware - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Malformed(
            Reason.BAD_TIME,
            where=where,
            detail=f"{text[:40]!r} is not a moment in ISO 8601",
            remedy="Write it like 2017-05-06T00:00:00Z",
        ) from None
    return (apart.days * 86_400 + apart.seconds) * 1_000_000 + apart.microseconds
