"""AVR text: one raw frame a line, as `*8D4840D6202CC371C32CE0576098;`.

`@` or `%` in front brings twelve hex digits of a receiver's counter before the frame,
`<` brings the counter and two digits of signal level. Frames of four hex digits are
Mode A/C, which names no aircraft. The forms are those that dump1090 and readsb write.
"""

from __future__ import annotations

import re
from collections import Counter

from truceline.sources.beast import Frame

MAX_LINE = 256

_LINE = re.compile(rb"(?:\*|(?P<stamp>[@%<])(?P<ticks>[0-9A-Fa-f]{12}))(?P<rest>[0-9A-Fa-f]*);")
_BYTES = (7, 14)
_MODE_AC = 2
_SIGNAL = 2
"""Hex digits of signal level after the counter of `<`."""


class AvrFramer:
    """Bytes in, Mode S frames out; remembers half a line."""

    def __init__(self, dropped: Counter[str] | None = None) -> None:
        self.dropped: Counter[str] = Counter() if dropped is None else dropped
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames in the lines that these bytes complete. Never fails on any bytes."""
        *lines, rest = (self._rest + data).split(b"\n")
        if lines and self._skipping:
            lines, self._skipping = lines[1:], False
        self._keep(rest)
        return [one for line in lines if (one := self._frame(line.strip())) is not None]

    def restart(self) -> None:
        """Forget half a line: the connection was lost in the middle of it."""
        if self._rest:
            self.dropped["half_line"] += 1
        self._rest, self._skipping = b"", False

    def _keep(self, rest: bytes) -> None:
        if len(rest) <= MAX_LINE:
            self._rest = rest
            return
        self.dropped["line_too_long"] += 0 if self._skipping else 1
        self._rest, self._skipping = b"", True

    def _frame(self, line: bytes) -> Frame | None:
        if not line:
            return None
        read = _LINE.fullmatch(line)
        digits = b"" if read is None else read["rest"]
        if read is not None and read["stamp"] == b"<":
            digits = digits[_SIGNAL:]
        if read is None or len(digits) % 2 or len(digits) // 2 not in (_MODE_AC, *_BYTES):
            self.dropped["not_avr"] += 1
            return None
        data = bytes.fromhex(digits.decode("ascii"))
        if len(data) == _MODE_AC:
            self.dropped["mode_ac"] += 1
            return None
        if not any(data):
            self.dropped["empty_frame"] += 1  # dump1090's heartbeat
            return None
        return Frame(data, int(read["ticks"], 16) if read["ticks"] else None)


def written(frame: Frame) -> bytes:
    """Return a frame as a line."""
    return b"*" + frame.data.hex().upper().encode() + b";\n"
