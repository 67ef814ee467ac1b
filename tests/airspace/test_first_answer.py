"""Before the kernel is compiled, and where nothing can be kept, there are answers all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PLAY = """
from tests.airspace.skies import box, flight, found, straight
zone = box(1, 0, 2, 1)
"""


def told_by(script: str, **environment: str) -> str:
    """What a fresh process prints."""
    made = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    run = subprocess.run(
        [sys.executable, "-c", script],
        env=made,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_first_answer_does_not_wait_for_the_compiler(tmp_path: Path):
    script = PLAY + (
        "crossing, = found(flight(straight(0.5, 2.5)), zone)\n"
        "import sys\n"
        "print(crossing.zone_id, 'numba' in sys.modules)\n"
    )
    assert told_by(script, NUMBA_CACHE_DIR=str(tmp_path)).split() == ["box", "False"]
    assert not list(tmp_path.iterdir())


def test_a_search_changes_over_to_the_kernel_when_that_is_ready_and_says_the_same():
    from tests.airspace.test_kernel import paths, same, stars

    from truceline.airspace.kernel import KERNEL, Kernel, Search

    class Slow(Kernel):
        """The real kernel, told to be ready when the test says so."""

        is_done = False

        @property
        def ready(self) -> bool:
            return self.is_done

        def module(self) -> object:
            return KERNEL.module()

        def start(self) -> None:
            pass

    assert KERNEL.wait(), KERNEL.notice
    slow = Slow()
    zones, rows = stars(3, 12), paths(3, 800)
    search = Search(kernel=slow, warm_rows=1)
    before = search(zones, rows)
    slow.is_done = True
    same(before, search(zones, rows))


def test_where_nothing_can_be_kept_on_the_disk_a_notice_says_so_and_what_to_do(tmp_path: Path):
    """A read-only installation: numba finds no place for its cache and refuses to keep one."""
    (tmp_path / "file").write_text("not a folder")
    script = (
        "from numba.core import caching\n"
        "for one in (caching.CacheImpl, *caching.CacheImpl.__subclasses__()):\n"
        "    one._locator_classes = [caching.UserProvidedCacheLocator]\n"
        "from truceline.airspace.kernel import Kernel\n"
        "kernel = Kernel(lambda module: print(module.narrow(-1.0, 1.0, 0.0, 1.0)))\n"
        "print(kernel.wait())\n"
        "print(kernel.notice)\n"
    )
    told = told_by(script, NUMBA_CACHE_DIR=str(tmp_path / "file/under"))
    answer, usable, notice = told.splitlines()
    assert (answer, usable) == ("(0.5, 1.0)", "True")
    assert "compiled at each start" in notice
    assert "NUMBA_CACHE_DIR" in notice


def test_where_there_is_no_compiler_at_all_a_notice_says_so_and_a_sweep_refuses():
    from truceline.airspace.chart import chart
    from truceline.airspace.kernel import Kernel
    from truceline.airspace.sweep import Sweep
    from truceline.errors import Unavailable

    def fails(_module: object) -> None:
        raise ImportError("no module named numba")

    kernel = Kernel(fails)
    with pytest.raises(Unavailable, match="the compiled kernel is not used"):
        Sweep(chart([]), kernel=kernel)
    assert "answers are the same" in kernel.notice
