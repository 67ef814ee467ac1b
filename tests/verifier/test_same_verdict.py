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
from truceline.records import envelope, keys, record, sealed
from truceline.records.admitted import Candidate
from truceline.records.envelope import Entry, Envelope
from truceline.records.kinds import KINDS, SEALED_LEAF
from truceline.records.record import PAYLOAD_TYPE, Micros, Record
from truceline.records.sealed import Disclosure
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
    public = keys.public_to_text(key("a pseudonym").public)
    assembly.says("mechanism", "pseudonym.enrolled/1", public=public, parts={"holder": "north-p"})
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


FLIGHT: dict[str, Any] = {
    "flight": "AID-1",
    "purpose": "medevac",
    "icao24": "f0beef",
    "route": [{"lat_e7": 1, "lon_e7": 1}, {"lat_e7": 2, "lon_e7": 2}],
    "width_m": 1000,
    "from": 2**50,
    "until": 2**50 + 3_600_000_000,
    "to": ["south"],
}


def under(signer: str, assembly: Assembly) -> tuple[Record, Envelope, tuple[Disclosure, ...]]:
    """A flight that north-p announces: the record inside, the sealed leaf, its disclosures."""
    seq = assembly.book.seqs.get(keys.key_id(key(signer).public), 0) + 1
    kind, at = "flight.notified/1", assembly.at
    said = Record(LOG, kind, ulid(signer), "north-p", seq, at, body=FLIGHT)
    inside = {"kind": said.kind, "author": said.author, "refs": [], "body": FLIGHT}
    parts = sealed.seal(inside, lambda: bytes(16))
    outer = Record(LOG, SEALED_LEAF, said.id, "", seq, at, sealed=sealed.digests(parts))
    return said, envelope.sign(outer.canonical(), key(signer)), parts


@pytest.mark.parametrize(
    ("signer", "verdict"), [("north-p", TAKEN), ("a pseudonym", TURNED_DOWN)], ids=str
)
def test_both_ask_for_ones_own_key_where_a_pseudonym_could_be_the_mechanisms(
    signer, verdict, history
):
    said, whole, parts = under(signer, history)
    book, ids_ = history.clone(), [one.key for one in whole.signatures]
    (by,) = rules.check_signers(record.read(whole.payload), ids_, book, history.at)
    candidate = Candidate(
        said, KINDS[said.kind], by, history.at, {}, (by,), {by.key: b""}, sealed_leaf=True
    )
    try:
        rules.decide(candidate, book)
        door = TAKEN
    except TrucelineError:
        door = TURNED_DOWN

    findings = Findings()
    fold = Fold(findings, exercise=False, held={len(history.told): parts})
    for one in history.told:
        fold.take(_leaf(one))
    entry = Entry(whole, history.at).encode()
    fold.take(leaves._leaf(len(history.told), entry, LOG, dict(fold.ring.publics)))
    verifier = TURNED_DOWN if _broken(fold, findings) else TAKEN

    assert (door, verifier) == (verdict, verdict)
