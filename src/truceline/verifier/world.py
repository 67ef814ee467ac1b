"""The verifier's only contact with the world: files, HTTP, the clock, processes.

Standard library alone. What is read here is judged elsewhere; what fails here is
`Unavailable`, and a file that is simply not there is None.
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import http.client
import json
import multiprocessing
import os
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import batched, islice
from pathlib import Path

from truceline.errors import Malformed, Reason, Unavailable
from truceline.ledger import note
from truceline.ledger.tiles import TileReader
from truceline.ledger.witness import Reply
from truceline.records import canonical, keys
from truceline.records.keys import SigningKey
from truceline.verifier.verify import Memory, Named

MAX_FILE_BYTES = 32 * 1024 * 1024
"""Larger than any tile or bundle can be (256 entries of 65,537 bytes)."""

_TRIES = 3
_TIMEOUT_S = 30
_INLINE_PAGES = 32
_PAGES_A_JOB = 8
_GONE = (404, 410)
_NOT_FOR_YOU = (401, 403)


def now_s() -> int:
    """The time of this machine in POSIX seconds."""
    return int(time.time())


# -- the log ------------------------------------------------------------------


def log_reader(where: str, token: str = "") -> TileReader:
    """Return a reader of the log at a URL prefix, in a folder, or in the `log/` of a data folder.

    `token` is for a server that shows its log to those who are signed in.
    """
    if where.startswith(("http://", "https://")):
        return url_reader(where, token)
    folder = Path(where)
    inside = folder / "log"
    return folder_reader(inside if (inside / "checkpoint").is_file() else folder)


def folder_reader(folder: Path) -> TileReader:
    """Return a reader of the log in `folder`."""

    def read(path: str) -> bytes | None:
        try:
            return _read_file(folder / path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    return read


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise
    except OSError as error:
        raise Unavailable(
            Reason.BUSY, where=str(path), detail=error.strerror or "unreadable"
        ) from None
    if len(data) > MAX_FILE_BYTES:
        raise Malformed(
            Reason.TOO_LARGE, where=str(path), detail=f"more than {MAX_FILE_BYTES} bytes"
        )
    return data


def read_named(paths: Iterable[Path], pattern: str = "*.json") -> list[Named]:
    """Return files that the auditor named, and of folders among them the files like `pattern`."""
    found: list[Named] = []
    for path in paths:
        files = sorted(path.glob(pattern)) if path.is_dir() else [path]
        try:
            found += [(one.name, _read_file(one)) for one in files]
        except OSError as error:
            raise Unavailable(
                Reason.NOT_FOUND, where=str(path), detail=error.strerror or "unreadable"
            ) from None
    return found


def url_reader(prefix: str, token: str = "") -> TileReader:
    """Return a reader of the log served below `prefix`; each file is tried three times.

    Refuses a token that could not stand in a header of HTTP.
    """
    base = prefix.rstrip("/") + "/"
    if not all("!" <= letter <= "~" for letter in token):
        raise Malformed(Reason.BAD_FORMAT, where="--token", detail="that is not a token")

    def read(path: str) -> bytes | None:
        last = ""
        for attempt in range(_TRIES):
            try:
                return _get(base + path, token)
            except urllib.error.HTTPError as error:
                if error.code in _GONE:
                    return None
                if error.code in _NOT_FOR_YOU:
                    raise _closed(base + path, error.code, token) from None
                last = f"HTTP {error.code}"
            except (OSError, http.client.HTTPException) as error:
                last = str(error) or type(error).__name__
            time.sleep(0.2 * 3**attempt)
        raise Unavailable(Reason.BUSY, where=base + path, detail=f"cannot be fetched: {last}")

    return read


def _closed(url: str, code: int, token: str) -> Unavailable:
    why = "refuses this token" if token else "asks for a token"
    return Unavailable(
        Reason.NOT_SIGNED_IN,
        where=url,
        detail=f"the server {why} (HTTP {code}): give one of your body's with --token",
    )


def _get(url: str, token: str) -> bytes:
    request = urllib.request.Request(  # noqa: S310 -- http and https alone, see `log_reader`
        url, headers={"Accept-Encoding": "gzip, identity", "User-Agent": "truceline-verify"}
    )
    if token:
        # Unredirected: a server that sends us elsewhere does not send the token along.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
        data: bytes = answer.read(MAX_FILE_BYTES + 1)
        coding = answer.headers.get("Content-Encoding", "identity")
    if coding == "gzip":
        data = _gunzip(data, url)
    if len(data) > MAX_FILE_BYTES:
        raise Malformed(Reason.TOO_LARGE, where=url, detail=f"more than {MAX_FILE_BYTES} bytes")
    return data


def _gunzip(data: bytes, url: str) -> bytes:
    """A small answer must not unfold into all of memory."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        return unpacker.decompress(data, MAX_FILE_BYTES + 1)
    except (zlib.error, gzip.BadGzipFile):
        raise Unavailable(Reason.BUSY, where=url, detail="the answer is not gzip") from None


# -- every core ---------------------------------------------------------------


def on_every_core[T, R](check: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
    """Like `map(check, tasks)`, in order; a long log is spread over processes.

    A few jobs are under way at a time, so memory does not grow with the log, and a
    task is made late, when more of the log's keys are known.
    """
    waiting = iter(tasks)
    yield from map(check, islice(waiting, _INLINE_PAGES))
    first = list(islice(waiting, _PAGES_A_JOB))
    if not first:
        return
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        under_way: deque[Future[list[R]]] = deque([pool.submit(_job, check, first)])
        for job in batched(waiting, _PAGES_A_JOB):
            under_way.append(pool.submit(_job, check, list(job)))
            if len(under_way) > workers + 1:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()


def _job[T, R](check: Callable[[T], R], tasks: list[T]) -> list[R]:
    return [check(task) for task in tasks]


# -- what must last -----------------------------------------------------------


def write_durably(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace a file so that after any crash it is the old one or the new one, whole.

    Order: the bytes reach the disk, then the name, then the folder's entry. Raises
    `Unavailable` when the disk takes them not; the old file then stands.
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise Unavailable(
            Reason.DISK_FULL, where=str(path), detail=error.strerror or "cannot be written"
        ) from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_memory(path: Path | None) -> Memory:
    """Return what this verifier remembers in `path`; nothing when there is no such file."""
    if path is None or not path.exists():
        return Memory()
    value = canonical.parse(_read_file(path), where=str(path))
    try:
        return Memory(
            str(value["genesis"]), tuple(str(one).encode() for one in value["checkpoints"])
        )
    except (KeyError, TypeError):
        raise Malformed(
            Reason.BAD_FORMAT,
            where=str(path),
            detail="not a memory file of truceline verify",
            remedy="Name another file; this one is left as it is",
        ) from None


def write_memory(path: Path, memory: Memory) -> None:
    """Keep what this verifier saw, for the next run."""
    value = {"genesis": memory.genesis, "checkpoints": [one.decode() for one in memory.checkpoints]}
    write_durably(path, json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n")


# -- a witness's folder -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WitnessFolder:
    """The key and the state of one witness, held by one process at a time."""

    path: Path

    def hold(self) -> Callable[[], None]:
        """Take the folder's lock, and return what gives it back; a second witness is refused."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Unavailable(
                Reason.DISK_FULL, where=str(self.path), detail=error.strerror or "no such folder"
            ) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise Unavailable(
                Reason.BUSY, where=str(self.path), detail="another witness runs in this folder"
            ) from None
        return lambda: os.close(handle)

    def key(self, empty_state: bytes) -> SigningKey:
        """Return the witness's key; a new one is made in an empty folder.

        The state is written before the key: a folder with a key and no state has
        lost what it signed, and is refused.
        """
        path = self.path / "witness.key"
        if not path.exists():
            if not (self.path / "state").exists():
                write_durably(self.path / "state", empty_state)
            write_durably(path, secrets.token_hex(keys.SEED_BYTES).encode() + b"\n", mode=0o600)
        try:
            return keys.from_seed(bytes.fromhex(_read_file(path).decode("ascii").strip()))
        except ValueError:
            raise Malformed(Reason.BAD_KEY, where=str(path), detail="not a witness key") from None

    def state(self) -> bytes:
        """Return the state's bytes."""
        try:
            return _read_file(self.path / "state")
        except FileNotFoundError:
            raise Unavailable(
                Reason.CORRUPT,
                where=str(self.path),
                detail="the witness has a key but no state: what it signed before is unknown",
                remedy="Restore the file `state`, or begin a new witness with a new key in an empty folder",
            ) from None

    def remember(self, state: bytes) -> None:
        """Write the state; returns only when it is durable."""
        write_durably(self.path / "state", state)

    def publish(self, vkey: note.VerifierKey) -> None:
        """Write the public key beside, for those who must name this witness."""
        write_durably(self.path / "vkey", vkey.text().encode() + b"\n")


def post(url: str, body: bytes, *, timeout_s: float = 10) -> Reply:
    """Send one request to a witness; any HTTP answer is a reply, no answer is `Unavailable`."""
    if not url.startswith(("http://", "https://")):
        raise Malformed(
            Reason.BAD_FORMAT, where=url, detail="a witness has an http or https address"
        )
    request = urllib.request.Request(url, data=body, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
            return _reply(answer.status, answer.headers.get("Content-Type", ""), answer)
    except urllib.error.HTTPError as error:
        return _reply(error.code, error.headers.get("Content-Type", ""), error)
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(
            Reason.BUSY, where=url, detail=f"the witness does not answer: {error}"
        ) from None


def _reply(
    status: int, content_type: str, answer: http.client.HTTPResponse | urllib.error.HTTPError
) -> Reply:
    return Reply(status, content_type, answer.read(128 * 1024))
