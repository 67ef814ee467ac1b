"""A disk that is really full: what was accepted is safe, nothing is half admitted, and it goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.assembly import Assembly, agreed, founded, report

from truceline.errors import Reason, Unavailable
from truceline.mechanism import fsck, upkeep
from truceline.mechanism.installation import Installation
from truceline.store import log


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of six mebibytes in memory; skips visibly where none can be mounted."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a small file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def fill(place: Path, *, leave: int) -> Path:
    """Fill the disk up to so many bytes."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    os.truncate(ballast, max(0, ballast.stat().st_size - leave))
    return ballast


def test_a_full_disk_refuses_nothing_it_had_promised_and_takes_up_again(
    small_disk: Path, assembly: Assembly
):
    with founded(small_disk, assembly) as installation:
        for one in agreed(installation, assembly):
            installation.door.submit(one).taken()
        ballast = fill(small_disk, leave=300_000)
        kept, failure, waiting = [], None, b""
        for _ in range(5_000):
            waiting = report(assembly, "north-1")
            answer = installation.door.submit(waiting)
            if answer.failure is not None:
                failure = answer.failure
                break
            kept.append((answer.index, answer.entry))
        assert isinstance(failure, Unavailable)
        assert failure.reason is Reason.DISK_FULL
        assert "what was accepted is safe" in failure.remedy
        assert kept
        ballast.unlink()
        index = installation.door.submit(waiting).taken()
        assert index == kept[-1][0] + 1
        assert installation.wait_sealed(index + 1)
        with installation.store.reading() as look:
            rows = {row.index: row.entry for row in log.walk(look)}
    assert all(rows[index] == entry for index, entry in kept)
    with upkeep.opened(small_disk / "data", writing=False) as ground:
        assert fsck.fsck(ground).wrong == []
    with Installation.open(small_disk / "data") as again:
        assert again.book.size == index + 1


def test_a_deposit_on_a_full_disk_says_so_and_leaves_nothing(small_disk: Path, assembly: Assembly):
    with founded(small_disk, assembly) as installation:
        fill(small_disk, leave=20_000)
        with pytest.raises(Unavailable) as failure:
            installation.files.put(b"x" * 1_000_000, "application/octet-stream")
        assert failure.value.reason is Reason.DISK_FULL
        assert not list(installation.layout.files.rglob("*.partial"))
