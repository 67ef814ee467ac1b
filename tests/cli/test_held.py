"""What the command line keeps of what was sealed, and that `truceline verify` proves it."""

from __future__ import annotations

import stat

import pytest
from tests.api.server import running
from tests.cli.program import Program
from tests.cli.test_words import INSTRUMENT, RING, zone


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


@pytest.mark.slow
def test_an_instrument_that_is_not_public_is_sealed_and_its_parties_prove_it(
    founded: Program,
) -> None:
    """From the command line as ever: the door asks for a sealed record, and gets one."""
    founded.write("pact.txt", "Between the two.")
    founded.write("pact.toml", INSTRUMENT.replace('"public"', '"named"').replace("MEMO", "PACT"))
    founded.write("memo.txt", "Between the two.")
    founded.write("hollow.geojson", zone(RING, "Z7"))
    with running(founded.folder / "data"):
        tokens = {}
        for who in ("north-1", "south-1"):
            made = founded.run(
                "tokens", "add", who, "--purpose", "submit", "--json", "--data", "data"
            )
            tokens[who] = made.json()["token"]

        def by(who: str) -> tuple[str, ...]:
            return ("--key", f"keys/{who}.key", "--data", "data", "--token", tokens[who])

        founded.run("instruments", "publish", "pact.toml", *by("north-1"))
        for who in ("north-1", "south-1"):
            founded.run("instruments", "sign", "PACT", *by(who))
        founded.run(
            *("zones", "propose", "Z7", "--instrument", "PACT", "--name", "en=Hollow"),
            *("--file", "hollow.geojson", "--edge", "geodesic", *by("north-1")),
        )
        reading = ("--data", "data", "--token", tokens["south-1"])
        shown = founded.run("zones", "show", "Z7", "--json", *reading).json()
        content = shown["proposals"][0]["content"]
        for who in ("north-1", "south-1"):
            founded.run("zones", "consent", "Z7", "--content", content, *by(who))

        assert founded.run("instruments", "list", "--json", "--data", "data").json() == []
        [row] = founded.run("instruments", "list", "--json", *reading).json()
        assert row["state"] == "in_force"
        founded.run("records", "opened", "opened", *reading)
    plain = founded.run("verify", "data").out
    assert "entries into force" not in plain
    assert "sealed" in plain
    done = founded.run("verify", "data", "--receipts", "opened").out
    assert "1 entries into force rests on all signatures" in done.replace("Each of ", "")
    assert "adoptions rests on the consents" in done
