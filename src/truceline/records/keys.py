"""Ed25519 keys: their names, signatures, key files and printed recovery keys.

Signing keys belong to people and bodies, not to the host. This module holds no
key, makes no chance of its own (seeds arrive as arguments) and reads no file.
libsodium (PyNaCl) signs and verifies, twice as fast as the alternatives; it
refuses small-order points and non-canonical S, so one signature has one form.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import NewType

import nacl.bindings as sodium
import nacl.exceptions
import nacl.secret
from nacl.pwhash import argon2id

from truceline.errors import Malformed, Reason, Unproven
from truceline.records import canonical

KeyId = NewType("KeyId", str)
"""First 16 bytes of SHA-256 of the raw public key, in lower-case hex (32 characters)."""

SEED_BYTES = 32
PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64
KEY_FILE_TYPE = "truceline-key-file/1"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key in memory. `repr` shows the public half alone."""

    seed: bytes
    public: bytes

    @property
    def id(self) -> KeyId:
        """The key id under which others know this key."""
        return key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature (RFC 8032) of `message`."""
        return sodium.crypto_sign(message, self.seed + self.public)[:SIGNATURE_BYTES]

    def __repr__(self) -> str:
        return f"SigningKey({self.id})"


def from_seed(seed: bytes) -> SigningKey:
    """Return the key pair of a 32-byte seed that the caller drew at random."""
    if len(seed) != SEED_BYTES:
        raise Malformed(Reason.BAD_KEY, detail=f"a seed has {SEED_BYTES} bytes, not {len(seed)}")
    public, _ = sodium.crypto_sign_seed_keypair(seed)
    return SigningKey(seed, public)


@lru_cache(maxsize=65_536)
def key_id(public: bytes) -> KeyId:
    """Return the id of a raw 32-byte public key."""
    return KeyId(hashlib.sha256(public).hexdigest()[:32])


def public_from_text(text: str, *, where: str = "key") -> bytes:
    """Return the raw public key written in standard base 64."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Malformed(Reason.BAD_KEY, where=where, detail="a public key is base 64") from None
    if len(raw) != PUBLIC_BYTES or not sodium.crypto_core_ed25519_is_valid_point(raw):
        raise Malformed(Reason.BAD_KEY, where=where, detail="not an Ed25519 public key")
    return raw


def public_to_text(public: bytes) -> str:
    """Return the public key in standard base 64."""
    return base64.b64encode(public).decode("ascii")


def verify(public: bytes, message: bytes, signature: bytes, *, where: str = "signature") -> None:
    """Raise `Unproven` unless `signature` is this key's signature of `message`."""
    if not holds(public, message, signature):
        raise Unproven(
            Reason.BAD_SIGNATURE,
            where=where,
            detail=f"the signature is not by key {key_id(public)} over these bytes",
            remedy="Sign the canonical bytes again; altered bytes are refused",
        )


def holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether `signature` is this key's signature of `message`."""
    if len(signature) != SIGNATURE_BYTES or len(public) != PUBLIC_BYTES:
        return False
    try:
        sodium.crypto_sign_open(signature + message, public)
    except (nacl.exceptions.BadSignatureError, ValueError):
        return False
    return True


# -- key files ---------------------------------------------------------------

_ARGON2_OPS = argon2id.OPSLIMIT_MODERATE
_ARGON2_MEM = argon2id.MEMLIMIT_MODERATE


def lock_key_file(
    key: SigningKey, passphrase: str, *, salt: bytes, nonce: bytes, label: str
) -> bytes:
    """Return a key file: the seed under Argon2id + XSalsa20-Poly1305, public half in clear.

    `salt` (16 bytes) and `nonce` (24 bytes) must be fresh random bytes.
    """
    box = nacl.secret.SecretBox(
        argon2id.kdf(32, passphrase.encode(), salt, opslimit=_ARGON2_OPS, memlimit=_ARGON2_MEM)
    )
    locked = box.encrypt(key.seed, nonce).ciphertext
    return canonical.encode(
        {
            "type": KEY_FILE_TYPE,
            "label": label,
            "public": public_to_text(key.public),
            "kdf": {"name": "argon2id", "ops": _ARGON2_OPS, "mem": _ARGON2_MEM, "salt": salt.hex()},
            "nonce": nonce.hex(),
            "locked": locked.hex(),
        }
    )


def unlock_key_file(data: bytes, passphrase: str) -> SigningKey:
    """Return the key in a key file, or say that the file or the passphrase is wrong."""
    value = canonical.parse(data, where="key file")
    try:
        if value["type"] != KEY_FILE_TYPE:
            raise KeyError("type")
        kdf, nonce = value["kdf"], bytes.fromhex(value["nonce"])
        locked, salt = bytes.fromhex(value["locked"]), bytes.fromhex(kdf["salt"])
        if not (0 < kdf["ops"] <= 16 and 0 < kdf["mem"] <= 2**31):
            raise KeyError("kdf")
        secret = argon2id.kdf(
            32, passphrase.encode(), salt, opslimit=kdf["ops"], memlimit=kdf["mem"]
        )
        seed = nacl.secret.SecretBox(secret).decrypt(locked, nonce)
        key = from_seed(seed)
        matches = public_to_text(key.public) == value["public"]
    except nacl.exceptions.CryptoError:
        raise Unproven(
            Reason.BAD_KEY, where="key file", detail="the passphrase does not open this key"
        ) from None
    except (KeyError, TypeError, ValueError):
        raise Malformed(
            Reason.BAD_KEY, where="key file", detail="not a Truceline key file"
        ) from None
    if not matches:
        raise Unproven(
            Reason.BAD_KEY, where="key file", detail="public and private half do not match"
        )
    return key


# -- the printed recovery key -------------------------------------------------

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD_READ = str.maketrans({"O": "0", "I": "1", "L": "1"})
_PRINTED_BITS = (SEED_BYTES + 3) * 8


def print_recovery_key(seed: bytes) -> str:
    """Return a seed as 14 groups of four letters, with a 24-bit check, for paper."""
    number = int.from_bytes(seed + _check_bytes(seed), "big")
    letters = "".join(
        _CROCKFORD[(number >> shift) & 31] for shift in range(_PRINTED_BITS - 5, -1, -5)
    )
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def read_recovery_key(text: str) -> SigningKey:
    """Return the key printed on paper; a slip of the pen is told from a wrong key."""
    letters = "".join(text.upper().replace("-", " ").split()).translate(_CROCKFORD_READ)
    if len(letters) * 5 != _PRINTED_BITS or any(letter not in _CROCKFORD for letter in letters):
        raise Malformed(
            Reason.BAD_KEY, where="recovery key", detail="a recovery key has 14 groups of 4 letters"
        )
    number = 0
    for letter in letters:
        number = number << 5 | _CROCKFORD.index(letter)
    raw = number.to_bytes(_PRINTED_BITS // 8, "big")
    seed, check = raw[:SEED_BYTES], raw[SEED_BYTES:]
    if _check_bytes(seed) != check:
        raise Malformed(
            Reason.BAD_KEY, where="recovery key", detail="mistyped: the check letters do not fit"
        )
    return from_seed(seed)


def _check_bytes(seed: bytes) -> bytes:
    return hashlib.sha256(b"truceline recovery\x00" + seed).digest()[:3]
