"""Sealed parts at rest: disclosures under the data key, one file per record.

The log holds digests alone; what they open lies here, encrypted with
XChaCha20-Poly1305 (`crypto_aead_xchacha20poly1305_ietf`, libsodium) under a key
that is kept outside the data folder. A copied disk or backup yields nothing. Each
part is a box of its own, bound to its digest, so boxes cannot be exchanged.

Erasing overwrites the file, removes it and writes what is left. On copy-on-write
disks and in backups old blocks may live on: there the data key protects them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import nacl.bindings as sodium
import nacl.exceptions

from truceline.errors import Malformed, Reason, Unavailable, Unproven
from truceline.records import canonical, sealed
from truceline.records.sealed import Disclosure
from truceline.store import atomic

KEY_BYTES = 32
_NONCE_BYTES = 24
_NAME = re.compile(r"[0-9a-f]{64}")
_WHERE = "data folder, sealed/"


class Vault:
    """The folder of sealed parts, by the PAE digest of the record that commits to them.

    Without a key (`key=None`) the vault is locked: it can be counted and erased
    from, but neither written nor read.
    """

    def __init__(
        self, folder: Path, key: bytes | None, *, chance: Callable[[int], bytes] = os.urandom
    ) -> None:
        if key is not None and len(key) != KEY_BYTES:
            raise Malformed(Reason.BAD_KEY, where="data key", detail=f"not {KEY_BYTES} bytes")
        self._folder = folder
        self._key = key
        self._chance = chance

    @property
    def locked(self) -> bool:
        """Say whether the data key is missing."""
        return self._key is None

    def put_all(self, parts: Mapping[bytes, Sequence[Disclosure]]) -> None:
        """Keep the disclosures of several records, by PAE digest; durable when this returns."""
        atomic.write_all(
            {self._path(pae): self._locked_up(some) for pae, some in parts.items()},
            where=_WHERE,
            mode=0o600,
        )

    def put(self, pae: bytes, parts: Sequence[Disclosure]) -> None:
        """Keep the disclosures of one record."""
        self.put_all({pae: parts})

    def get(self, pae: bytes) -> tuple[Disclosure, ...]:
        """Return the disclosures kept for a record; none when there are none or they are erased."""
        return tuple(sealed.read(text) for text in self.texts(pae).values())

    def texts(self, pae: bytes) -> dict[str, str]:
        """Return digest -> disclosure text for a record; what was erased is not among them."""
        boxes = self._boxes(pae)
        return {digest: self._open(digest, box) for digest, box in sorted(boxes.items())}

    def held(self, pae: bytes) -> frozenset[str]:
        """Return the digests whose disclosures are kept; needs no key."""
        return frozenset(self._boxes(pae))

    def erase(self, pae: bytes, digests: Iterable[str]) -> None:
        """Destroy these disclosures of a record; what is not there is passed over."""
        boxes = self._boxes(pae)
        gone = boxes.keys() & set(digests)
        if not gone:
            return
        path = self._path(pae)
        left = {digest: box for digest, box in boxes.items() if digest not in gone}
        with atomic.disk_told(_WHERE):
            atomic.overwrite(path)
            # A crash here loses what is left of this record's parts as well: the
            # overwrite comes first because an erasure that was promised must not
            # survive. The digests stay in the log either way.
            if left:
                atomic.write(path, canonical.encode(dict(left)), mode=0o600)
            else:
                path.unlink()
                atomic.sync_folders((path.parent,))

    def drop(self, paes: Iterable[bytes]) -> None:
        """Remove what was written for records that were then not committed."""
        with atomic.disk_told(_WHERE):
            for pae in paes:
                self._path(pae).unlink(missing_ok=True)

    def names(self) -> list[bytes]:
        """Return the PAE digests for which there is a file, in order."""
        found = (path.name for path in self._folder.glob("??/*"))
        return sorted(bytes.fromhex(name) for name in found if _NAME.fullmatch(name))

    def lock_up(self, purpose: str, secret: bytes) -> bytes:
        """Return a small secret (a signing key's seed) in a box bound to its purpose."""
        return canonical.encode({"purpose": purpose, "box": self._box(purpose, secret)})

    def unlock(self, purpose: str, data: bytes) -> bytes:
        """Return the secret in such a box."""
        value = canonical.parse(data, where=purpose)
        if type(value) is not dict or type(value.get("box")) is not str:
            raise Malformed(Reason.BAD_FORMAT, where=purpose, detail="not a box of this program")
        return self._unbox(purpose, value["box"])

    # -- inside ----------------------------------------------------------------

    def _path(self, pae: bytes) -> Path:
        name = pae.hex()
        return self._folder / name[:2] / name

    def _boxes(self, pae: bytes) -> dict[str, str]:
        try:
            data = self._path(pae).read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise atomic.disk_failure(error, _WHERE) from None
        try:
            value = canonical.parse(data, where="sealed parts")
        except Malformed:
            return {}  # overwritten by an erasure that a crash cut short
        return value if type(value) is dict else {}

    def _locked_up(self, parts: Sequence[Disclosure]) -> bytes:
        boxes = {one.digest(): self._box(one.digest(), one.text().encode()) for one in parts}
        return canonical.encode(dict(boxes))

    def _open(self, digest: str, box: str) -> str:
        text = self._unbox(digest, box).decode("ascii")
        if sealed.digest_of(text) != digest:
            raise Unproven(
                Reason.CORRUPT, where=digest, detail="the sealed part is not what the record names"
            )
        return text

    def _box(self, bound_to: str, secret: bytes) -> str:
        nonce = self._chance(_NONCE_BYTES)
        made = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
            secret, bound_to.encode(), nonce, self._need_key()
        )
        return (nonce + made).hex()

    def _unbox(self, bound_to: str, box: str) -> bytes:
        raw = bytes.fromhex(box)
        try:
            return bytes(
                sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
                    raw[_NONCE_BYTES:], bound_to.encode(), raw[:_NONCE_BYTES], self._need_key()
                )
            )
        except nacl.exceptions.CryptoError:
            raise Unproven(
                Reason.BAD_KEY,
                where="data key",
                detail="this data key does not open what was sealed here",
                remedy="Give the data key of this installation (`--data-key FILE`)",
            ) from None

    def _need_key(self) -> bytes:
        if self._key is None:
            raise Unavailable(
                Reason.LOCKED, where="sealed parts", detail="the data key is not unlocked"
            )
        return self._key
