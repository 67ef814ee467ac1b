"""The command line as a whole: fast help, one table of exit codes, and no traceback ever."""

from __future__ import annotations

import logging
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.program import Program

from truceline.cli import failures, kinds, main, shown
from truceline.errors import Malformed, Reason, Refused, Unavailable, Unproven


def test_help_answers_within_half_a_second_of_cpu() -> None:
    costs = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "truceline.cli", "--help"], check=True, capture_output=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    assert min(costs) < 0.5


def test_help_loads_nothing_heavy() -> None:
    heavy = "{'numpy', 'sqlalchemy', 'fastapi', 'shapely', 'numba', 'httpx', 'pydantic', 'rich'}"
    code = f"import sys, truceline.cli.main; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "[]"


def test_the_version_is_said(program: Program) -> None:
    assert program.run("--version").out.startswith("truceline ")


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Malformed(Reason.NOT_JSON, detail="x"), 2),
        (Refused(Reason.NO_MANDATE, detail="x"), 3),
        (Unproven(Reason.BAD_PROOF, detail="x"), 4),
        (Unavailable(Reason.BUSY, detail="x"), 5),
        (KeyboardInterrupt(), 130),
        (RuntimeError("inside"), 70),
        (FileNotFoundError(2, "No such file or directory", "a.key"), 2),
        (PermissionError(13, "Permission denied", "a.key"), 5),
        (OSError(28, "No space left on device", "a"), 5),
    ],
)
def test_each_ending_has_its_code_and_a_sentence(
    failure: BaseException,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def end() -> None:
        raise failure

    monkeypatch.setattr(main, "app", end)
    assert main._run() == code
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert told or isinstance(failure, KeyboardInterrupt)


def test_a_defect_leaves_its_details_in_a_file_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sentence = failures.of_a_defect(RuntimeError("the inside"))
    [file] = tmp_path.iterdir()

    assert str(file) in sentence
    assert "the inside" in file.read_text()


def test_what_the_program_logs_is_one_line_and_its_details_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    error = RuntimeError("the inside")
    record = logging.LogRecord(
        "truceline.door", logging.ERROR, "", 1, "a group of %d", (3,), (RuntimeError, error, None)
    )
    line = failures.OneLine().format(record)
    [file] = tmp_path.iterdir()

    assert "\n" not in line
    assert "a group of 3" in line
    assert str(file) in line


def test_a_reader_who_leaves_early_is_no_failure(program: Program) -> None:
    command = f"{sys.executable} -m truceline.cli kinds --json | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)

    assert done.stdout == "[\n"
    assert "Error" not in done.stderr


def test_a_name_in_a_record_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    shown.say("a\x1b[2Jb\u202ec")

    assert capsys.readouterr().out == "a\ufffd[2Jb\ufffdc\n"


def test_columns_stay_aligned_beside_arabic_and_wide_letters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [{"a": "دِمَشق", "b": "1"}, {"a": "北京", "b": "2"}, {"a": "abcd", "b": "3"}]
    shown.table(rows, {"a": "A", "b": "B"}, empty="")
    lines = capsys.readouterr().out.splitlines()

    assert lines[2].endswith("北京  2")
    assert lines[3].endswith("abcd  3")


def test_every_kind_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    kinds.kinds("zone.proposed/1")
    assert "content" in capsys.readouterr().out
    with pytest.raises(Refused):
        kinds.kinds("zone.bought/1")


def test_what_is_missing_is_named(program: Program) -> None:
    assert "--server or --data" in program.run("zones", "list", code=2).err
    assert "truceline init" in program.run("zones", "list", "--data", "nowhere", code=3).err
    gone = program.run("zones", "list", "--server", "http://127.0.0.1:9", code=5)
    assert "does not answer" in gone.err
