"""One writer for each installation: a lock to keep others out, a number to stop a late one.

The lock (of the data folder's `writer.lock`, and on PostgreSQL an advisory lock as
well) goes when the process goes, however it goes. The number stands in the store and
is looked at in every transaction (`store/fence.py`). A second writer is refused, or
stands by until the first is gone.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection

from truceline.errors import Reason, Unavailable
from truceline.store import atomic
from truceline.store import fence as rows
from truceline.store.store import Store, failures_told

_POLL_S = 0.05


class Fence:
    """The right to write. Let go of it with `release`."""

    def __init__(self, number: int, handle: int, session: Connection | None) -> None:
        self.number = number
        self._handle = handle
        self._session = session

    def check(self, tx: Connection) -> None:
        """Raise `Unavailable` in a transaction that is no longer ours to make."""
        rows.check(tx, self.number, hold=True)

    def look(self, look: Connection) -> None:
        """Raise `Unavailable` when the fence is no longer ours; holds nothing.

        Enough before a checkpoint: what the next writer publishes grows from the same rows.
        """
        rows.check(look, self.number, hold=False)

    def release(self) -> None:
        """Let go; the next one may write."""
        if self._session is not None:
            # Said aloud: a closed connection gives its lock back only when the server has
            # noticed. Where it cannot be said, that is what happens.
            with suppress(Unavailable), failures_told():
                rows.release_advisory(self._session)
            self._session.close()
            self._session = None
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def take(lock: Path, store: Store, *, wait_s: float | None = 0.0) -> Fence:
    """Take the fence, standing by for up to `wait_s` seconds (None: for ever).

    Raises `Unavailable(NOT_THE_WRITER)` when another process holds it still.
    """
    until = None if wait_s is None else time.monotonic() + wait_s
    handle = _lock_file(lock, until)
    session: Connection | None = None
    try:
        if not store.is_sqlite:
            session = _advisory(store, until)
        with store.writing() as tx:
            number = rows.take(tx)
    except BaseException:
        os.close(handle)
        if session is not None:
            session.close()
        raise
    # From this commit on every transaction of an earlier writer fails.
    return Fence(number, handle, session)


def _lock_file(lock: Path, until: float | None) -> int:
    atomic.make_folder(lock.parent)
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    while not _try(handle):
        if _over(until):
            os.close(handle)
            raise _taken()
        time.sleep(_POLL_S)
    return handle


def _try(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _advisory(store: Store, until: float | None) -> Connection:
    with failures_told():
        session = store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        while not rows.try_advisory(session):
            if _over(until):
                session.close()
                raise _taken()
            time.sleep(_POLL_S)
    return session


def _over(until: float | None) -> bool:
    return until is not None and time.monotonic() >= until


def _taken() -> Unavailable:
    return Unavailable(
        Reason.NOT_THE_WRITER,
        where="fence",
        detail="another process is the writer of this installation",
    )
