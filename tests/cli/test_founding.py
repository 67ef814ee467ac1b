"""Founding a log: in steps that distrusting bodies can take, or in one step for an exercise."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from tests.cli.conftest import BODIES
from tests.cli.program import Program

pytestmark = pytest.mark.slow


def drafted(program: Program, *, mode: str = "live") -> Path:
    """Each body makes its key on its own machine; the host drafts from the public cards alone."""
    for code in ("north", "south"):
        program.run("keys", "new", f"{code}/{code}.key")
        card = (program.folder / code / f"{code}.key.pub").read_text()
        program.write(f"host/keys/{code}.key.pub", card)
    text = BODIES.replace('"exercise"', f'"{mode}"').replace('.key"', '.key.pub"')
    program.write("host/bodies.toml", text)
    program.run("init", "draft", "data", "--bodies", "host/bodies.toml", "--data-key", "data.key")
    return program.folder / "data" / "genesis.draft.json"


def countersigned(program: Program, draft: Path, code: str) -> str:
    """A body takes the draft home, reads it, and signs it there."""
    program.write(f"{code}/draft.json", draft.read_text())
    done = program.run(
        "init", "countersign", f"{code}/draft.json", "--key", f"{code}/{code}.key", "--yes"
    )
    assert f"signs for {code}" in done.out
    return f"{code}/draft.{code}.json"


def test_a_live_log_is_founded_by_each_body_on_its_own_machine(program: Program) -> None:
    draft = drafted(program)
    files = [countersigned(program, draft, code) for code in ("north", "south")]
    told = program.run("init", "found", "data", *files, "--json").json()

    verified = program.run("verify", "data", "--genesis", told["genesis"])
    assert "signed by the mechanism and by every body: north, south" in verified.out
    wrong = program.run("verify", "data", "--genesis", "0" * 64, code=4)
    assert "genesis" in wrong.out.lower()


def test_a_founding_without_every_body_is_refused(program: Program) -> None:
    draft = drafted(program)
    done = program.run("init", "found", "data", countersigned(program, draft, "north"), code=3)

    assert "lacks the signature of south" in done.err


def test_a_draft_that_was_changed_on_the_way_is_found_out(program: Program) -> None:
    draft = drafted(program)
    good = countersigned(program, draft, "north")
    value = json.loads(draft.read_text())
    payload = base64.b64decode(value["payload"]).replace(b'"quorum":0', b'"quorum":1')
    value["payload"] = base64.b64encode(payload).decode()
    program.write("other.json", json.dumps(value))
    bad = countersigned(program, program.folder / "other.json", "south")
    done = program.run("init", "found", "data", good, bad, code=3)

    assert "did not sign the same" in done.err


def test_a_key_that_the_draft_does_not_name_signs_nothing(program: Program) -> None:
    draft = drafted(program)
    program.run("keys", "new", "stranger.key")
    done = program.run("init", "countersign", draft, "--key", "stranger.key", "--yes", code=3)

    assert "names no body with this key" in done.err


def test_a_live_log_is_not_founded_in_one_step(program: Program) -> None:
    program.write("bodies.toml", BODIES.replace('"exercise"', '"live"'))
    done = program.run("init", "data", "--bodies", "bodies.toml", code=3)

    assert "each body signs on its own machine" in done.err
    assert not (program.folder / "data").exists()


def test_a_founding_is_not_repeated(founded: Program) -> None:
    done = founded.run("init", "data", "--bodies", "bodies.toml", code=3)

    assert "an installation is here already" in done.err


def test_a_description_that_lacks_something_says_what(program: Program) -> None:
    program.write("bodies.toml", 'origin = "log.example/x"\n')
    assert "title" in program.run("init", "data", "--bodies", "bodies.toml", code=2).err
    program.write("bodies.toml", "origin = ")
    assert "TOML" in program.run("init", "data", "--bodies", "bodies.toml", code=2).err


def test_the_data_key_may_not_lie_in_the_data_folder(program: Program) -> None:
    program.write("bodies.toml", BODIES)
    done = program.run(
        "init", "data", "--bodies", "bodies.toml", "--data-key", "data/in.key", code=3
    )

    assert "must not lie in the data folder" in done.err


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("origin =", "place =", "origin"),
        ("capacity =", "size =", "bodies 1: capacity"),
        ("[title]", "[heading]", "title"),
        ("quorum = 1", 'quorum = "one"', "quorum"),
        ("[[witnesses]]", "[witnesses]", "witnesses"),
    ],
)
def test_a_field_that_is_missing_or_wrong_is_named_with_its_place(
    program: Program, before: str, after: str, told: str
) -> None:
    program.write("bodies.toml", program.run("init", "example").out.replace(before, after, 1))
    failed = program.run("init", "draft", "data", "--bodies", "bodies.toml", code=2)

    assert f"bodies.toml: {told}" in failed.err
    assert "init example" in failed.err


def test_the_example_lacks_nothing_but_the_keys(program: Program) -> None:
    program.write("bodies.toml", program.run("init", "example").out)
    failed = program.run("init", "draft", "data", "--bodies", "bodies.toml", code=2)

    assert "north.key" in failed.err
