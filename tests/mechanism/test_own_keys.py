"""What only one's own key may say: the mechanism can enrol a pseudonym in anyone's name."""

from __future__ import annotations

import pytest
from tests.support.assembly import STARTED_AT, Assembly, Hand, key_of

from truceline.errors import Reason
from truceline.mechanism.installation import Installation
from truceline.records import keys
from truceline.store.views import records

HOUR = 3_600_000_000
FLIGHT = {
    "flight": "AID-1",
    "purpose": "medevac",
    "icao24": "f0beef",
    "route": [{"lat_e7": 355_000_000, "lon_e7": 367_500_000}, {"lat_e7": 0, "lon_e7": 0}],
    "width_m": 1_000,
    "from": STARTED_AT,
    "until": STARTED_AT + HOUR,
    "to": ["south"],
}


def pseudonym(installation: Installation, holder: str) -> Hand:
    """A hand that the mechanism says is `holder`, and whose key is the mechanism's own making."""
    secret = key_of(f"{holder}, as the mechanism has it")
    public = {"public": keys.public_to_text(secret.public)}
    installation.door.state("pseudonym.enrolled/1", public, sealed={"holder": holder}).taken()
    return Hand(holder, secret)


def the_notice(installation: Installation, assembly: Assembly) -> str:
    own = assembly.hand("north-1").sign_sealed("flight.notified/1", FLIGHT)
    installation.door.submit(*own).taken()
    with installation.reading_book() as book:
        return next(iter(book.flights.notices))


@pytest.mark.parametrize("kind", ["flight.notified/1", "flight.answered/1", "flight.withdrawn/1"])
def test_a_pseudonym_cannot_speak_for_a_party_where_its_own_key_has_to(
    installation, assembly, kind
):
    notice = the_notice(installation, assembly)
    bodies = {
        "flight.notified/1": {**FLIGHT, "flight": "AID-2"},
        "flight.answered/1": {"notice": notice, "answer": "noted"},
        "flight.withdrawn/1": {"notice": notice},
    }
    author = "south-1" if kind == "flight.answered/1" else "north-1"
    forged = pseudonym(installation, author).sign_sealed(kind, bodies[kind])

    failure = installation.door.submit(*forged).failure

    assert failure is not None
    assert failure.reason is Reason.NO_MANDATE
    assert failure.where == "envelope.signatures"
    assert "own key" in failure.remedy
    with installation.store.reading() as look:
        assert len(records.newest(look, kind="sealed/1")) == 1

    own = assembly.hand(author).sign_sealed(kind, bodies[kind])
    installation.door.submit(*own).taken()
