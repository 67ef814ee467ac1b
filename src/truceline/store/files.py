"""Deposited files: originals, texts, zone contents, evidence; each known by its SHA-256.

A file is never changed and never renamed: its name is its hash. It is durable
before anybody is told its name, so a record that names it never outlives it.
What comes back is checked against the name each time; a file that rotted or was
exchanged on the disk is `Unproven`, not an answer.

A file may be kept sealed: under the data key, in a folder of its own, under the same
name and with the same ways to ask for it. What was put in both ways is kept sealed.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline.errors import Malformed, Reason, Refused, Unavailable, Unproven
from truceline.store import atomic, boxed

MAX_FILE_BYTES = 256 * 2**20
"""The most that one deposit may have, whatever the settings say."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w=\"-]+)*")
_CHUNK = 2**20
_WHERE = "data folder, files/"
_WHERE_SEALED = "data folder, sealed/files/"


@dataclass(frozen=True, slots=True)
class FileName:
    """How a record names a file: SHA-256 in hex, length in bytes, media type."""

    sha256: str
    length: int
    type: str

    def tree(self) -> dict[str, Any]:
        """The name as it stands in a record's body."""
        return {"sha256": self.sha256, "length": self.length, "type": self.type}


def digest_of(sha256: str) -> str:
    """Return how an erasure names a file: its SHA-256 as those of sealed parts are written."""
    return base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode()


def sha256_of(digest: str) -> str:
    """Return the SHA-256 in hex that such a digest stands for."""
    return base64.urlsafe_b64decode(f"{digest}=").hex()


class Files:
    """The folder of deposited files; safe to use from several threads and processes.

    `sealed` is the folder of those kept under the data key; without `data_key` they can
    be counted and erased, but neither written nor read.
    """

    def __init__(
        self,
        folder: Path,
        *,
        sealed: Path | None = None,
        data_key: bytes | None = None,
        most: int = MAX_FILE_BYTES,
    ) -> None:
        self._folder = folder
        self._sealed = sealed or folder.parent / "sealed" / "files"
        self._key = None if data_key is None else boxed.key_for_files(data_key)
        self._most = min(most, MAX_FILE_BYTES)

    def put(
        self, data: bytes | Iterable[bytes], media_type: str, *, sealed: bool = False
    ) -> FileName:
        """Deposit bytes, or a stream of them, and return their name.

        Durable when this returns; the same bytes again give the same name. `sealed`
        keeps them under the data key. Refuses a media type that is none and more bytes
        than the limit; raises `Unavailable` when the disk is full or the key is missing.
        """
        _check_type(media_type)
        chunks = [data] if isinstance(data, bytes) else data
        with atomic.disk_told(_WHERE_SEALED if sealed else _WHERE):
            return self._take_in(chunks, media_type, self._need_key() if sealed else None)

    def seal(self, sha256: str) -> None:
        """Keep a file that is here under the data key from now on; one that is so already is let be."""
        if not self.is_sealed(sha256):
            self.put(self.stream(sha256), "application/octet-stream", sealed=True)

    @contextmanager
    def incoming(self, media_type: str) -> Iterator[Incoming]:
        """Take a file in piece by piece: `write` each, then `keep` it.

        Nothing is left of a file that was not kept. Refuses as `put` does.
        """
        _check_type(media_type)
        with atomic.disk_told(_WHERE):
            atomic.make_folder(self._folder)
            made = Incoming(self, media_type, *_beside(self._folder))
        try:
            yield made
        finally:
            made.close()

    def _take_in(self, chunks: Iterable[bytes], media_type: str, key: bytes | None) -> FileName:
        folder = self._folder if key is None else self._sealed
        atomic.make_folder(folder)
        handle, beside = _beside(folder)
        try:
            counted = _Counted(chunks, self._most)
            _fill(handle, counted if key is None else boxed.box(counted, key))
            name = FileName(counted.digest.hexdigest(), counted.length, media_type)
            self._name(beside, name.sha256, folder)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        if key is not None:
            _destroy(_below(self._folder, name.sha256))
        return name

    def _name(self, beside: Path, sha256: str, folder: Path) -> None:
        """Give a file its name. The bytes are on the disk before: whoever sees it sees all.

        A crash before the rename leaves a `.partial` file that nothing names.
        """
        if _below(self._sealed, sha256).exists() or _below(folder, sha256).exists():
            beside.unlink()
            return
        place = _below(folder, sha256)
        atomic.make_folder(place.parent)
        beside.chmod(0o444)
        beside.replace(place)
        atomic.sync_folders((place.parent,))

    def path(self, sha256: str) -> Path:
        """Where a file lies; the name is checked, so no path leads outside the folder."""
        sealed = _below(self._sealed, sha256)
        return sealed if sealed.exists() else _below(self._folder, sha256)

    def is_sealed(self, sha256: str) -> bool:
        """Say whether a file is kept under the data key."""
        return _below(self._sealed, sha256).exists()

    def has(self, sha256: str, length: int | None = None) -> bool:
        """Say whether a file is here, with this length if one is given."""
        sealed, plain = _below(self._sealed, sha256), _below(self._folder, sha256)
        for path, outside in ((plain, lambda n: n), (sealed, boxed.length_outside)):
            try:
                found = path.stat().st_size
            except FileNotFoundError:
                continue
            except OSError as error:
                raise atomic.disk_failure(error, _WHERE) from None
            return length is None or found == outside(length)
        return False

    def read(self, sha256: str) -> bytes:
        """Return a file's bytes, proved against its name."""
        return b"".join(self.stream(sha256))

    def stream(self, sha256: str) -> Iterator[bytes]:
        """Yield a file's bytes by the mebibyte; raises `Unproven` at the end if they are not it."""
        digest = hashlib.sha256()
        with self._opened(sha256) as chunks:
            for chunk in chunks:
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() != sha256:
            raise _rotten(sha256)

    @contextmanager
    def _opened(self, sha256: str) -> Iterator[Iterator[bytes]]:
        """What a file holds, in clear, wherever it lies."""
        sealed = self.is_sealed(sha256)
        try:
            with self.path(sha256).open("rb") as source:
                if sealed:
                    yield boxed.unbox(source, self._need_key(), where=f"file {sha256}")
                else:
                    yield iter(lambda: source.read(_CHUNK), b"")
        except FileNotFoundError:
            raise Refused(
                Reason.NOT_FOUND, where="file", detail=f"no file {sha256} is here"
            ) from None
        except OSError as error:
            raise atomic.disk_failure(error, _WHERE_SEALED if sealed else _WHERE) from None

    def erase(self, sha256: str) -> None:
        """Destroy a file that was kept sealed; one that is not here is passed over."""
        with atomic.disk_told(_WHERE_SEALED):
            _destroy(_below(self._sealed, sha256))

    def names(self) -> Iterator[str]:
        """Yield the SHA-256 of every file, in order."""
        found = (path.name for one in (self._folder, self._sealed) for path in one.glob("??/??/*"))
        yield from sorted({name for name in found if _SHA256.fullmatch(name)})

    def _need_key(self) -> bytes:
        if self._key is None:
            raise Unavailable(
                Reason.LOCKED, where="sealed files", detail="the data key is not unlocked"
            )
        return self._key


class Incoming:
    """A file that arrives piece by piece, beside its place until it is whole."""

    def __init__(self, files: Files, media_type: str, handle: int, beside: Path) -> None:
        self._files, self._type, self._beside = files, media_type, beside
        self._out = os.fdopen(handle, "wb")
        self._digest, self._length = hashlib.sha256(), 0

    def write(self, piece: bytes) -> None:
        """Add a piece; refuses one byte more than a file may have."""
        self._length += len(piece)
        if self._length > self._files._most:
            raise _too_large(self._files._most)
        self._digest.update(piece)
        with atomic.disk_told(_WHERE):
            self._out.write(piece)

    def keep(self) -> FileName:
        """Give it its name; durable when this returns."""
        with atomic.disk_told(_WHERE):
            self._out.flush()
            os.fsync(self._out.fileno())
            name = FileName(self._digest.hexdigest(), self._length, self._type)
            self._files._name(self._beside, name.sha256, self._files._folder)
        return name

    def close(self) -> None:
        """Let go; what was not kept is removed."""
        with suppress(OSError):
            self._out.close()
        self._beside.unlink(missing_ok=True)


class _Counted:
    """Chunks passing through: how many bytes, and their hash; too many are refused."""

    def __init__(self, chunks: Iterable[bytes], most: int) -> None:
        self._chunks, self._most = chunks, most
        self.digest, self.length = hashlib.sha256(), 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.length += len(chunk)
            if self.length > self._most:
                raise _too_large(self._most)
            self.digest.update(chunk)
            yield chunk


def _check_type(media_type: str) -> None:
    if not _TYPE.fullmatch(media_type) or len(media_type) > 200:
        raise Malformed(
            Reason.BAD_FORMAT, where="type", detail=f"{media_type[:80]!r} is not a media type"
        )


def _beside(folder: Path) -> tuple[int, Path]:
    handle, name = tempfile.mkstemp(prefix=".", suffix=".partial", dir=folder)
    return handle, Path(name)


def _too_large(most: int) -> Malformed:
    return Malformed(
        Reason.TOO_LARGE,
        where="file",
        detail=f"the file has more than {most} bytes",
        remedy="Split it, or ask the installation for a higher limit",
    )


def _fill(handle: int, chunks: Iterable[bytes]) -> None:
    with os.fdopen(handle, "wb") as out:
        for chunk in chunks:
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())


def _below(folder: Path, sha256: str) -> Path:
    if not _SHA256.fullmatch(sha256):
        raise Malformed(Reason.BAD_FORMAT, where="sha256", detail="64 hex digits are needed")
    return folder / sha256[:2] / sha256[2:4] / sha256


def _destroy(path: Path) -> None:
    """Overwrite a file and remove it, for good; see `vault.py` on disks that keep old blocks."""
    if path.exists():
        path.chmod(0o600)
        atomic.overwrite(path)
        path.unlink()
        atomic.sync_folders((path.parent,))


def _rotten(sha256: str) -> Unproven:
    return Unproven(
        Reason.CORRUPT,
        where=f"file {sha256}",
        detail="the bytes on the disk are not those that the name says",
        remedy="Restore the file from a copy; any copy with this SHA-256 is the right one",
    )
