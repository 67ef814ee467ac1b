"""The verifier against a log that the real door, store and sealing wrote."""

from __future__ import annotations

import time

import pytest
from tests.support.assembly import Assembly, agreed, founded, report

from truceline.ledger.tree import leaf_hash


@pytest.fixture
def installation(tmp_path):
    """A log on SQLite with an agreement, a zone in force, a post and many reports on it."""
    assembly = Assembly()
    mine = tmp_path / "receipts"
    mine.mkdir()
    with founded(tmp_path, assembly) as made:
        answers = [made.door.submit(one) for one in agreed(made, assembly)]
        answers += [made.door.submit(report(assembly, "north-1", count)) for count in range(300)]
        for answer in answers:
            answer.taken()
            (mine / f"{answer.index}.json").write_bytes(answer.receipt.encode())
        assert made.wait_sealed(answers[-1].index + 1)
        wait_for_map(tmp_path)
    return tmp_path


def wait_for_map(folder) -> None:
    for _ in range(50):
        if (folder / "data" / "log" / "snapshot").exists():
            return
        time.sleep(0.1)
    raise AssertionError("no snapshot of the map was published")


def test_what_the_door_wrote_is_proved_by_the_verifier(installation, verify):
    first = (installation / "data" / "log" / "tile" / "entries").rglob("*")
    genesis = leaf_hash(first_entry(first)).hex()

    run = verify(installation / "data", genesis=genesis, receipts=[installation / "receipts"])

    assert run.says("broken") == ""
    assert run.says("could_not_check") == ""
    assert run.checks("proved") >= {
        "tree",
        "records",
        "keys",
        "mandate",
        "sequence",
        "adoptions",
        "map",
        "receipts",
    }


def first_entry(paths) -> bytes:
    path = min(one for one in paths if one.is_file() and "000" in str(one))
    data = path.read_bytes()
    return data[2 : 2 + int.from_bytes(data[:2], "big")]


def test_a_wrong_receipt_does_not_pass_here_either(installation, verify):
    receipts = sorted((installation / "receipts").glob("*.json"))
    receipts[0].write_bytes(
        receipts[0].read_bytes().replace(b'"payload":"eyJ', b'"payload":"eyI', 1)
    )

    run = verify(installation / "data", receipts=[installation / "receipts"])

    assert run.code == 1
    assert "not signed by the mechanism" in run.says("broken")
