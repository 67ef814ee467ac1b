"""Deposited files: originals, texts, zone contents, evidence; each known by its SHA-256.

A file is never changed and never renamed: its name is its hash. It is durable
before anybody is told its name, so a record that names it never outlives it.
What comes back is checked against the name each time; a file that rotted or was
exchanged on the disk is `Unproven`, not an answer.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline.errors import Malformed, Reason, Refused, Unproven
from truceline.store import atomic

MAX_FILE_BYTES = 256 * 2**20
"""The most that one deposit may have, whatever the settings say."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w=\"-]+)*")
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class FileName:
    """How a record names a file: SHA-256 in hex, length in bytes, media type."""

    sha256: str
    length: int
    type: str

    def tree(self) -> dict[str, Any]:
        """The name as it stands in a record's body."""
        return {"sha256": self.sha256, "length": self.length, "type": self.type}


class Files:
    """The folder of deposited files; safe to use from several threads and processes."""

    def __init__(self, folder: Path, *, most: int = MAX_FILE_BYTES) -> None:
        self._folder = folder
        self._most = min(most, MAX_FILE_BYTES)

    def put(self, data: bytes | Iterable[bytes], media_type: str) -> FileName:
        """Deposit bytes, or a stream of them, and return their name.

        Durable when this returns; the same bytes again give the same name. Refuses
        a media type that is none and more bytes than the limit; raises
        `Unavailable` when the disk is full.
        """
        if not _TYPE.fullmatch(media_type) or len(media_type) > 200:
            raise Malformed(
                Reason.BAD_FORMAT, where="type", detail=f"{media_type[:80]!r} is not a media type"
            )
        with atomic.disk_told("files"):
            atomic.make_folder(self._folder)
            return self._take_in([data] if isinstance(data, bytes) else data, media_type)

    def _take_in(self, chunks: Iterable[bytes], media_type: str) -> FileName:
        handle, beside_name = tempfile.mkstemp(prefix=".", suffix=".partial", dir=self._folder)
        beside = Path(beside_name)
        try:
            digest, length = self._fill(handle, chunks)
            place = self.path(digest)
            # The bytes are on the disk before the name is: whoever sees the name
            # sees all of them. A crash before the rename leaves a `.partial` file
            # that nothing names.
            if place.exists():
                beside.unlink()
            else:
                atomic.make_folder(place.parent)
                beside.chmod(0o444)
                beside.replace(place)
                atomic.sync_folders((place.parent,))
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        return FileName(digest, length, media_type)

    def _fill(self, handle: int, chunks: Iterable[bytes]) -> tuple[str, int]:
        digest, length = hashlib.sha256(), 0
        with os.fdopen(handle, "wb") as out:
            for chunk in chunks:
                length += len(chunk)
                if length > self._most:
                    raise Malformed(
                        Reason.TOO_LARGE,
                        where="file",
                        detail=f"the file has more than {self._most} bytes",
                        remedy="Split it, or ask the installation for a higher limit",
                    )
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        return digest.hexdigest(), length

    def path(self, sha256: str) -> Path:
        """Where a file lies; the name is checked, so no path leads outside the folder."""
        if not _SHA256.fullmatch(sha256):
            raise Malformed(Reason.BAD_FORMAT, where="sha256", detail="64 hex digits are needed")
        return self._folder / sha256[:2] / sha256[2:4] / sha256

    def has(self, sha256: str, length: int | None = None) -> bool:
        """Say whether a file is here, with this length if one is given."""
        try:
            found = self.path(sha256).stat()
        except FileNotFoundError:
            return False
        return length is None or found.st_size == length

    def read(self, sha256: str) -> bytes:
        """Return a file's bytes, proved against its name."""
        try:
            data = self.path(sha256).read_bytes()
        except FileNotFoundError:
            raise Refused(
                Reason.NOT_FOUND, where="file", detail=f"no file {sha256} is here"
            ) from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise _rotten(sha256)
        return data

    def stream(self, sha256: str) -> Iterator[bytes]:
        """Yield a file's bytes by the mebibyte; raises `Unproven` at the end if they are not it."""
        digest = hashlib.sha256()
        with self.path(sha256).open("rb") as source:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() != sha256:
            raise _rotten(sha256)

    def names(self) -> Iterator[str]:
        """Yield the SHA-256 of every file, in order."""
        for path in sorted(self._folder.glob("??/??/*")):
            if _SHA256.fullmatch(path.name):
                yield path.name


def _rotten(sha256: str) -> Unproven:
    return Unproven(
        Reason.CORRUPT,
        where=f"file {sha256}",
        detail="the bytes on the disk are not those that the name says",
        remedy="Restore the file from a copy; any copy with this SHA-256 is the right one",
    )
