"""Fetching the public keys of the authority that gives USSs their tokens (RFC 7517)."""

from __future__ import annotations

import json
from typing import Any

from truceline.errors import Malformed, Reason, Unavailable

_MOST_BYTES = 2**20


def fetch(url: str, *, timeout_s: float) -> Any:
    """Return the JSON at a URL; `Unavailable` when it cannot be had, `Malformed` when it is none."""
    import httpx  # noqa: PLC0415 -- slow to load, and few installations have a drone interface

    try:
        with httpx.stream(
            "GET", url, timeout=timeout_s, follow_redirects=False, trust_env=False
        ) as answer:
            data = b""
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > _MOST_BYTES:
                    break
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _away(f"the keys cannot be fetched: {error}") from None
    if answer.status_code != httpx.codes.OK:
        raise _away(f"the keys' server answered {answer.status_code}")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Malformed(Reason.NOT_JSON, where="setting dss_jwks", detail="not JSON") from None


def _away(detail: str) -> Unavailable:
    return Unavailable(Reason.BUSY, where="setting dss_jwks", detail=detail)
