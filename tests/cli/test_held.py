"""What the command line keeps of what was sealed, and that `truceline verify` proves it."""

from __future__ import annotations

import stat

from tests.cli.program import Program


def test_what_was_sealed_is_kept_beside_the_receipt_and_proved(founded: Program) -> None:
    founded.run("keys", "new", "keys/north-2.key")
    founded.run(
        *("officers", "appoint", "north-2", "--role", "liaison"),
        *("--name", "A. Person", "--contact", "radio 4"),
        *("--officer-key", "keys/north-2.key", "--key", "keys/north.key"),
        *("--receipts", "held", "--data", "data"),
    )
    [held] = (founded.folder / "held").glob("*.disclosures.json")

    done = founded.run("verify", "data", "--receipts", "held")

    assert stat.S_IMODE(held.stat().st_mode) == 0o600
    assert "1 of your receipts stand in the log" in done.out
    assert "2 sealed parts that you hold are those that their leaves seal" in done.out
    other = held.read_text().replace('"index":', '"index":1')
    held.write_text(other)
    assert (
        "the log shows no leaf" in founded.run("verify", "data", "--receipts", "held", code=2).out
    )
