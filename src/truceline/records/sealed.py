"""Sealed parts: what the leaf commits to without saying it.

As in SD-JWT (RFC 9901, section 4.2): a disclosure is the base64url text of the
JSON array [salt, name, value]; the record holds only SHA-256 digests of such
texts. Each part has its own 128-bit salt, so one part handed out says nothing of
another, and equal values have unequal digests. Erasing a part means destroying
its disclosure; the digest stays and proves nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from truceline.errors import Malformed, Reason, Unproven
from truceline.records import canonical

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One sealed part in clear: keep it apart from the log."""

    salt: bytes
    name: str
    value: Any

    def text(self) -> str:
        """The disclosure as it is handed over: base64url without padding."""
        salt = base64.urlsafe_b64encode(self.salt).rstrip(b"=").decode("ascii")
        return (
            base64.urlsafe_b64encode(canonical.encode([salt, self.name, self.value]))
            .rstrip(b"=")
            .decode("ascii")
        )

    def digest(self) -> str:
        """What stands in the record's `sealed`: base64url of SHA-256 over the text."""
        return digest_of(self.text())


def digest_of(text: str) -> str:
    """Return the digest of a disclosure text."""
    return (
        base64.urlsafe_b64encode(hashlib.sha256(text.encode("ascii", "replace")).digest())
        .rstrip(b"=")
        .decode()
    )


def seal(parts: Mapping[str, Any], salts: Callable[[], bytes]) -> tuple[Disclosure, ...]:
    """Return one disclosure per part; `salts()` gives `SALT_BYTES` fresh random bytes each time."""
    return tuple(Disclosure(salts(), name, parts[name]) for name in sorted(parts))


def digests(disclosures: Iterable[Disclosure]) -> tuple[str, ...]:
    """Return the digests as a record lists them: sorted, so that order tells nothing."""
    return tuple(sorted(one.digest() for one in disclosures))


def read(text: str, *, where: str = "disclosure") -> Disclosure:
    """Return the disclosure in its text, or raise `Malformed`."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, TypeError):
        raise Malformed(
            Reason.BAD_FORMAT, where=where, detail="a disclosure is base64url"
        ) from None
    value = canonical.decode(raw, where=where)
    if (
        type(value) is not list
        or len(value) != 3
        or type(value[0]) is not str
        or type(value[1]) is not str
    ):
        raise Malformed(
            Reason.WRONG_TYPE, where=where, detail="a disclosure is [salt, name, value]"
        )
    try:
        salt = base64.b64decode(
            value[0] + "=" * (-len(value[0]) % 4), altchars=b"-_", validate=True
        )
    except ValueError:
        raise Malformed(Reason.BAD_FORMAT, where=where, detail="the salt is base64url") from None
    if len(salt) < SALT_BYTES:
        raise Malformed(
            Reason.OUT_OF_RANGE, where=where, detail=f"a salt has at least {SALT_BYTES} bytes"
        )
    made = Disclosure(salt, value[1], value[2])
    if made.text() != text:
        raise Malformed(Reason.NOT_CANONICAL, where=where, detail="the text has another spelling")
    return made


def opened(sealed: Sequence[str], disclosures: Iterable[Disclosure]) -> dict[str, Any]:
    """Return the parts that `disclosures` open, each proved to stand in `sealed`.

    Raises `Unproven` for a disclosure that the record does not commit to, and
    `Malformed` when two open the same name.
    """
    parts: dict[str, Any] = {}
    for one in disclosures:
        if one.digest() not in sealed:
            raise Unproven(
                Reason.DISCLOSURE_MISMATCH,
                where=one.name,
                detail="the record does not commit to this disclosure",
            )
        if one.name in parts:
            raise Malformed(
                Reason.CONTRADICTS, where=one.name, detail="two disclosures open the same part"
            )
        parts[one.name] = one.value
    return parts
