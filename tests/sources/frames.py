"""The real captures of raw frames, where they are at hand (they may not be shipped)."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

SHARED = Path(__file__).parents[3] / "shared" / "data" / "formats"
DECODED = SHARED / "modes_frames_decoded_2024-07-06.jsonl.gz"
BEAST = SHARED / "beast_sample_dump1090.bin"


def truth() -> list[dict[str, Any]]:
    """The frames of one airliner from Paris to Toulouse with what another decoder read."""
    if not DECODED.exists():
        pytest.skip("the capture of raw frames is not at hand")
    return [orjson.loads(line) for line in gzip.open(DECODED)]


def beast_sample() -> bytes:
    """Four kilobytes as dump1090 sent them."""
    if not BEAST.exists():
        pytest.skip("the Beast sample is not at hand")
    return BEAST.read_bytes()
