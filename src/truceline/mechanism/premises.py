"""The data folder's first day, and the keys that lie in it under the data key.

The mechanism has two keys of its own: the one that the founding names, which signs
checkpoints, receipts and statements, and a pseudonym for sealed records. Both are
boxes that the data key alone opens.
"""

from __future__ import annotations

import os
from pathlib import Path

from truceline.errors import Reason, Refused, Unavailable
from truceline.ledger import note
from truceline.mechanism import data_key
from truceline.mechanism import settings as setting
from truceline.mechanism.settings import Settings
from truceline.records import keys
from truceline.records.keys import SigningKey
from truceline.store import atomic
from truceline.store.layout import Layout
from truceline.store.vault import Vault

_MECHANISM = "mechanism key"
_PSEUDONYM = "mechanism pseudonym"


def make(
    folder: Path,
    *,
    origin: str,
    data_key_file: Path | None,
    database: str,
    demo: bool,
    log_open_to: str,
    mechanism_key: SigningKey | None,
) -> SigningKey:
    """Make a data folder and return the mechanism's key; see `Installation.create`."""
    note.check_name(origin, where="origin")
    layout = Layout(folder)
    if layout.settings.exists() or layout.mechanism_key.exists():
        raise Refused(
            Reason.WRONG_STATE, where=str(folder), detail="an installation is here already"
        )
    atomic.make_folder(folder)
    chosen = _chosen(folder, origin, data_key_file, database, demo=demo)
    chosen |= {"log_open_to": log_open_to} if log_open_to else {}
    file = data_key.place(Settings.model_validate(chosen))
    vault = Vault(layout.sealed, data_key.make(file, folder))
    key = mechanism_key or keys.from_seed(os.urandom(keys.SEED_BYTES))
    # The key before the settings: a folder that was cut short in the middle is refused by
    # the next `create` and has nothing in it that anyone could miss.
    atomic.write(layout.mechanism_key, vault.lock_up(_MECHANISM, key.seed), mode=0o600)
    atomic.write(layout.settings, setting.write_text(chosen).encode())
    return key


def _chosen(
    folder: Path, origin: str, data_key_file: Path | None, database: str, *, demo: bool
) -> dict[str, str | bool]:
    chosen: dict[str, str | bool] = {
        "origin": origin,
        "name": f"{folder.resolve().name}-{os.urandom(4).hex()}",
    }
    if data_key_file is not None:
        chosen["data_key_file"] = str(data_key_file.expanduser().resolve())
    chosen |= {"database": database} if database else {}
    chosen |= {"demo": True} if demo else {}
    return chosen


def data_key_of(settings: Settings, *, needed: bool) -> bytes | None:
    """Return the data key; None when it is not there and not needed."""
    try:
        return data_key.read(data_key.place(settings))
    except Unavailable:
        if needed:
            raise
        return None


def mechanism_key(layout: Layout, vault: Vault) -> SigningKey:
    """Return the mechanism's signing key; needs the data key."""
    return keys.from_seed(vault.unlock(_MECHANISM, layout.mechanism_key.read_bytes()))


def pseudonym(layout: Layout, vault: Vault) -> SigningKey:
    """Return the key under which the mechanism signs sealed records; made before its first use."""
    file = layout.sealed / "pseudonym.key"
    if file.exists():
        return keys.from_seed(vault.unlock(_PSEUDONYM, file.read_bytes()))
    key = keys.from_seed(os.urandom(keys.SEED_BYTES))
    atomic.write(file, vault.lock_up(_PSEUDONYM, key.seed), mode=0o600)
    return key
