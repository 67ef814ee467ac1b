"""The data key: 32 bytes that open what is sealed here, kept outside the data folder.

Whoever copies the folder or a backup of it has boxes and no key. The file is made
when the installation is made, readable by its owner alone.
"""

from __future__ import annotations

import os
from pathlib import Path

from truceline.errors import Malformed, Reason, Refused, Unavailable
from truceline.mechanism.settings import Settings
from truceline.store import atomic
from truceline.store.vault import KEY_BYTES


def place(settings: Settings) -> Path:
    """Return where the data key of an installation is looked for."""
    if settings.data_key_file is not None:
        return settings.data_key_file.expanduser()
    return Path("~/.config/truceline").expanduser() / f"{settings.name}.key"


def make(file: Path, folder: Path) -> bytes:
    """Draw a data key and keep it in `file`. Refuses a place inside the data folder."""
    if file.resolve().is_relative_to(folder.resolve()):
        raise Refused(
            Reason.CONTRADICTS,
            where="data key",
            article="DESIGN 3, at rest",
            detail="the data key must not lie in the data folder: a copy would hold both",
        )
    if file.exists():
        return read(file)
    key = os.urandom(KEY_BYTES)
    atomic.make_folder(file.parent, mode=0o700)
    atomic.write(file, key.hex().encode() + b"\n", mode=0o600)
    return key


def read(file: Path) -> bytes:
    """Return the data key in a file."""
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise Unavailable(
            Reason.LOCKED,
            where=str(file),
            detail="the data key is not there",
            remedy="Give its place with --data-key FILE or TRUCELINE_DATA_KEY_FILE",
        ) from None
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Malformed(Reason.BAD_KEY, where=str(file), detail="not a data key of this program")
    return key
