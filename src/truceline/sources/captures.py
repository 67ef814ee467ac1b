"""Captures of raw Mode S as track files: Beast bytes, and JSON lines with a frame and a time.

A Beast capture has a receiver's counter and no date. When it began must be told by the
file's name (`flight.2024-07-06T06:43:09Z.beast`); a capture without is refused, because
fixes at an invented time would be judged against the wrong zones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

import msgspec

from truceline.airspace.fix import Fixes, Names
from truceline.errors import Malformed, Reason
from truceline.sources.beast import TICKS_PER_SECOND, BeastFramer, Frame
from truceline.sources.modes import ModeSDecoder
from truceline.sources.rows import Rows

READ_BYTES = 1 << 20
AT_ONCE = 20_000
MAX_LINE = 1 << 16
LONGEST_STEP_S = 3600

_BEGAN = re.compile(r"(\d{4}-\d\d-\d\d)[T_ ](\d\d)[:.-]?(\d\d)[:.-]?(\d\d)Z?")
_LENGTHS = (7, 14)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Line(msgspec.Struct, frozen=True):
    frame: str
    timestamp: float


_line = msgspec.json.Decoder(_Line)


def is_beast(head: bytes) -> bool:
    """Say whether a file begins as a Beast capture does."""
    return len(head) > 1 and head[0] == 0x1A and head[1] in b"12345"


def is_frames(start: bytes) -> bool:
    """Say whether a file begins as JSON lines of raw frames do."""
    return start[:1] == b"{" and re.search(rb'"frame"\s*:\s*"', start[:4096]) is not None


def began_at(name: str) -> int:
    """Return when a capture began, by its name. Refuses a name that does not say it."""
    found = _BEGAN.search(name)
    try:
        if found is None:
            raise ValueError
        text = f"{found[1]}T{found[2]}:{found[3]}:{found[4]}+00:00"
        return round((datetime.fromisoformat(text) - _EPOCH).total_seconds()) * 1_000_000
    except ValueError:
        raise Malformed(
            Reason.BAD_TIME,
            where=name,
            detail="a Beast capture holds a counter and no date, and the name tells none",
            remedy="Name the file by when it began, for example capture.2024-07-06T06:43:09Z.beast",
        ) from None


class Capture:
    """A capture that is being read; `frames` counts what it holds."""

    def __init__(self, source: str, names: tuple[Names, Names], dropped: Counter[str]) -> None:
        self.frames = 0
        self._dropped = dropped
        self._decoder = ModeSDecoder(dropped)
        self._rows = Rows(source, names)

    def beast(self, stream: BinaryIO, *, name: str) -> Iterator[Fixes]:
        """Yield the fixes of a Beast capture, in the time that its counter tells."""
        framer, counter = BeastFramer(self._dropped), _Counter(began_at(name))
        while data := stream.read(READ_BYTES):
            frames = framer.feed(data)
            yield self._fixes(frames, [counter.at(one) for one in frames])
        framer.restart()

    def lines(self, stream: BinaryIO) -> Iterator[Fixes]:
        """Yield the fixes of JSON lines, each with `frame` in hex and `timestamp` in seconds."""
        frames: list[Frame] = []
        times: list[int] = []
        while line := stream.readline(MAX_LINE):
            read = _read(line)
            if read is None:
                self._dropped["not_a_frame"] += 1
                continue
            frames.append(read[0])
            times.append(read[1])
            if len(frames) >= AT_ONCE:
                yield self._fixes(frames, times)
                frames, times = [], []
        yield self._fixes(frames, times)

    def _fixes(self, frames: list[Frame], times: list[int]) -> Fixes:
        self.frames += len(frames)
        self._decoder.rows(frames, times, self._rows)
        return self._rows.batch()


class _Counter:
    """A receiver's counter in microseconds since 1970. One that jumps goes on from where it was."""

    def __init__(self, began_at: int) -> None:
        self._at, self._ticks = began_at, -1

    def at(self, frame: Frame) -> int:
        """Return when a frame was heard."""
        if frame.ticks is None or frame.multilaterated:
            return self._at
        step = frame.ticks - self._ticks
        if self._ticks >= 0 and 0 <= step <= LONGEST_STEP_S * TICKS_PER_SECOND:
            self._at += step * 1_000_000 // TICKS_PER_SECOND
        self._ticks = frame.ticks
        return self._at


def _read(line: bytes) -> tuple[Frame, int] | None:
    try:
        read = _line.decode(line)
        data = bytes.fromhex(read.frame)
    except (msgspec.DecodeError, ValueError):
        return None
    if len(data) not in _LENGTHS or not 0 < read.timestamp < 1e11:
        return None
    return Frame(data), round(read.timestamp * 1e6)
