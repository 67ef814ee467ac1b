"""The keys of everyone in the play, on one machine: what makes it a demonstration.

Drawn at the first start from the system's randomness, and kept in the data folder in a
box under the data key, which lies outside it. In a real log each body makes and keeps
its own; whoever holds all of them, as here, can say anything in anyone's name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from truceline.parties.register import Register
from truceline.records import canonical, keys
from truceline.records.keys import KeyId, SigningKey
from truceline.records.record import Micros
from truceline.scenario.material import Cast
from truceline.store import atomic
from truceline.store.vault import Vault

_PURPOSE = "scenario keys"
SPARE = "/spare"
"""Ends the name of the key that takes the place of a lost one."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A signing key and the recovery key that was printed with it."""

    signing: SigningKey
    recovery: SigningKey

    def tree(self) -> dict[str, str]:
        """The public halves, as a record enrols them."""
        return {
            "public": keys.public_to_text(self.signing.public),
            "recovery": keys.public_to_text(self.recovery.public),
        }


class Keyring:
    """Everyone's keys by holder: body code, officer code, or either with `SPARE`."""

    def __init__(self, pairs: dict[str, Pair]) -> None:
        self._pairs = pairs

    def __getitem__(self, holder: str) -> Pair:
        return self._pairs[holder]

    def held_by(self, holder: str) -> tuple[Pair, ...]:
        """Return every pair that a holder has, the first one first."""
        return tuple(self._pairs[name] for name in (holder, holder + SPARE) if name in self._pairs)

    def in_force(self, holder: str, register: Register, at: Micros) -> SigningKey:
        """Return the holder's key that the log takes at a moment."""
        valid: set[KeyId] = {one.id for one in register.keys_of(holder, at)}
        pairs = self.held_by(holder)
        return next((one.signing for one in pairs if one.signing.id in valid), pairs[0].signing)


def load(file: Path, vault: Vault, cast: Cast) -> Keyring:
    """Return the keys kept in `file`, drawn and kept there first if there are none."""
    if not file.exists():
        seeds = {name: os.urandom(2 * keys.SEED_BYTES).hex() for name in _holders(cast)}
        # The keys are durable before any record names them: a crash in between
        # leaves keys that nobody has seen, and the next start uses them.
        atomic.make_folder(file.parent, mode=0o700)
        atomic.write(file, vault.lock_up(_PURPOSE, canonical.encode(dict(seeds))), mode=0o600)
    kept = canonical.decode(vault.unlock(_PURPOSE, file.read_bytes()), where="scenario keys")
    return Keyring({name: _pair(bytes.fromhex(seeds)) for name, seeds in kept.items()})


def _holders(cast: Cast) -> Iterator[str]:
    for code in (*(one.code for one in cast.bodies), *(one.code for one in cast.officers)):
        yield code
        yield code + SPARE


def _pair(seeds: bytes) -> Pair:
    half = keys.SEED_BYTES
    return Pair(keys.from_seed(seeds[:half]), keys.from_seed(seeds[half:]))
