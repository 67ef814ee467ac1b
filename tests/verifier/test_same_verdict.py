"""The door and the verifier read the same hostile bytes to the same verdict (review W6).

One table runs through both: the mechanism's reading and rules, and the verifier's page
check, fold and grounds. Where their verdicts differ, the case says why, and the test
fails when the difference is gone.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.simulators import agreements
from tests.simulators.assembly import DAY, LOG, Assembly, key, ulid
from tests.simulators.hostile import CASES, CONTEST, Case

from truceline.errors import TrucelineError
from truceline.mechanism import rules
from truceline.records import envelope, keys, record
from truceline.records.admitted import Candidate
from truceline.records.envelope import Entry, Envelope
from truceline.records.kinds import KINDS
from truceline.records.record import PAYLOAD_TYPE, Micros, Record
from truceline.verifier import grounds, keyring, leaves, public_map
from truceline.verifier.findings import Findings, State
from truceline.verifier.fold import Fold
from truceline.verifier.leaves import Leaf

TAKEN, TURNED_DOWN = "taken", "turned down"


@pytest.fixture(scope="module")
def history() -> Assembly:
    """A memorandum in force, a zone proposed under it, and an officer whom the body ended."""
    assembly = agreements.signed_memorandum()
    agreements.propose(assembly)
    assembly.appoints("north", "north-gone", "principal")
    assembly.says("north", "key.revoked/1", key=keys.key_id(key("north-gone").public), why="stolen")
    assembly.says("north", "officer.ended/1", officer="north-gone")
    assembly.at = Micros(assembly.at + 2 * DAY)
    return assembly


def signed(case: Case, assembly: Assembly) -> Envelope:
    """The case as bytes on the wire; a false signature is of the right length."""
    last = assembly.book.seqs.get(keys.key_id(key(case.signers[0]).public), 0)
    made = Record(
        log=LOG,
        kind=case.kind,
        id=ulid(case.name),
        author=case.author,
        seq=last + 1,
        made_at=assembly.at,
        body=CONTEST if case.body is None else case.body,
    )
    made = replace(made, **(case.changed or {}))
    payload = case.payload(_loose(made))
    by = [key(name) for name in case.signers]
    whole = envelope.sign(payload, *by, payload_type=case.payload_type)
    if not case.false:
        return whole
    other = envelope.sign(payload + b" ", *by, payload_type=case.payload_type)
    return Envelope(payload, other.signatures, case.payload_type)


def _loose(made: Record) -> bytes:
    """The record's bytes, also where `canonical` would refuse to write them."""
    try:
        return made.canonical()
    except TrucelineError:
        tree = {name: getattr(made, name) for name in Record.__dataclass_fields__}
        return json.dumps({"v": 1, **tree}, sort_keys=True, separators=(",", ":")).encode()


def by_the_door(whole: Envelope, assembly: Assembly) -> str:
    """What the door says: reading, signatures, signers, numbers, rules."""
    book = assembly.clone()
    try:
        if whole.payload_type != PAYLOAD_TYPE:
            return TURNED_DOWN  # the same words in mechanism/submission.py
        said = record.read(whole.payload)
        kind = KINDS.get(said.kind)
        if kind is None:
            return TURNED_DOWN  # a sealed leaf without disclosures, or no kind at all
        kind.body.check(said.body, "body")
        ids_ = [one.key for one in whole.signatures]
        publics = rules.public_keys(said, ids_, book)
        for one in whole.signatures:
            keys.verify(publics[one.key], whole.pae(), one.value)
        signers = rules.check_signers(said, ids_, book, assembly.at)
        rules.check_seq(said, signers[0].key, book)
        rules.decide(Candidate(said, kind, signers[0], assembly.at, {}, signers, publics), book)
    except TrucelineError:
        return TURNED_DOWN
    return TAKEN


def by_the_verifier(whole: Envelope, assembly: Assembly) -> str:
    """What the verifier says of a log that a host wrote with this entry at its end."""
    findings = Findings()
    fold = Fold(findings, exercise=False)
    for one in assembly.told:
        fold.take(_leaf(one))
    index = len(assembly.told)
    before = _broken(fold, findings)
    known = dict(fold.ring.publics)
    fold.take(leaves._leaf(index, Entry(whole, assembly.at).encode(), LOG, known))
    assert before == 0
    return TURNED_DOWN if _broken(fold, findings) else TAKEN


def _leaf(one: Any) -> Leaf:
    kept = one.record.kind in keyring.KEY_KINDS | public_map.MAP_KINDS
    body = one.record.body if kept else None
    return Leaf(
        one.index,
        one.received_at,
        one.record.id,
        one.record.kind,
        one.record.author,
        one.record.seq,
        (one.signer.key,),
        body,
    )


def _broken(fold: Fold, findings: Findings) -> int:
    told = sum(one.state is State.BROKEN for one in findings.listed)
    doubts = grounds.doubts(fold.said, clock=fold.clock, at=fold.last_at)
    return told + sum(one.state is State.BROKEN for one in doubts)


@pytest.mark.parametrize("case", CASES, ids=[one.name for one in CASES])
def test_the_door_and_the_verifier_come_to_the_same_verdict(case, history):
    whole = signed(case, history)
    door, verifier = by_the_door(whole, history), by_the_verifier(whole, history)

    if case.differs:
        assert door != verifier, f"they agree by now: {door}; take the exception out"
    else:
        assert door == verifier


def test_the_table_holds_cases_of_both_verdicts(history):
    verdicts = [by_the_door(signed(case, history), history) for case in CASES[:2]]

    assert verdicts == [TAKEN, TAKEN]
    assert len({case.name for case in CASES}) == len(CASES) > 100
