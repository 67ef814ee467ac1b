"""Beast binary framing: from bytes as they arrive to raw frames.

A message is 0x1a, a type ('1' Mode A/C, '2' short Mode S, '3' long Mode S; others are
status), six bytes of a receiver's counter, one byte of signal level, and the frame.
A byte 0x1a inside is sent twice; a single one begins the next message, so half a
message costs itself and nothing after it. The format is the one that Mode-S Beast,
dump1090 and readsb send.

The counter runs at 12 MHz, or holds seconds of the day and nanoseconds (Radarcape).
Positions that a receiver computed by multilateration bear a counter of their own,
`MLAT_TICKS`: they are no transmissions of the aircraft.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

MLAT_TICKS = 0xFF004D4C4154
TICKS_PER_SECOND = 12_000_000

_ESCAPE = 0x1A
_ESCAPED = b"\x1a\x1a"
_STAMP = 7
"""Bytes of counter and signal level."""
_LENGTHS = {ord("1"): 2, ord("2"): 7, ord("3"): 14, ord("4"): 14, ord("5"): 21}
_MODE_S = (ord("2"), ord("3"))


@dataclass(frozen=True, slots=True)
class Frame:
    """One Mode S frame of 7 or 14 bytes. `ticks` is None where the format has no counter."""

    data: bytes
    ticks: int | None = None

    @property
    def multilaterated(self) -> bool:
        """Whether a receiver computed it rather than heard it."""
        return self.ticks == MLAT_TICKS


class BeastFramer:
    """Bytes in, Mode S frames out; remembers the beginning of a message."""

    def __init__(self, dropped: Counter[str] | None = None) -> None:
        self.dropped: Counter[str] = Counter() if dropped is None else dropped
        self._rest = b""
        self._astray = False

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that these bytes complete. Never fails on any bytes."""
        held = self._rest + data
        found: list[Frame] = []
        at = 0
        while (start := self._next(held, at)) >= 0:
            end = self._message(held, start, found)
            if end < 0:
                at = start
                break
            at = end
        else:
            at = len(held)
        self._rest = held[at:]
        return found

    def restart(self) -> None:
        """Forget half a message: the connection was lost in the middle of it."""
        if self._rest:
            self.dropped["half_frame"] += 1
        self._rest, self._astray = b"", False

    def _next(self, held: bytes, at: int) -> int:
        """Where the next message begins; what lies before is counted once as out of step."""
        start = held.find(_ESCAPE, at)
        if start != at and at < len(held):
            self.dropped["out_of_step"] += 0 if self._astray else 1
            self._astray = True
        return start

    def _message(self, held: bytes, start: int, found: list[Frame]) -> int:
        """Read one message; returns where it ends, -1 when more bytes are needed."""
        if start + 1 >= len(held):
            return -1
        kind = held[start + 1]
        length = _LENGTHS.get(kind)
        if length is None:
            # Two escapes: the beginning of a message that was cut off there, or the middle
            # of one that was never seen to begin. The second may begin a message.
            self.dropped["out_of_step" if kind == _ESCAPE else "unknown_type"] += (
                0 if self._astray else 1
            )
            self._astray = True
            return start + 1
        body, end = _unescaped(held, start + 2, _STAMP + length)
        if end < 0:
            return -1
        self._astray = False
        if body is None:
            self.dropped["half_frame"] += 1
        elif kind in _MODE_S:
            found.append(Frame(body[_STAMP:], int.from_bytes(body[:6])))
        else:
            self.dropped["mode_ac" if kind == ord("1") else "status"] += 1
        return end


def _unescaped(held: bytes, start: int, length: int) -> tuple[bytes | None, int]:
    """Return `length` bytes and where they end; None if another message begins among them."""
    plain = held[start : start + length]
    if _ESCAPE not in plain:
        return (plain, start + length) if len(plain) == length else (None, -1)
    made = bytearray()
    at = start
    while len(made) < length:
        if at >= len(held):
            return None, -1
        if held[at] == _ESCAPE:
            if at + 1 >= len(held):
                return None, -1
            if held[at + 1] != _ESCAPE:
                return None, at
            at += 1
        made.append(held[at])
        at += 1
    return bytes(made), at


def framed(frame: Frame, *, signal: int = 0) -> bytes:
    """Return a frame as a Beast message, for whoever passes frames on."""
    kind = b"3" if len(frame.data) == _LENGTHS[ord("3")] else b"2"
    body = (frame.ticks or 0).to_bytes(6) + bytes([signal]) + frame.data
    return b"\x1a" + kind + body.replace(b"\x1a", _ESCAPED)
