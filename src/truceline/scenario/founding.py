"""The founding of the exercise's log: one record that every body signs, then the officers."""

from __future__ import annotations

import hashlib

from truceline.mechanism.statement import ulid
from truceline.parties.mandate import MECHANISM
from truceline.records import envelope, keys
from truceline.records.record import Micros, Record, RecordId
from truceline.scenario.material import Cast, Officer
from truceline.scenario.speaking import Speaker, unexpected
from truceline.scenario.stage import Stage

FOUNDED_BEFORE = 3 * 3_600 * 1_000_000
"""The log is founded so long (microseconds) before the first act."""
_BETWEEN = 60 * 1_000_000


def founding_id(name: str, at: Micros) -> RecordId:
    """Return the record id of one step of the founding."""
    return ulid(at, hashlib.sha256(f"truceline scenario founding\n{name}".encode()).digest())


def found(stage: Stage, cast: Cast, at: Micros) -> None:
    """Submit the founding record, signed by the mechanism and by every body."""
    mechanism = stage.installation.mechanism_key()
    keyring, vkeys = stage.keyring, stage.witnesses.vkeys
    body = {
        "mode": "exercise",
        "title": dict(cast.title),
        "bodies": [
            {
                "code": one.code,
                "name": dict(one.name),
                "capacity": one.capacity,
                "key": keyring[one.code].tree(),
            }
            for one in cast.bodies
        ],
        "witnesses": [
            {"body": one.code, "name": one.witness, "vkey": vkeys[one.code]}
            for one in cast.witnesses
        ],
        "quorum": cast.quorum,
        "mechanism": keys.public_to_text(mechanism.public),
        "time_zone": cast.time_zone,
    }
    made = Record(
        log=cast.origin,
        kind="genesis/1",
        id=founding_id("genesis", at),
        author=MECHANISM,
        seq=1,
        made_at=at,
        body=body,
    )
    signers = [mechanism, *(keyring[one.code].signing for one in cast.bodies)]
    answer = stage.installation.door.submit(envelope.sign(made.canonical(), *signers).encode())
    if answer.failure is not None:
        raise unexpected("founding", answer)


def appoint(speaker: Speaker, officer: Officer, at: Micros) -> None:
    """Let a body appoint one of its officers; the name behind the pseudonym is sealed."""
    keyring = speaker.keyring
    answer = speaker.submit(
        founding_id(officer.code, at),
        "officer.appointed/1",
        officer.body,
        keyring[officer.body].signing,
        {
            "officer": officer.code,
            "roles": list(officer.roles),
            "key": keyring[officer.code].tree(),
        },
        {"name": officer.name, "contact": officer.contact},
    )
    if answer.failure is not None:
        raise unexpected(officer.code, answer)


def moments(first_act_at: Micros, count: int) -> tuple[Micros, tuple[Micros, ...]]:
    """Return when the log is founded, and when each officer is appointed."""
    founded_at = Micros(first_act_at - FOUNDED_BEFORE)
    return founded_at, tuple(Micros(founded_at + (n + 1) * _BETWEEN) for n in range(count))
