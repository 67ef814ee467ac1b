"""Signed notes (C2SP signed-note, Go's sumdb/note): text with signature lines.

Two kinds of signature are known: Ed25519 (0x01), by which a log signs its
checkpoint, and the timestamped cosignature/v1 (0x04) of a witness
(`cosignature.py`). A line by an unknown key is ignored, as the format demands; a
bad signature by a known key makes the whole note worthless.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from truceline.errors import Malformed, Reason, Unproven
from truceline.records import keys
from truceline.records.keys import SigningKey

ED25519 = 0x01
COSIGNATURE_V1 = 0x04
MAX_NOTE_BYTES = 64 * 1024
MAX_SIGNATURES = 64

_DASH = "— "
_NAME_BYTES = 255
_BREAK = b"\n\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A named public key, as written in a `vkey`: name+keyid+base64(type || public key)."""

    name: str
    public: bytes
    algorithm: int = ED25519

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name || LF || type || public key)."""
        return sha256(b"%s\n%c%s" % (self.name.encode(), self.algorithm, self.public)).digest()[:4]

    def text(self) -> str:
        """The key in vkey form, without a newline."""
        coded = base64.b64encode(bytes([self.algorithm]) + self.public).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{coded}"


def read_vkey(text: str, *, where: str = "vkey") -> VerifierKey:
    """Return the key in a vkey; a wrong key id, type or point is refused."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise Malformed(Reason.BAD_KEY, where=where, detail="a vkey is name+keyid+base64 key")
    name, named_id, coded = parts
    raw = _base64(coded, where)
    check_name(name, where=where)
    if not raw or raw[0] not in (ED25519, COSIGNATURE_V1):
        raise Malformed(
            Reason.BAD_KEY, where=where, detail="the vkey has an unknown signature type"
        )
    public = keys.public_from_text(base64.b64encode(raw[1:]).decode("ascii"), where=where)
    key = VerifierKey(name, public, raw[0])
    if key.key_id.hex() != named_id:
        raise Malformed(
            Reason.BAD_KEY, where=where, detail="the key id does not belong to this name and key"
        )
    return key


def check_name(name: str, *, where: str = "key name") -> None:
    """Refuse a key name that a signature line cannot carry."""
    printable = name.isprintable() and not any(letter.isspace() for letter in name)
    if (
        not name
        or "+" in name
        or not printable
        or len(name.encode("utf-8", "replace")) > _NAME_BYTES
    ):
        raise Malformed(
            Reason.BAD_TEXT,
            where=where,
            detail="a key name has no space, plus or control character",
        )


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature: key name, four-byte key id, and the bytes that follow it."""

    name: str
    key_id: bytes
    signature: bytes

    def text(self) -> str:
        """The line, newline included."""
        coded = base64.b64encode(self.key_id + self.signature).decode("ascii")
        return f"{_DASH}{self.name} {coded}\n"

    def is_by(self, key: VerifierKey) -> bool:
        """Say whether the line claims to be by `key`; the signature is not checked."""
        return self.name == key.name and self.key_id == key.key_id


@dataclass(frozen=True, slots=True)
class Note:
    """A text, its last newline included, and its signature lines."""

    text: str
    signatures: tuple[SignatureLine, ...]

    def encode(self) -> bytes:
        """The note's bytes."""
        return f"{self.text}\n{''.join(line.text() for line in self.signatures)}".encode()

    def adding(self, lines: Iterable[SignatureLine]) -> Note:
        """The note with more signature lines; one that is there already is not repeated."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *lines))))


def read(data: bytes, *, where: str = "note") -> Note:
    """Return the note in `data`; its signatures are not checked."""
    text, cut, tail = _text(data, where).rpartition("\n\n")
    if not cut or not tail.endswith("\n"):
        raise Malformed(
            Reason.BAD_FORMAT,
            where=where,
            detail="a note is text, an empty line, and signature lines",
        )
    return Note(text + "\n", read_lines(tail, where=where))


def read_lines(text: str, *, where: str = "note") -> tuple[SignatureLine, ...]:
    """Return the signature lines in `text`, of which there must be at least one."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise Malformed(
            Reason.TOO_MANY, where=where, detail=f"more than {MAX_SIGNATURES} signatures"
        )
    return tuple(_line(line, f"{where} signature {number}") for number, line in enumerate(lines, 1))


def _text(data: bytes, where: str) -> str:
    if len(data) > MAX_NOTE_BYTES:
        raise Malformed(
            Reason.TOO_LARGE, where=where, detail=f"the note has more than {MAX_NOTE_BYTES} bytes"
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(Reason.BAD_TEXT, where=where, detail="not UTF-8") from None
    if any(letter < " " and letter != "\n" for letter in text):
        raise Malformed(
            Reason.BAD_TEXT, where=where, detail="a note holds no control character but newline"
        )
    return text


def _line(line: str, where: str) -> SignatureLine:
    name, _, coded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not coded:
        raise Malformed(Reason.BAD_FORMAT, where=where, detail="not a signature line")
    check_name(name, where=where)
    raw = _base64(coded, where)
    if len(raw) < 5:
        raise Malformed(
            Reason.BAD_FORMAT, where=where, detail="a signature has a four-byte key id and more"
        )
    return SignatureLine(name, raw[:4], raw[4:])


def _base64(text: str, where: str) -> bytes:
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (ValueError, UnicodeEncodeError):
        raise Malformed(Reason.BAD_FORMAT, where=where, detail="not base 64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise Malformed(
            Reason.NOT_CANONICAL, where=where, detail="base 64 has stray bits at its end"
        )
    return data


# -- Ed25519 (0x01) -----------------------------------------------------------


def sign(text: str, name: str, key: SigningKey) -> SignatureLine:
    """Return the Ed25519 signature line of `text`, which ends in a newline."""
    named = VerifierKey(name, key.public)
    return SignatureLine(name, named.key_id, key.sign(text.encode()))


def verify(note: Note, key: VerifierKey, *, where: str = "note") -> None:
    """Raise `Unproven` unless the note carries this key's good Ed25519 signature.

    Every line by the key must hold, not only one: a note with a good and a bad
    signature by one key is refused.
    """
    lines = [line for line in note.signatures if line.is_by(key)]
    if not lines:
        raise Unproven(Reason.BAD_SIGNATURE, where=where, detail=f"no signature by {key.name}")
    for line in lines:
        if key.algorithm != ED25519 or not keys.holds(
            key.public, note.text.encode(), line.signature
        ):
            raise Unproven(
                Reason.BAD_SIGNATURE,
                where=where,
                detail=f"the signature by {key.name} does not hold",
            )
