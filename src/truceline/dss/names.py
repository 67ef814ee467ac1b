"""Identifiers of the interface: UUIDs of version 4, addresses of USSs, OVN suffixes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from truceline.dss.volume import bad
from truceline.errors import Reason
from truceline.records.record import Micros

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_RANDOM, _TIMED = "4", "7"
_SUFFIX_SPAN = 5 * 60 * 1_000_000
_MOST_URL = 2_000
VERSION = re.compile(r"[0-9a-z]{20}")
"""What our version strings look like; other text is not one of ours."""


def read_id(text: object, *, where: str = "id") -> str:
    """Return a UUID of version 4 in its usual writing; refuses everything else."""
    found = _UUID.fullmatch(text.lower()) if isinstance(text, str) else None
    if found is None or found[1] != _RANDOM:
        raise bad(where, "not a UUID of version 4", Reason.BAD_FORMAT)
    return found[0]


def read_version(text: str) -> str:
    """Return a version string; refuses what cannot be one of ours."""
    if not VERSION.fullmatch(text):
        raise bad("version", "not a version string of this server", Reason.BAD_FORMAT)
    return text


def read_url(tree: Mapping[str, Any], *, http: bool, where: str = "uss_base_url") -> str:
    """Return the base URL of a USS; refuses what is not an address of https (or `http`)."""
    text = tree.get("uss_base_url")
    if isinstance(text, str) and 0 < len(text) <= _MOST_URL and text.isprintable():
        try:
            parts = urlsplit(text)
            schemes = ("https", "http") if http else ("https",)
            if parts.scheme in schemes and parts.hostname and not parts.query:
                return text
        except ValueError:
            pass
    raise bad(where, "the base URL of a USS is needed (https://...)", Reason.BAD_FORMAT)


def read_flag(tree: Mapping[str, Any], name: str) -> bool:
    """Return a truth value; absent is false."""
    value = tree.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise bad(name, "true or false is needed", Reason.WRONG_TYPE)


def requested_ovn(name: str, suffix: object, now: Micros) -> str:
    """Return the OVN that a USS asks for: `{id}_{suffix}`.

    The suffix is a UUID of version 7 made within five minutes of now, so that nobody can
    ask for an OVN that was there before.
    """
    found = _UUID.fullmatch(suffix.lower()) if isinstance(suffix, str) else None
    if found is None or found[1] != _TIMED:
        raise bad("requested_ovn_suffix", "not a UUID of version 7", Reason.BAD_FORMAT)
    made_at = int(found[0].replace("-", "")[:12], 16) * 1_000  # milliseconds come first (RFC 9562)
    if abs(made_at - now) > _SUFFIX_SPAN:
        raise bad("requested_ovn_suffix", "not made within five minutes of now", Reason.BAD_TIME)
    return f"{name}_{found[0]}"
