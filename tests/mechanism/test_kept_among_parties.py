"""An instrument that is not public leaves nothing in the log but that something was said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.assembly import (
    STARTED_AT,
    Assembly,
    agreed,
    agreement,
    founded,
    texts_digest,
    zone_file,
)

from truceline.errors import Reason, Refused
from truceline.mechanism import crossing_list, fsck, upkeep
from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.installation import Installation
from truceline.records import envelope, record
from truceline.records.record import Micros
from truceline.zones import in_force

DAY = 86_400 * 1_000_000


@pytest.fixture
def installation(tmp_path: Path, assembly: Assembly) -> Iterator[Installation]:
    """An installation with a public agreement; one store is enough: nothing of this is in it."""
    with founded(tmp_path, assembly) as made:
        for one in agreed(made, assembly):
            made.door.submit(one).taken()
        yield made


def published(installation: Installation, assembly: Assembly, **changes: Any) -> dict[str, Any]:
    """The body of an instrument that its parties keep to themselves."""
    text = installation.files.put(b"Between us.", "text/plain")
    texts = {"en": {"file": text.tree(), "equal_force": True}}
    made = {**agreement(installation, assembly), "code": "PACT", "secrecy": "parties"}
    return {**made, "texts": texts, **changes}


def tell(installation: Installation, assembly: Assembly, author: str, kind: str, body: Any) -> Any:
    """Say something sealed whole; returns the answer."""
    signed, disclosures = assembly.hand(author).sign_sealed(kind, body)
    return installation.door.submit(signed, disclosures)


def made_in_secret(installation: Installation, assembly: Assembly, **changes: Any) -> None:
    """An instrument and a zone under it, sealed from the first word to the last consent."""
    body = published(installation, assembly, **changes)
    content = zone_file(installation, "Z9", north=34.0)
    zone = {"zone": "Z9", "name": {"en": "Nine"}, "instrument": "PACT", "content": content}
    tell(installation, assembly, "north-desk", "instrument.published/1", body).taken()
    for code in assembly.codes:
        signed = {"instrument": "PACT", "texts": texts_digest(body)}
        tell(installation, assembly, f"{code}-1", "instrument.signed/1", signed).taken()
    tell(installation, assembly, "north-desk", "zone.proposed/1", zone).taken()
    for code in assembly.codes:
        consent = {"zone": "Z9", "content": content["sha256"]}
        tell(installation, assembly, f"{code}-1", "zone.consented/1", consent).taken()


def leaves(installation: Installation) -> list[record.Record]:
    """What the log shows of each leaf."""
    from truceline.store import log

    with installation.store.reading() as look:
        rows = log.read(look, 0, installation.book.size)
    return [record.read(envelope.read_entry(one.entry).envelope.payload) for one in rows]


def test_it_is_signed_and_adopted_and_every_leaf_of_it_says_nothing(
    installation: Installation, assembly: Assembly
) -> None:
    before = installation.book.size
    made_in_secret(installation, assembly)
    shown = leaves(installation)[before:]

    assert in_force.in_force(installation.book.zones["Z9"], Micros(STARTED_AT * 2))
    assert {one.kind for one in shown} == {"sealed/1", "pseudonym.enrolled/1"}
    assert all(one.author in ("", "mechanism") for one in shown)
    assert not any(one.refs or one.body for one in shown if one.kind == "sealed/1")


def test_what_is_said_of_it_in_clear_is_refused_and_leaves_nothing(
    installation: Installation, assembly: Assembly
) -> None:
    made_in_secret(installation, assembly)
    size = installation.book.size
    clear = [
        ("north-desk", "instrument.published/1", published(installation, assembly, code="PACT2")),
        ("north-1", "instrument.suspended/1", {"instrument": "PACT", "why": {"en": "so"}}),
        ("south-1", "zone.suspended/1", {"zone": "Z9", "why": {"en": "so"}}),
    ]
    for author, kind, body in clear:
        answer = installation.door.submit(assembly.hand(author).sign(kind, body))
        assert isinstance(answer.failure, Refused)
        assert answer.failure.reason is Reason.WRONG_LEAF
    assert installation.book.size == size


def test_what_is_public_cannot_be_said_under_seal(
    installation: Installation, assembly: Assembly
) -> None:
    why = {"zone": "Z1", "why": {"en": "so"}}
    answer = tell(installation, assembly, "south-1", "zone.suspended/1", why)

    assert answer.failure.reason is Reason.WRONG_LEAF
    body = {"officer": "x", "roles": ["unit"], "key": {}}
    assert tell(installation, assembly, "south", "officer.appointed/1", body).failure is not None


def test_a_sealed_record_has_one_signer_who_must_have_the_mandate(
    installation: Installation, assembly: Assembly
) -> None:
    made_in_secret(installation, assembly)
    stranger = tell(
        installation,
        assembly,
        "nobody-1",
        "instrument.suspended/1",
        {"instrument": "PACT", "why": {"en": "so"}},
    )
    assert stranger.failure.reason is Reason.KEY_UNKNOWN
    hand = assembly.hand("north-1")
    hand.author = "south-1"
    answer = tell(
        installation,
        assembly,
        "north-1",
        "instrument.suspended/1",
        {"instrument": "PACT", "why": {"en": "so"}},
    )
    assert answer.failure.reason is Reason.NO_MANDATE


def test_the_files_that_it_names_are_kept_under_the_data_key(
    installation: Installation, assembly: Assembly
) -> None:
    made_in_secret(installation, assembly)
    named = installation.book.hidden.files

    assert len(named) == 2
    assert all(installation.files.is_sealed(one) for one in named)
    assert b"Between us." in {installation.files.read(one) for one in named}


def test_its_clocks_fire_under_seal(tmp_path: Path, assembly: Assembly) -> None:
    clock = ScenarioClock(STARTED_AT)
    due = {"rule": "in a week", "says": {"from": "entry_into_force", "plus": "P7D"}}
    deadline = {"code": "D1", "clause": "1", "what": {"en": "maps"}, "owner": "north", "due": due}
    with founded(tmp_path, assembly, clock=clock) as installation:
        made_in_secret(installation, assembly, deadlines=[deadline])
        before = installation.book.size
        clock.seek(Micros(STARTED_AT + 9 * DAY))
        with installation.reading_book() as book:
            steps = book.clocks.due(clock.now(), most=10)
        for one in steps:
            installation.door.state("clock.fired/1", one.body())
        shown = leaves(installation)[before:]

        assert any(one.clock == "deadline/PACT/D1" for one in steps)
        assert {one.kind for one in shown} == {"sealed/1"}


def test_after_a_restart_and_a_rebuild_it_stands_as_before(
    installation: Installation, assembly: Assembly
) -> None:
    made_in_secret(installation, assembly)
    folder = installation.layout.folder
    installation.close()
    with Installation.open(folder, clock=installation.clock) as again:
        assert in_force.in_force(again.book.zones["Z9"], Micros(STARTED_AT * 2))
        assert again.book.hidden.about("Z9", after=-1)
    with upkeep.opened(folder, writing=True) as ground:
        assert fsck.fsck(ground).wrong == []
        assert upkeep.rebuild(ground).same


def test_where_its_first_record_was_erased_the_rest_falls_with_it(
    installation: Installation, assembly: Assembly
) -> None:
    made_in_secret(installation, assembly)
    first = next(one for one in leaves(installation) if one.kind == "sealed/1")
    installation.erase(first.id, list(first.sealed), "agreed").taken()
    folder = installation.layout.folder
    installation.close()

    with Installation.open(folder, clock=installation.clock) as again:
        assert "PACT" not in again.book.instruments
        assert "Z1" in again.book.zones


@pytest.mark.parametrize("secrecy", ["parties", "named"])
def test_the_public_map_and_the_views_know_nothing_of_it(
    installation: Installation, assembly: Assembly, secrecy: str
) -> None:
    made_in_secret(installation, assembly, secrecy=secrecy)
    with installation.store.reading() as look:
        from truceline.store import schema

        for table in schema.views():
            for row in look.execute(table.select()):
                assert "PACT" not in map(str, row)
                assert "Z9" not in map(str, row)
    assert [one["zone"] for one in installation.book.public_map(Micros(STARTED_AT * 2))] == ["Z1"]


def test_its_crossings_stand_in_one_list_with_all_others(
    installation: Installation, assembly: Assembly
) -> None:
    made_in_secret(installation, assembly)
    for number in range(6):
        zone = "Z9" if number % 2 else "Z1"
        state(installation, zone, STARTED_AT + number)
    size = installation.book.size
    state(installation, "Z9", STARTED_AT + 9)

    def asked(**how: Any) -> list[tuple[str, int]]:
        with installation.store.reading() as look, installation.reading_book() as book:
            found = crossing_list.crossings(look, book, **how)
        return [(one.zone, one.entered_at - STARTED_AT) for one in found]

    newest = [("Z9", 9), ("Z9", 5), ("Z1", 4), ("Z9", 3), ("Z1", 2), ("Z9", 1), ("Z1", 0)]
    assert asked() == newest
    assert asked(before_size=size) == newest[1:]
    assert asked(limit=2, offset=1) == newest[1:3]
    assert asked(zones=["Z9"]) == [one for one in newest if one[0] == "Z9"]
    assert asked(zones=["Z1"]) == [one for one in newest if one[0] == "Z1"]
    assert asked(since=Micros(STARTED_AT + 3), until=Micros(STARTED_AT + 5)) == newest[2:4]
    assert asked(verdict="confirmed") == []


def state(installation: Installation, zone: str, entered_at: int) -> None:
    """A crossing, as the watch states it."""
    body = {
        "zone": zone,
        "content": "0" * 64,
        "segment": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "source": "test",
        "nature": "synthetic",
        "entered_at": entered_at,
        "verdict": "probable",
        "probability_ppm": 900_000,
        "cause": "entered",
        "altitude_known": True,
    }
    installation.door.state("air.crossing/1", body).taken()
