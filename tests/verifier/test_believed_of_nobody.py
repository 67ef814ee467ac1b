"""What the mechanism states of its own, and must not be believed: each lie is rightly signed by it."""

from __future__ import annotations

import pytest
from tests.simulators.log_host import (
    CONTENT,
    DAY,
    MECHANISM,
    OTHER_CONTENT,
    LogHost,
    instrument,
    key,
)

MICROS = 1_000_000


def told(host, tmp_path, verify, **brought):
    host.publish(tmp_path, **brought)
    return verify(tmp_path, genesis=host.genesis)


def begun(**changed) -> LogHost:
    """The log up to the signatures: an instrument is published, and nobody has signed."""
    host = LogHost(quorum=0).found()
    host.publish_instrument(code="pact", **changed)
    return host


def expired(host, at, content=CONTENT) -> None:
    body = {"zone": "ford", "content": content["sha256"], "at": at}
    host.say("zone.expired/1", "mechanism", body, MECHANISM)


# -- entry into force -----------------------------------------------------------


def test_an_instrument_that_nobody_signed_is_not_in_force(tmp_path, verify):
    host = begun()
    host.enter("pact")

    run = told(host, tmp_path, verify)

    assert run.code == 1
    for party in ("north", "south", "eyes"):
        assert f"puts pact in force, but {party} has not signed its texts" in run.says("broken")


def test_an_instrument_that_one_signatory_has_not_signed_is_not_in_force(tmp_path, verify):
    host = begun()
    host.sign("north", "pact")
    host.sign("south", "pact")
    host.enter("pact")

    run = told(host, tmp_path, verify)

    assert "puts pact in force, but eyes has not signed its texts" in run.says("broken")


def test_a_signature_on_other_texts_is_none(tmp_path, verify):
    host = begun(texts={"en": {"file": OTHER_CONTENT, "equal_force": True}})
    for body in ("north", "south", "eyes"):
        host.sign(body, "pact")  # the digest is that of the accord's texts
    host.enter("pact")

    run = told(host, tmp_path, verify)

    assert "signs other texts than pact has" in run.says("broken")
    assert "puts pact in force, but south has not signed its texts" in run.says("broken")


def test_texts_cannot_be_changed_after_they_were_signed_by_publishing_again(host, tmp_path, verify):
    host.publish_instrument(texts={"en": {"file": OTHER_CONTENT, "equal_force": True}})

    assert "publishes accord a second time" in told(host, tmp_path, verify).says("broken")


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ({"from": 1}, "names another first instant than the rule gives"),
        ({"until": 2 * 10**15}, "names another end than the term gives"),
        ({}, "names another end than the term gives"),
    ],
)
def test_the_hours_of_an_instrument_follow_from_its_rule_and_term(tmp_path, verify, stated, says):
    host = begun(term="P6M", renewal="consensus")
    for body in ("north", "south", "eyes"):
        host.sign(body, "pact")
    host.enter("pact", **stated)

    run = told(host, tmp_path, verify)

    assert run.code == 1
    assert says in run.says("broken")


def test_an_instrument_without_a_term_has_no_end(tmp_path, verify):
    host = begun()
    for body in ("north", "south", "eyes"):
        host.sign(body, "pact")
    host.enter("pact", until=host.clock + DAY)

    assert "though the instrument has no term" in told(host, tmp_path, verify).says("broken")


def test_an_hour_that_this_machine_cannot_count_is_said_to_rest_on_the_mechanism(tmp_path, verify):
    rule = {"rule": "on Mars", "says": {"from": "signature", "zone": "Mars/Olympus_Mons"}}
    host = begun(effective=rule)
    for body in ("north", "south", "eyes"):
        host.sign(body, "pact")
    host.enter("pact")

    run = told(host, tmp_path, verify)

    assert run.code == 0
    assert "puts pact in force from an hour that cannot be counted here" in run.says("not_proved")
    assert "rests on the mechanism's word" in run.says("not_proved")


def test_what_all_have_signed_and_the_mechanism_keeps_back_is_told(tmp_path, verify):
    host = begun()
    for body in ("north", "south", "eyes"):
        host.sign(body, "pact")

    assert "is the last signature on pact, which nobody put in force" in told(
        host, tmp_path, verify
    ).says("not_proved")


# -- adoption ---------------------------------------------------------------------


def test_a_public_boundary_that_the_host_marks_secret_is_caught(host, tmp_path, verify):
    host.adopt(secrecy="parties")

    run = told(host, tmp_path, verify, snapshot=host.snapshot([]))

    assert run.code == 1
    assert "as parties, while its instrument is public" in run.says("broken")


def test_a_boundary_is_not_adopted_under_an_instrument_that_fewer_signed(host, tmp_path, verify):
    """Or the host would need one friend only: an instrument of its own with that party."""
    alone = [{"body": "north", "capacity": "guarantor"}]
    host.publish_instrument(code="alone", signatories=alone)
    host.sign("north", "alone")
    host.enter("alone")
    host.adopt(OTHER_CONTENT, by=("north",), instrument="alone")

    assert "it was not proposed under the instrument alone" in told(host, tmp_path, verify).says(
        "broken"
    )


def test_a_consent_to_what_nobody_put_forward_carries_nothing(host, tmp_path, verify):
    host.adopt({**CONTENT, "sha256": "ab" * 32})

    run = told(host, tmp_path, verify)

    assert "consents to a content of ford that nobody put forward" in run.says("broken")
    assert "puts ford in force, but nobody has said anything new on it" in run.says("broken")


def test_an_adoption_never_reaches_back_before_the_last_consent(host, tmp_path, verify):
    host.adopt(**{"from": host.clock - DAY})

    assert "it begins before the last word that it rests on" in told(host, tmp_path, verify).says(
        "broken"
    )


def test_an_adoption_is_stated_in_the_same_breath_as_what_caused_it(host, tmp_path, verify):
    consents = [host.consent(body, OTHER_CONTENT) for body in ("north", "south")]
    agreed_at = host.clock
    host.clock += DAY
    body = {
        "zone": "ford",
        "instrument": "accord",
        "content": OTHER_CONTENT,
        "consents": consents,
        "from": agreed_at,
        "secrecy": "public",
    }
    host.say("zone.adopted/1", "mechanism", body, MECHANISM)

    assert "it was stated long after the last word that it rests on" in told(
        host, tmp_path, verify
    ).says("broken")


def test_an_adoption_that_is_kept_back_for_good_is_told(host, tmp_path, verify):
    for body in ("north", "south"):
        host.consent(body, OTHER_CONTENT)

    run = told(host, tmp_path, verify)

    assert "is the last consent to one content of ford, which nobody adopted" in run.says(
        "not_proved"
    )


@pytest.mark.parametrize(
    ("hours", "says"),
    [
        ({"until": 1}, "ends ford before its instrument ends"),
        ({"from": DAY}, "puts ford in force later than all had agreed"),
    ],
)
def test_an_hour_that_only_the_content_can_give_is_said_to_rest_on_the_mechanism(
    host, tmp_path, verify, hours, says
):
    host.adopt(**{name: host.clock + 3 * MICROS + more for name, more in hours.items()})

    run = told(host, tmp_path, verify)

    assert run.code == 0
    assert says in run.says("not_proved")
    assert "rests on the mechanism's word" in run.says("not_proved")


def test_a_boundary_does_not_outlive_its_instrument(host, tmp_path, verify):
    leaves = host.clock + 10 * DAY
    body = {"instrument": "accord", "from": leaves, "why": {"en": "enough"}}
    host.say("instrument.terminated/1", "south-1", body, key("south-1"))
    host.adopt(OTHER_CONTENT)
    host.adopt(CONTENT, until=leaves + 1)
    host.adopt(OTHER_CONTENT, until=leaves)

    run = told(host, tmp_path, verify)

    broken = [one for one in run.told["findings"] if one["state"] == "broken"]
    assert [one["leaf"] for one in broken] == [23, 26]
    assert "beyond the end of its instrument accord" in run.says("broken")


def test_consents_from_before_an_end_do_not_bring_a_boundary_back(host, tmp_path, verify):
    end = host.clock + 10 * MICROS
    host.adopt(until=end)
    host.clock = end
    expired(host, end)
    assert told(host, tmp_path, verify).says("broken") == ""

    host.adopt(by=())
    assert "nobody has said anything new on it" in told(host, tmp_path, verify).says("broken")

    host.adopt(by=("north",))
    run = told(host, tmp_path, verify)
    assert "leaf 26 puts ford in force, but south has not consented" in run.says("broken")


# -- expiry -----------------------------------------------------------------------


def test_a_boundary_without_an_end_does_not_expire(host, tmp_path, verify):
    expired(host, host.clock)

    run = told(host, tmp_path, verify, snapshot=host.snapshot([]))

    assert run.code == 1
    assert "at an hour that neither its adoption nor a leaving names" in run.says("broken")


def test_a_boundary_expires_at_its_own_end_and_not_before_it(host, tmp_path, verify):
    end = host.clock + 100 * MICROS
    host.adopt(until=end)
    expired(host, end)

    assert "at an hour that neither" in told(host, tmp_path, verify).says("broken")


def test_what_expires_is_what_is_in_force_and_only_once(host, tmp_path, verify):
    end = host.clock + 5 * MICROS
    host.adopt(until=end)
    host.clock = end
    expired(host, end, OTHER_CONTENT)
    expired(host, end)

    run = told(host, tmp_path, verify)

    assert "ends another content of ford than in force" in run.says("broken")
    assert "ends ford, which is not in force" in run.says("broken")


def test_an_expiry_at_a_signatorys_leaving_is_proved(host, tmp_path, verify):
    body = {"instrument": "accord", "from": 0, "why": {"en": "enough"}}
    host.say("instrument.terminated/1", "south-1", body, key("south-1"))
    expired(host, host.clock)

    run = told(host, tmp_path, verify)

    assert run.code == 0
    assert "expiries" in run.checks("proved")


# -- what the mechanism measures ------------------------------------------------------


def crossing(zone: str, content: str) -> dict[str, object]:
    return {
        "zone": zone,
        "content": content,
        "segment": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "source": "feed",
        "nature": "real",
        "entered_at": 1,
        "verdict": "confirmed",
        "probability_ppm": 1,
        "cause": "entered",
        "altitude_known": True,
    }


def test_crossings_and_clocks_are_told_as_stated_and_never_as_proved(host, tmp_path, verify):
    fired = {"clock": "zone/ford", "step": 0, "due_at": 1, "to": "north"}
    host.say("clock.fired/1", "mechanism", fired, MECHANISM)
    host.say("air.crossing/1", "mechanism", crossing("ford", CONTENT["sha256"]), MECHANISM)

    run = told(host, tmp_path, verify)

    assert run.code == 0
    assert "1 clocks that ran out are stated by the mechanism" in run.says("not_proved")
    assert "1 crossings are stated by the mechanism" in run.says("not_proved")


def test_a_crossing_of_what_was_never_adopted_and_a_clock_before_its_time_are_caught(
    host, tmp_path, verify
):
    early = {"clock": "zone/ford", "step": 0, "due_at": host.clock + DAY, "to": "north"}
    host.say("clock.fired/1", "mechanism", early, MECHANISM)
    host.say("air.crossing/1", "mechanism", crossing("nowhere", CONTENT["sha256"]), MECHANISM)
    host.say("air.crossing/1", "mechanism", crossing("ford", OTHER_CONTENT["sha256"]), MECHANISM)

    run = told(host, tmp_path, verify)

    broken = [one["leaf"] for one in run.told["findings"] if one["state"] == "broken"]
    assert broken == [20, 21, 22]
    assert run.code == 1


def test_a_record_rests_on_records_that_stand_before_it(host, tmp_path, verify):
    body = {"zone": "ford", "content": CONTENT["sha256"], "why": {"en": "see there"}}
    host.say("zone.contested/1", "south-1", body, key("south-1"), refs=("0" * 26,))

    assert "names the record 00000000000000000000000000, which does not stand before it" in told(
        host, tmp_path, verify
    ).says("broken")


def test_the_publication_used_here_is_one_of_the_table():
    from truceline.records.kinds import KINDS

    KINDS["instrument.published/1"].body.check(instrument(), "body")
