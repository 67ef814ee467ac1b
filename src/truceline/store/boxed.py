"""Files under the data key: a stream of boxes, whose order and end are bound.

libsodium's secretstream (XChaCha20-Poly1305): a header, then boxes of one mebibyte of
which the last is marked as the last, so that no box can be cut off, moved or exchanged.
The length of what is inside follows from the length outside: nobody needs the key to
count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import IO

import nacl.bindings as sodium
import nacl.exceptions

from truceline.errors import Reason, Unproven

_CHUNK = 2**20
_HEADER = sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES
_TAG = sodium.crypto_secretstream_xchacha20poly1305_ABYTES
_LAST = sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL
_MORE = sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE


def key_for_files(data_key: bytes) -> bytes:
    """Return the key for files that follows from the data key, which seals parts by itself."""
    return hashlib.blake2b(key=data_key, person=b"truceline files", digest_size=32).digest()


def length_outside(length: int) -> int:
    """Return how many bytes a file of `length` bytes takes when it is boxed."""
    boxes = max(1, -(-length // _CHUNK))
    return _HEADER + length + boxes * _TAG


def box(chunks: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """Yield the boxed form of these bytes."""
    state = sodium.crypto_secretstream_xchacha20poly1305_state()
    yield sodium.crypto_secretstream_xchacha20poly1305_init_push(state, key)
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        # One box is held back: only at the end is it known which one is the last.
        while len(waiting) > _CHUNK:
            yield _pushed(state, bytes(waiting[:_CHUNK]), _MORE)
            del waiting[:_CHUNK]
    yield _pushed(state, bytes(waiting), _LAST)


def unbox(source: IO[bytes], key: bytes, *, where: str) -> Iterator[bytes]:
    """Yield what is inside, or raise `Unproven` where the boxes were not made with this key."""
    state = sodium.crypto_secretstream_xchacha20poly1305_state()
    tag = _MORE
    try:
        sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, source.read(_HEADER), key)
        while tag != _LAST:
            inside, tag = sodium.crypto_secretstream_xchacha20poly1305_pull(
                state, source.read(_CHUNK + _TAG)
            )
            yield inside
    except (nacl.exceptions.CryptoError, ValueError):
        raise _unopened(where) from None
    if source.read(1):
        raise _unopened(where)


def _pushed(
    state: sodium.crypto_secretstream_xchacha20poly1305_state, inside: bytes, tag: int
) -> bytes:
    made: bytes = sodium.crypto_secretstream_xchacha20poly1305_push(state, inside, tag=tag)
    return made


def _unopened(where: str) -> Unproven:
    return Unproven(
        Reason.BAD_KEY,
        where=where,
        detail="this data key does not open the file, or the file was changed on the disk",
        remedy="Give the data key of this installation (`--data-key FILE`), or restore the file",
    )
