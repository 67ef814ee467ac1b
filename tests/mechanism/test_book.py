"""The Book: whatever is said in whatever order, the fold is one, and what must follow can follow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulators.agreements import content, instrument, publish, sign, signed_memorandum
from tests.simulators.assembly import DAY, LOG, Assembly, instant, key, key_body, ulid

from truceline.errors import Reason, Refused
from truceline.mechanism import rules
from truceline.mechanism.book import Book
from truceline.parties.visibility import CLEAR, Viewer, may_see
from truceline.records import sealed
from truceline.records.admitted import Admitted, Candidate, Signer
from truceline.records.kinds import KINDS
from truceline.records.record import Record
from truceline.records.roles import Role
from truceline.verifier import grounds
from truceline.verifier import public_map as verifiers
from truceline.verifier.findings import State

BODIES = ("north", "south", "west")
CONTENTS = ("ring", "one", "two")
OFTEN = ["sign", "agree", "consent", "fire", "day", "extend"]
DO = [
    *OFTEN,
    *OFTEN,
    "publish",
    "propose",
    "revise",
    "amend",
    "position",
    "contest",
    "suspend",
    "restore",
    "instrument_suspend",
    "instrument_restore",
    "terminate",
    "adhere",
    "week",
    "months",
]
ACTS = st.lists(
    st.tuples(
        st.sampled_from(DO),
        st.sampled_from(BODIES),
        st.sampled_from(CONTENTS),
        st.sampled_from(["Z", "Y"]),
    ),
    max_size=60,
)


def act(  # noqa: PLR0912 -- one case for each thing that can be said
    assembly: Assembly, what: str, body: str, name: str, zone: str
) -> None:
    """One body does one thing; what it may not do is refused and changes nothing."""
    memo = assembly.book.instruments.get("MEMO")
    sha256 = content(name)["sha256"]
    match what:
        case "publish":
            publish(assembly, *BODIES, term="P2M")
        case "sign":
            sign(assembly, body)
        case "propose":
            fields = {"name": {"en": zone}, "instrument": "MEMO", "content": content(name)}
            assembly.says(f"{body}-p", "zone.proposed/1", zone=zone, **fields)
        case "revise":
            assembly.says("office-s", "zone.revised/1", zone=zone, content=content(name))
        case "amend":
            covering = assembly.book.public_map(assembly.at)
            if covering:
                fields = {"content": content(name), "supersedes": covering[0]["content"]}
                assembly.says(f"{body}-p", "zone.amended/1", zone=covering[0]["zone"], **fields)
        case "position":
            fields = {"content": content(name), "basis": "other"}
            assembly.says(f"{body}-p", "zone.position/1", zone=zone, **fields)
        case "consent":
            assembly.says(f"{body}-p", "zone.consented/1", zone=zone, content=sha256)
        case "agree":
            for one in BODIES:
                assembly.says(f"{one}-p", "zone.consented/1", zone=zone, content=sha256)
        case "contest":
            fields = {"content": sha256, "why": {"en": "x"}}
            assembly.says("east-p", "zone.contested/1", zone=zone, **fields)
        case "suspend":
            assembly.says(f"{body}-p", "zone.suspended/1", zone=zone, why={"en": "x"})
        case "restore" if zone in assembly.book.zones:
            for one in assembly.book.zones[zone].suspensions:
                fields = {"suspension": one.record}
                if one.restored_at is None:
                    assembly.says(f"{body}-p", "zone.restored/1", zone=zone, **fields)
        case "instrument_suspend":
            fields = {"instrument": "MEMO", "why": {"en": "x"}}
            assembly.says(f"{body}-p", "instrument.suspended/1", **fields)
        case "instrument_restore" if memo is not None:
            for one in memo.suspensions:
                fields = {"instrument": "MEMO", "suspension": one.record}
                assembly.says(f"{body}-p", "instrument.restored/1", **fields)
        case "extend":
            until = instant("2017-09-01 00:00") + CONTENTS.index(name) // 2 * DAY
            assembly.says(f"{body}-p", "instrument.extended/1", instrument="MEMO", until=until)
        case "terminate" if name == "two" and zone == "Y":
            fields = {"instrument": "MEMO", "from_": assembly.at + DAY, "why": {"en": "x"}}
            assembly.says(f"{body}-p", "instrument.terminated/1", **fields)
        case "adhere" if memo is not None:
            fields = {"instrument": "MEMO", "from_": assembly.at, "texts": memo.digest}
            assembly.says("east-p", "instrument.adhered/1", **fields)
        case "fire":
            fire(assembly)
        case "day":
            assembly.at += DAY
        case "week":
            assembly.at += 7 * DAY
        case "months" if zone == "Y":
            assembly.at += 40 * DAY


def fire(assembly: Assembly) -> None:
    while due := assembly.book.clocks.due(assembly.at):
        assembly.says("mechanism", "clock.fired/1", **due[0].body())


def start() -> Assembly:
    """Signed by two of three, with two zones on the table."""
    assembly = Assembly(conflict_parties=("east",))
    publish(assembly, *BODIES, term="P2M")
    for body in BODIES[:2]:
        sign(assembly, body)
    for zone in ("Z", "Y"):
        act(assembly, "propose", "north", "ring", zone)
    return assembly


def verifiers_map(assembly: Assembly, size: int, at: int) -> list[dict]:
    said = [
        verifiers.Said(
            one.index,
            one.received_at,
            one.record.id,
            one.record.kind,
            one.signer.body,
            one.record.body,
        )
        for one in assembly.told
        if one.record.kind in verifiers.MAP_KINDS
    ]
    last = assembly.told[-1].received_at
    found = grounds.doubts(said, clock=assembly.book.register.time_zone, at=last)
    assert [one for one in found if one.state is State.BROKEN] == []
    return verifiers.zones_at(said, size=size, at=at)


@settings(max_examples=150)
@given(ACTS)
def test_whatever_happens_the_two_public_maps_agree_and_nothing_that_follows_is_refused(acts):
    assembly = start()
    for one in acts:
        try:
            act(assembly, *one)
        except Refused:
            continue
    for at in (assembly.at, assembly.at + DAY, instant("2017-07-01 00:00")):
        assert assembly.book.public_map(at) == verifiers_map(assembly, len(assembly.told), at)
    again = assembly.clone()
    assert again.zones == assembly.book.zones
    assert again.instruments == assembly.book.instruments
    assert again.clocks.clocks == assembly.book.clocks.clocks
    assert again.clocks.due(assembly.at) == assembly.book.clocks.due(assembly.at)
    half = Book(LOG)
    size = len(assembly.told) // 2
    for one in assembly.told[:size]:
        half.apply(one)
    assert half.public_map(assembly.at) == verifiers_map(assembly, size, assembly.at)


# -- the rules that every record meets ---------------------------------------------------------------


def candidate(assembly: Assembly, **changes) -> Candidate:
    fields = {
        "log": LOG,
        "kind": "instrument.reading/1",
        "id": ulid("new"),
        "author": "north-p",
        "seq": 99,
        "made_at": assembly.at,
        "body": {"instrument": "MEMO", "clause": "1", "reading": {"en": "x"}},
    }
    record = Record(**(fields | changes))
    signer = Signer(key("north-p").id, "north", "north-p", frozenset({Role.PRINCIPAL}))
    return Candidate(record, KINDS[record.kind], signer, assembly.at)


def reason(assembly: Assembly, **changes) -> Reason | None:
    try:
        rules.decide(candidate(assembly, **changes), assembly.book)
    except Refused as failure:
        return failure.reason
    return None


def test_what_every_record_must_meet():
    memo = signed_memorandum()
    assert reason(memo) is None
    assert reason(memo, log="log.example/other") is Reason.WRONG_LOG
    assert reason(memo, id=memo.told[3].record.id) is Reason.ID_TAKEN
    assert reason(memo, author="south-p") is Reason.NO_MANDATE
    assert reason(memo, refs=(ulid("unknown"),)) is Reason.REF_UNKNOWN
    assert reason(memo, refs=(memo.told[3].record.id,)) is None
    assert reason(memo, made_at=memo.at + DAY) is Reason.MADE_IN_FUTURE
    assert reason(memo, kind="genesis/1") is Reason.WRONG_STATE


def test_an_exercise_has_a_clock_of_its_own():
    assembly = Assembly(mode="exercise")
    publish(assembly, *BODIES)
    assert reason(assembly, made_at=assembly.at + 3000 * DAY) is None


def test_the_first_entry_is_the_founding():
    empty = Assembly(founded=False)
    empty.book.size = 0
    assert reason(empty) is Reason.WRONG_STATE


def test_a_number_is_above_the_keys_last_one_and_may_leave_a_gap():
    memo = signed_memorandum()
    last = memo.book.seqs[key("north-p").id]
    for seq in (last, last - 1):
        with pytest.raises(Refused) as failure:
            rules.check_seq(candidate(memo, seq=seq).record, key("north-p").id, memo.book)
        assert failure.value.reason is Reason.SEQUENCE
    for seq in (last + 1, last + 40):
        rules.check_seq(candidate(memo, seq=seq).record, key("north-p").id, memo.book)


def test_old_ids_are_asked_for_elsewhere_when_memory_is_bounded(monkeypatch):
    monkeypatch.setattr("truceline.mechanism.book.RECENT_IDS", 2)
    asked: list[str] = []
    book = Book(LOG, known=lambda record_id: asked.append(record_id) or 7)
    for number in range(4):
        book.ids.add(f"id{number}", number)
    assert book.ids.get("id3") == 3
    assert book.ids.get("id0") == 7
    assert asked == ["id0"]


# -- disclosures ---------------------------------------------------------------------------------------


def test_what_was_handed_out_is_known_until_it_is_called_back():
    memo = signed_memorandum()
    handed = memo.told[3].record.id
    memo.says(
        "mechanism",
        "pseudonym.enrolled/1",
        public=key_body("hidden")["public"],
        parts={"holder": "mechanism"},
    )
    made = memo.says(
        "mechanism", "disclosure.made/1", record=handed, part="name", to="south", purpose="x"
    )
    facts = memo.book.facts(memo.told[3])
    assert [(one.part, one.body) for one in facts.disclosed_to] == [("name", "south")]
    memo.says("mechanism", "disclosure.recalled/1", disclosure=made.id, why="x")
    (one,) = memo.book.facts(memo.told[3]).disclosed_to
    assert one.recalled_at is not None


def test_a_body_learns_who_was_handed_its_own_parts_and_that_it_was_called_back():
    memo = signed_memorandum()
    at, officer = memo.at, key("north-p").id
    signer = Signer(officer, "north", "north-p", frozenset({Role.PRINCIPAL}))
    closed = sealed.digests(sealed.seal({"name": "x"}, lambda: bytes(16)))
    body = {"officer": "north-z", "roles": ["unit"], "key": key_body("north-z")}
    own = Record(LOG, "officer.appointed/1", ulid("own"), "north", 99, at, body=body, sealed=closed)
    memo.book.apply(Admitted(len(memo.told), own, signer, at))
    team = Signer(key("mechanism").id, "", "", frozenset({Role.MECHANISM}))

    def says(kind: str, **fields: object) -> Admitted:
        index = memo.book.size
        record = Record(LOG, kind, ulid(f"d{index}"), "mechanism", index, at, body=fields)
        admitted = Admitted(index, record, team, at, sealed_leaf=True)
        memo.book.apply(admitted)
        return admitted

    made = says("disclosure.made/1", record=own.id, part="name", to="south", purpose="x")
    called_back = says("disclosure.recalled/1", disclosure=made.record.id, why="x")
    for told in (made, called_back):
        facts = memo.book.facts(told)
        assert facts.concerned == {"north", "south"}
        for code, may in (("north", True), ("south", True), ("west", False)):
            who = Viewer(code, f"{code}-l", frozenset({Role.LIAISON}), signed_in=True)
            assert may_see(who, KINDS[told.record.kind], CLEAR, record=facts, at=at) == may, code


# -- speed ------------------------------------------------------------------------------------------------


def test_a_typical_record_is_decided_and_folded_within_forty_microseconds():
    memo = signed_memorandum()
    memo.says(
        "north-p",
        "zone.proposed/1",
        zone="Z",
        name={"en": "Z"},
        instrument="MEMO",
        content=content("ring"),
    )
    signer = Signer(key("north-p").id, "north", "north-p", frozenset({Role.PRINCIPAL}))
    body = {"zone": "Z", "accepts": content("ring")["sha256"], "basis": "river"}
    records = [
        Record(LOG, "zone.position/1", ulid(f"r{n}"), "north-p", n + 100, memo.at, (), body)
        for n in range(20_000)
    ]
    kind = KINDS["zone.position/1"]
    started = time.thread_time()
    for index, record in enumerate(records, start=len(memo.told)):
        rules.check_signers(record, (signer.key,), memo.book, memo.at)
        rules.check_seq(record, signer.key, memo.book)
        rules.decide(Candidate(record, kind, signer, memo.at), memo.book)
        memo.book.apply(Admitted(index, record, signer, memo.at))
    spent = (time.thread_time() - started) / len(records) * 1e6
    print(f"check, decide and fold: {spent:.1f} microseconds a record")
    assert spent < 40


def test_an_instrument_body_used_here_is_a_right_one():
    KINDS["instrument.published/1"].body.check(instrument("north"), "body")
