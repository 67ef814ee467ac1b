"""Key files on the user's own machine: made, locked, unlocked. The host never sees them."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from truceline.errors import Malformed, Reason

if TYPE_CHECKING:
    from truceline.records.keys import SigningKey

PASSPHRASE = "TRUCELINE_PASSPHRASE"  # noqa: S105 -- the name of a variable, not a secret
MOST_BYTES = 65_536


def unlock(file: Path) -> SigningKey:
    """Return the key in a key file, asking for its passphrase.

    `TRUCELINE_PASSPHRASE` answers for programs. Refuses what is no key file and a
    passphrase that does not open it.
    """
    from truceline.records import keys

    data = read_small(file, "key file")
    return keys.unlock_key_file(data, passphrase(f"Passphrase of {file}: "))


def lock(file: Path, key: SigningKey, *, label: str, overwrite: bool = False) -> None:
    """Write the key file, readable by its owner alone; an existing file is never replaced."""
    from truceline.records import keys

    data = keys.lock_key_file(
        key,
        new_passphrase(),
        salt=os.urandom(16),
        nonce=os.urandom(24),
        label=label,
    )
    write_new(file, data, private=True, overwrite=overwrite)


def passphrase(question: str) -> str:
    """Return the passphrase from the environment or from the terminal."""
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise Malformed(
            Reason.MISSING_FIELD,
            where="passphrase",
            detail="there is no terminal to ask for the passphrase",
            remedy=f"Set {PASSPHRASE}",
        )
    return getpass.getpass(question)


def new_passphrase() -> str:
    """Ask twice for a new passphrase, and refuse a short one."""
    first = passphrase("New passphrase: ")
    if PASSPHRASE not in os.environ and getpass.getpass("Again: ") != first:
        raise Malformed(Reason.BAD_KEY, where="passphrase", detail="the two do not match")
    if len(first) < 8:
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where="passphrase",
            detail="a passphrase has at least 8 characters",
            remedy="Four or five unrelated words are good",
        )
    return first


def read_small(file: Path, what: str, most: int = MOST_BYTES) -> bytes:
    """Return the bytes of a file that must be small; more is refused before it is read."""
    if file.stat().st_size > most:
        raise Malformed(
            Reason.TOO_LARGE, where=str(file), detail=f"a {what} has at most {most} bytes"
        )
    return file.read_bytes()


def write_new(file: Path, data: bytes, *, private: bool = False, overwrite: bool = False) -> None:
    """Write a file that must not exist yet, and make its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if overwrite else os.O_EXCL)
    with os.fdopen(os.open(file, flags, 0o600 if private else 0o644), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
