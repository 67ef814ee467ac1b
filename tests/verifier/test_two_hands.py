"""What the mechanism computes and what the verifier computes apart agree (decision 0005).

Random histories run through the real rules; then the public map and the keys in
force, each written twice by two hands, are compared at random sizes and moments.
"""

from __future__ import annotations

import random

import pytest
from tests.simulators import agreements
from tests.simulators.assembly import DAY, Assembly, key, key_body

from truceline.errors import TrucelineError
from truceline.mechanism.book import Book
from truceline.records import keys
from truceline.records.record import Micros
from truceline.verifier import grounds, keyring, public_map
from truceline.verifier.findings import Findings
from truceline.verifier.fold import Fold
from truceline.verifier.leaves import Leaf
from truceline.verifier.public_map import Said

PARTIES = ("north", "south", "west")


def zone_history(seed: int) -> Assembly:
    """Proposals, consents, suspensions, restorations and expiries in a random order."""
    chance = random.Random(seed)
    assembly = agreements.signed_memorandum()
    lines = [agreements.propose(assembly, "ring")]
    suspended: list[tuple[str, str]] = []
    for _ in range(60):
        who = chance.choice(PARTIES)
        step = chance.choice(
            ("revise", "consent", "consent", "consent", "suspend", "restore", "wait", "all")
        )
        try:
            if step == "revise":
                name = f"line {len(lines)}"
                content = agreements.content(name)
                assembly.says("north-p", "zone.revised/1", zone="Z", content=content)
                lines.append(content["sha256"])
            elif step == "consent":
                agreements.consent(assembly, who, chance.choice(lines))
            elif step == "all":
                line = chance.choice(lines)
                for one in PARTIES:
                    agreements.consent(assembly, one, line)
            elif step == "suspend":
                made = assembly.says(f"{who}-p", "zone.suspended/1", zone="Z", why={"en": "fire"})
                suspended.append((who, made.id))
            elif step == "restore" and suspended:
                by, name = chance.choice(suspended)
                assembly.says(f"{by}-p", "zone.restored/1", zone="Z", suspension=name)
            else:
                assembly.at = Micros(assembly.at + chance.randrange(DAY))
        except TrucelineError:
            continue
    return assembly


@pytest.mark.parametrize("seed", range(12))
def test_the_public_map_is_the_same_by_both_hands(seed):
    assembly = zone_history(seed)
    said = [
        Said(
            one.index,
            one.received_at,
            one.record.id,
            one.record.kind,
            one.signer.body,
            one.record.body,
        )
        for one in assembly.told
        if one.record.kind in public_map.MAP_KINDS
    ]
    chance = random.Random(seed)

    doubts = grounds.doubts(said, clock="Asia/Damascus", at=assembly.told[-1].received_at)
    assert doubts == []
    for _ in range(40):
        size = chance.randrange(len(assembly.told) + 1)
        book = Book(assembly.book.log)
        for one in assembly.told[:size]:
            book.apply(one)
        at = Micros(assembly.told[0].received_at + chance.randrange(400 * DAY))
        assert public_map.zones_at(said, size=size, at=at) == book.public_map(at)


def test_histories_do_bring_zones_into_force():
    """The test above would pass on empty maps."""
    histories = [zone_history(seed) for seed in range(12)]
    maps = [one.book.public_map(one.at) for one in histories]
    adopted = [
        one for told in histories for one in told.told if one.record.kind == "zone.adopted/1"
    ]

    assert len(adopted) > 12
    assert any(maps)
    assert any(zone["suspended_by"] for shown in maps for zone in shown)


def key_history(seed: int) -> Assembly:
    """Officers come and go; keys are added, lost, stolen and replaced."""
    chance = random.Random(seed)
    assembly = Assembly(at=None)
    names = ["north", "south", "north-p", "south-p", "west-l"]
    used = list(names)
    for number in range(70):
        author, signer = (
            chance.choice(names),
            chance.choice([*used, *(f"{one}/recovery" for one in used)]),
        )
        fresh = f"key {number}"
        old = keys.key_id(key(chance.choice(used)).public)
        step = chance.choice(("enrol", "replace", "revoke", "appoint", "end", "wait"))
        try:
            if step == "enrol":
                assembly.says(
                    author,
                    "key.enrolled/1",
                    by_key=signer,
                    holder=chance.choice(names),
                    key=key_body(fresh),
                )
                used.append(fresh)
            elif step == "replace":
                assembly.says(author, "key.replaced/1", by_key=signer, old=old, key=key_body(fresh))
                used.append(fresh)
            elif step == "revoke":
                assembly.says(author, "key.revoked/1", by_key=signer, key=old, why="lost")
            elif step == "appoint":
                until = (
                    {"until": assembly.at + chance.randrange(1, 5 * DAY)}
                    if chance.random() < 0.5
                    else {}
                )
                body = chance.choice(("north", "south"))
                assembly.says(
                    body,
                    "officer.appointed/1",
                    by_key=signer,
                    officer=fresh.replace(" ", "-"),
                    roles=["liaison"],
                    key=key_body(fresh),
                    **until,
                )
                used.append(fresh)
                names.append(fresh.replace(" ", "-"))
            elif step == "end" and chance.random() < 0.3:
                assembly.says(
                    chance.choice(("north", "south")),
                    "officer.ended/1",
                    officer=chance.choice(names),
                )
            else:
                assembly.at = Micros(assembly.at + chance.randrange(DAY))
        except TrucelineError:
            continue
    return assembly


@pytest.mark.parametrize("seed", range(20))
def test_the_keys_in_force_are_the_same_by_both_hands(seed):
    assembly = key_history(seed)
    findings = Findings()
    fold = Fold(findings, exercise=False)
    book = Book(assembly.book.log)

    for one in assembly.told:
        book.apply(one)
        fold.take(
            Leaf(
                one.index,
                one.received_at,
                one.record.id,
                one.record.kind,
                one.record.author,
                one.record.seq,
                (one.signer.key,),
                one.record.body if one.record.kind in keyring.KEY_KINDS else None,
            )
        )
        for at in (one.received_at + 1, one.received_at + 3 * DAY):
            for key_id in fold.ring.publics:
                held, ours = (
                    book.register.holder_of(key_id, Micros(at)),
                    fold.ring.in_force(key_id, at),
                )
                if key_id == fold.ring.mechanism:
                    continue
                assert (held is not None and not held.recovery) == (ours is not None), (
                    one.record.kind,
                    key_id,
                )
                assert ours is None or (ours.holder, ours.body, ours.roles) == (
                    held.code,
                    held.body,
                    held.roles,
                )
                recovered = fold.ring.recovering(key_id, at)
                assert (held is not None and held.recovery) == (recovered is not None)

    assert not [one for one in findings.listed if one.check != "sequence"]


def test_histories_do_change_keys():
    kinds = {one.record.kind for seed in range(20) for one in key_history(seed).told}

    assert kinds >= {
        "key.enrolled/1",
        "key.replaced/1",
        "key.revoked/1",
        "officer.appointed/1",
        "officer.ended/1",
    }
