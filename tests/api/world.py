"""A small installation behind its API: two parties, an outsider, every role, and a secret or two."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient
from tests.support.assembly import (
    OFFICE,
    STARTED_AT,
    Assembly,
    agreed,
    agreement,
    founded,
    key_tree,
    texts_digest,
    zone_file,
)

from truceline.api.app import create_app
from truceline.mechanism.clock import Clock
from truceline.mechanism.installation import Installation
from truceline.records.record import Micros
from truceline.records.roles import Role
from truceline.store import tokens
from truceline.store.tokens import Purpose, Token
from truceline.store.views import records

SECRETS = ("SECRETHEX", "HIDDENFLIGHT", "33987654", "71234567", "Nadia of the Hidden Name")
"""What must never be in an answer to someone it is not for. Written into sealed parts below."""

PACT_SECRETS = ("Unspoken Hollow", "PACT", "Z3", "P3")
"""What is known among the parties of a secret instrument alone."""

PACT_TEXT = b"What the two of them have said to each other, and to nobody else."
PACT_AT = STARTED_AT + 5_123_456
"""When an aircraft was over the hollow: not to be found in what others are given."""

OUTSIDERS: Mapping[str, tuple[Role, ...]] = {
    "far": (Role.AGENCY,),
    "distant": (Role.LIAISON, Role.UNIT, Role.REPORTER, Role.AUDITOR),
    "mission": (Role.OBSERVER, Role.VERIFIER),
    "office": (
        Role.WARNING_OPERATOR,
        Role.ADMINISTRATOR,
        Role.HNS_CELL,
        Role.CHEMICAL_DESK,
    ),
}
"""Who is no party to the secret instrument: bodies, and a role for each of their officers."""

CAPACITIES = {"far": "agency", "distant": "adherent", "mission": "observer"}


@dataclass
class World:
    """An installation, its API, and a token for everyone."""

    installation: Installation
    assembly: Assembly
    client: TestClient
    tokens: dict[str, str] = field(default_factory=dict)
    crossing: str = ""

    def get(self, path: str, who: str = "", **query: Any) -> Any:
        """The JSON answer to somebody; `who` "" is the public."""
        answer = self.ask(path, who, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(self, path: str, who: str = "", **query: Any) -> Any:
        """The raw answer to somebody."""
        headers = {"authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return self.client.get(path, params=query, headers=headers)

    def submit(self, envelope: bytes, who: str = "", disclosures: tuple[str, ...] = ()) -> Any:
        """The answer to a submission."""
        headers = {"authorization": f"Bearer {self.tokens[who]}"} if who else {}
        body = {"envelope": json.loads(envelope), "disclosures": list(disclosures)}
        return self.client.post("/api/records", json=body, headers=headers)

    def deposit(self, data: bytes, media_type: str, who: str = "north-desk") -> Mapping[str, Any]:
        """Deposit a file over HTTP."""
        headers = {
            "authorization": f"Bearer {self.tokens[who]}",
            "content-type": media_type,
        }
        answer = self.client.post("/api/files", content=data, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def token_for(
    installation: Installation, holder: str, purpose: Purpose = Purpose.SUBMIT, **changes: Any
) -> str:
    """A token of the API, kept by its hash alone."""
    label = changes.pop("label", "")
    text = f"{tokens.PREFIX}{hashlib.sha256(f'{holder}{purpose}{label}'.encode()).hexdigest()}"
    values = {"until": None, "revoked_at": None, **changes}
    made = Token(tokens.hash_of(text), purpose, holder, label, Micros(1), **values)
    with installation.store.writing() as tx:
        tokens.add(tx, made)
    return text


@contextmanager
def opened(place: Path, *, clock: Clock | None = None, **chosen: Any) -> Iterator[World]:
    """The world, told through the one door, with its API open; `chosen` are settings of it."""
    assembly = Assembly()
    with founded(place, assembly, clock=clock) as installation:
        _tell(installation, assembly)
        crossing = _cross(installation)
        installation.wait_sealed(installation.book.size)
        settings = installation.settings.model_copy(update=chosen)
        app = create_app(installation, settings)
        with TestClient(app, raise_server_exceptions=False) as client:
            made = World(installation, assembly, client, crossing=crossing)
            for officer in installation.book.register.officers:
                made.tokens[officer] = token_for(installation, officer)
            made.tokens["operator"] = token_for(installation, "", Purpose.ADMIN)
            yield made


def _tell(installation: Installation, assembly: Assembly) -> None:
    hand = assembly.hand
    for one in agreed(installation, assembly):
        installation.door.submit(one).taken()
    told = [
        assembly.appoint(OFFICE, "office-desk", "secretariat"),
        assembly.appoint(OFFICE, "office-watch", "watch"),
    ]
    for code, capacity in CAPACITIES.items():
        name = {"en": code.title()}
        body = {"code": code, "name": name, "capacity": capacity, "key": key_tree(code)}
        told.append(hand("office-desk").sign("body.admitted/1", body))
    for code, roles in OUTSIDERS.items():
        told += [assembly.appoint(code, f"far-{role}", str(role)) for role in roles]
    told += _two_lines(installation, assembly)
    for envelope in told:
        installation.door.submit(envelope).taken()
    _pact(installation, assembly)
    _sealed_name(installation, assembly)


def _two_lines(installation: Installation, assembly: Assembly) -> list[bytes]:
    """A zone Z2 that is proposed, with a line of each party: they differ by a tenth of a degree."""
    north, south = (zone_file(installation, "Z2", north=at) for at in (36.0, 36.1))
    proposed = {"zone": "Z2", "name": {"en": "Two"}, "instrument": "MEMO", "content": north}
    lines = {"zone": "Z2", "basis": "road"}
    return [
        assembly.hand("north-desk").sign("zone.proposed/1", proposed),
        assembly.hand("north-1").sign("zone.position/1", {**lines, "content": north}),
        assembly.hand("south-1").sign("zone.position/1", {**lines, "content": south}),
    ]


def _pact(installation: Installation, assembly: Assembly) -> None:
    """An instrument kept among its parties, with a zone in force, a post and a crossing: all sealed."""

    def tell(author: str, kind: str, said: Mapping[str, Any]) -> None:
        envelope, disclosures = assembly.hand(author).sign_sealed(kind, said)
        installation.door.submit(envelope, disclosures).taken()

    body = {**agreement(installation, assembly), "code": "PACT", "secrecy": "named"}
    text = installation.files.put(PACT_TEXT, "text/plain")
    body["texts"] = {"en": {"file": text.tree(), "equal_force": True}}
    content = zone_file(installation, "Z3", north=34.0)
    name = {"en": "Unspoken Hollow"}
    zone = {"zone": "Z3", "name": name, "instrument": "PACT", "content": content}
    tell("north-desk", "instrument.published/1", body)
    for code in assembly.codes:
        signed = {"instrument": "PACT", "texts": texts_digest(body)}
        tell(f"{code}-1", "instrument.signed/1", signed)
    tell("north-desk", "zone.proposed/1", zone)
    for code in assembly.codes:
        consent = {"zone": "Z3", "content": content["sha256"]}
        tell(f"{code}-1", "zone.consented/1", consent)
    post = {"post": "P3", "zone": "Z3", "kind": "checkpoint", "operator": "north"}
    tell("north-desk", "post.assigned/1", {**post, "agreed_count": 2})
    crossing = _crossing("Z3", content["sha256"])
    index = installation.door.state("air.crossing/1", crossing, sealed={"entry": {}}).taken()
    with installation.store.reading() as look:
        found = records.by_index(look, index)
    assert found is not None
    left = {"crossing": found.id, "left_at": PACT_AT + 1, "cause": "left", "verdict": "confirmed"}
    installation.door.state("air.left/1", left, refs=(found.id,)).taken()


def _sealed_name(installation: Installation, assembly: Assembly) -> None:
    """An officer whose name is sealed for the own body."""
    from truceline.records import sealed

    closed = sealed.seal({"name": "Nadia of the Hidden Name"}, lambda: b"0123456789abcdef")
    body = {"officer": "south-2", "roles": ["liaison"], "key": key_tree("south-2")}
    signed = assembly.hand("south").sign("officer.appointed/1", body, sealed=sealed.digests(closed))
    installation.door.submit(signed, [one.text() for one in closed]).taken()


def _cross(installation: Installation) -> str:
    """A crossing of Z1 whose aircraft and places are sealed, and its end."""
    content = installation.book.zones["Z1"].adoptions.last
    assert content is not None
    body = _crossing("Z1", content.content)
    place = {"lat_e7": 339876540, "lon_e7": 712345670, "alt_mm": 3_000_000}
    parts = {
        "aircraft": {"icao24": "SECRETHEX", "callsign": "HIDDENFLIGHT"},
        "entry": place,
        "fixes": [place],
    }
    index = installation.door.state("air.crossing/1", body, sealed=parts).taken()
    with installation.store.reading() as look:
        found = records.by_index(look, index)
    assert found is not None
    left = {
        "crossing": found.id,
        "left_at": STARTED_AT + 60_000_000,
        "cause": "left",
        "verdict": "confirmed",
    }
    installation.door.state(
        "air.left/1", left, refs=(found.id,), sealed={"exit": place, "fixes": [place]}
    ).taken()
    return found.id


def _crossing(zone: str, content: str) -> dict[str, Any]:
    return {
        "zone": zone,
        "content": content,
        "segment": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "source": "test",
        "nature": "synthetic",
        "entered_at": PACT_AT if zone == "Z3" else STARTED_AT,
        "verdict": "probable",
        "probability_ppm": 900_000,
        "cause": "entered",
        "altitude_known": True,
    }


def payload_of(envelope: Mapping[str, Any]) -> Any:
    """What a DSSE envelope signs, read."""
    return json.loads(base64.b64decode(envelope["payload"]))
