"""Writing files so that a crash leaves the old bytes or the new ones, never half.

The order is always the same: write beside the place, fsync the file, rename over
the place, fsync the folder. A rename that was not fsynced may be lost, so nobody is
told of a file before its folder is synced.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from truceline.errors import Reason, Unavailable

_PARTIAL = ".partial"
_ZEROS = 2**20
_NO_SPACE = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


@contextmanager
def disk_told(where: str) -> Iterator[None]:
    """Turn a full or failing disk into `Unavailable`, naming `where`."""
    try:
        yield
    except OSError as error:
        raise disk_failure(error, where) from None


def disk_failure(error: OSError, where: str) -> Unavailable:
    """Return the failure in which an `OSError` is told."""
    reason = Reason.DISK_FULL if error.errno in _NO_SPACE else Reason.BUSY
    return Unavailable(reason, where=where, detail=error.strerror or "the disk failed")


def write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write one file atomically and durably, making its folder if it is not there."""
    write_all({path: data}, where=path.name, mode=mode)


def write_all(files: Mapping[Path, bytes], *, where: str, mode: int = 0o644) -> None:
    """Write several files, each atomically; all are durable when this returns.

    They appear one after another, so the caller names them by something written
    last (a checkpoint, a commit). Raises `Unavailable`, naming `where`, when the disk is
    full; what was there before is untouched then, and no partial file is left.
    """
    waiting: list[tuple[Path, Path]] = []
    try:
        with disk_told(where):
            for folder in dict.fromkeys(path.parent for path in files):
                make_folder(folder)
            for path, data in files.items():
                waiting.append((_write_beside(path, data, mode), path))
            for beside, path in waiting:
                beside.replace(path)
            sync_folders(path.parent for path in files)
    except Unavailable:
        for beside, _ in waiting:
            beside.unlink(missing_ok=True)
        raise


def _write_beside(path: Path, data: bytes, mode: int) -> Path:
    beside = path.with_name(f".{path.name}{_PARTIAL}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    return beside


def make_folder(folder: Path, *, mode: int = 0o755) -> None:
    """Make a folder and its parents, each durably named in the one above it."""
    if folder.is_dir():
        return
    make_folder(folder.parent, mode=mode)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_folders((folder.parent,))


def sync_folders(folders: Iterable[Path]) -> None:
    """Make the names in these folders durable."""
    for folder in dict.fromkeys(folders):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def overwrite(path: Path) -> None:
    """Write zeros over a file's bytes, down to the disk: the first half of destroying it."""
    with path.open("r+b") as file:
        left = path.stat().st_size
        while left > 0:
            left -= file.write(b"\0" * min(left, _ZEROS))
        file.flush()
        os.fsync(file.fileno())


def sweep(folder: Path) -> int:
    """Remove what a crash left half written below `folder`; returns how many files that were.

    Only at the start of the one writer: whatever is half written then is nobody's.
    """
    left = [path for path in folder.rglob(".*") if path.name.endswith(_PARTIAL)]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)
