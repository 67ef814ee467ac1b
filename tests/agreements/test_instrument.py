"""Instruments: one text, every signature on it, and what is in force at a moment."""

from __future__ import annotations

from itertools import permutations

import pytest
from tests.simulators.agreements import (
    TEXTS,
    file,
    instrument,
    publish,
    sign,
    signed_memorandum,
)
from tests.simulators.assembly import DAY, HOUR, Assembly, instant

from truceline.agreements import in_force
from truceline.agreements.in_force import InstrumentState
from truceline.agreements.instrument import texts_digest
from truceline.errors import Malformed, Reason, Refused

ENTRY = instant("2017-05-04 21:00")  # 5 May 00:00 in Damascus, UTC+3
TERM = instant("2017-11-04 22:00")  # 5 November 00:00 in Damascus, by then UTC+2


@pytest.fixture
def memo() -> Assembly:
    return signed_memorandum()


def of(assembly: Assembly):
    return assembly.book.instruments["MEMO"]


def refused(assembly: Assembly, *args, **fields) -> Reason:
    with pytest.raises(Refused) as failure:
        assembly.says(*args, **fields)
    assert failure.value.article
    return failure.value.reason


# -- publication and signature ----------------------------------------------------------------


def test_a_partial_signature_is_shown_and_has_no_effect():
    assembly = Assembly()
    publish(assembly, "north", "south")
    assert in_force.state(of(assembly), assembly.at) is InstrumentState.PUBLISHED
    sign(assembly, "north")
    assert in_force.state(of(assembly), assembly.at) is InstrumentState.SIGNED_IN_PART
    assert in_force.missing(of(assembly), assembly.at) == ("south",)
    assert not assembly.follows


@pytest.mark.parametrize("order", list(permutations(("north", "south", "west"))))
def test_the_last_signature_brings_entry_into_force_whoever_gives_it(order):
    assembly = Assembly()
    publish(assembly, "north", "south", "west")
    assembly.at = instant("2017-05-04 12:00")
    for number, body in enumerate(order):
        assert len(assembly.follows) == 0, f"after {number} signatures"
        sign(assembly, body)
    assert [(one.kind, one.body["from"], one.body["until"]) for one in assembly.follows] == [
        ("instrument.entered/1", ENTRY, TERM)
    ]


def test_it_is_in_force_from_its_instant_until_its_last_microsecond(memo):
    assert in_force.state(of(memo), ENTRY - 1) is InstrumentState.SIGNED
    assert in_force.in_force(of(memo), ENTRY)
    assert in_force.in_force(of(memo), TERM - 1)
    assert in_force.state(of(memo), TERM) is InstrumentState.EXPIRED, "at the hour"


def test_nobody_signs_other_texts_than_those_published():
    assembly = Assembly()
    publish(assembly, "north", "south")
    other = texts_digest({**TEXTS, "ru": {"file": file("altered"), "equal_force": True}})
    fields = {"instrument": "MEMO", "texts": other}
    assert refused(assembly, "north-p", "instrument.signed/1", **fields) is Reason.CONTRADICTS


def test_only_the_bodies_named_sign_and_each_signs_once(memo):
    fields = {"instrument": "MEMO", "texts": texts_digest(TEXTS)}
    assert refused(memo, "east-p", "instrument.signed/1", **fields) is Reason.NO_MANDATE
    assert refused(memo, "north-p", "instrument.signed/1", **fields) is Reason.WRONG_STATE
    assert refused(memo, "north-l", "instrument.signed/1", **fields) is Reason.NO_MANDATE


def test_a_signature_states_no_hour_that_is_still_to_come():
    assembly = Assembly()
    publish(assembly, "north")
    fields = {
        "instrument": "MEMO",
        "texts": texts_digest(TEXTS),
        "stated_at": assembly.at + HOUR,
    }
    assert refused(assembly, "north-p", "instrument.signed/1", **fields) is Reason.MADE_IN_FUTURE


def test_a_ceremony_before_the_log_counts_from_the_hour_that_the_signatories_state():
    assembly = Assembly()
    publish(assembly, "north", "south")
    assembly.at = instant("2017-05-06 08:00")
    for body in ("north", "south"):
        sign(assembly, body, stated_at=instant("2017-05-04 12:00"))
    assert of(assembly).entered.from_at == ENTRY


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"signatories": [{"body": "nobody", "capacity": "guarantor"}]}, Reason.REF_UNKNOWN),
        (
            {
                "signatories": [
                    {"body": "north", "capacity": "guarantor"},
                    {"body": "north", "capacity": "witness"},
                ]
            },
            Reason.CONTRADICTS,
        ),
        ({"parent": "NOTHING"}, Reason.REF_UNKNOWN),
        ({"term": None, "renewal": "auto"}, Reason.CONTRADICTS),
        ({"term": "P0D"}, Reason.BAD_TIME),
        ({"effective": {"rule": "x", "says": {"from": "entry_into_force"}}}, Reason.BAD_TIME),
        ({"effective": {"rule": "x", "says": {"from": "instant"}}}, Reason.BAD_TIME),
        (
            {"effective": {"rule": "x", "says": {"from": "signature", "zone": "Mars/Olympus"}}},
            Reason.BAD_TIME,
        ),
        ({"deadlines": instrument("north")["deadlines"] * 2}, Reason.CONTRADICTS),
    ],
)
def test_an_instrument_that_could_not_be_kept_is_refused_at_publication(changes, reason):
    assembly = Assembly()
    with pytest.raises((Refused, Malformed)) as failure:
        publish(assembly, "north", "south", **changes)
    assert failure.value.reason is reason


def test_an_instrument_is_published_once_and_by_somebody_concerned(memo):
    again = instrument("north")
    assert refused(memo, "office-s", "instrument.published/1", **again) is Reason.CONTRADICTS
    other = instrument("north", code="OTHER")
    assert refused(memo, "south-p", "instrument.published/1", **other) is Reason.NO_MANDATE


# -- later life -------------------------------------------------------------------------------


def test_suspension_by_one_of_three_is_enough_and_only_that_one_takes_it_back(memo):
    memo.at = ENTRY
    why = {"en": "a strike"}
    suspension = memo.says("south-p", "instrument.suspended/1", instrument="MEMO", why=why)
    since = memo.at
    assert in_force.state(of(memo), since) is InstrumentState.SUSPENDED
    assert [one.body for one in in_force.suspended(of(memo), since)] == ["south"]
    fields = {"instrument": "MEMO", "suspension": suspension.id}
    assert refused(memo, "north-p", "instrument.restored/1", **fields) is Reason.NO_MANDATE
    memo.at += DAY
    memo.says("south-p", "instrument.restored/1", **fields)
    assert in_force.in_force(of(memo), memo.at)
    assert in_force.state(of(memo), since) is InstrumentState.SUSPENDED, "the past stays"
    assert refused(memo, "south-p", "instrument.restored/1", **fields) is Reason.WRONG_STATE


def test_a_suspension_by_each_needs_each_to_restore(memo):
    memo.at = ENTRY
    made = [
        memo.says(f"{body}-p", "instrument.suspended/1", instrument="MEMO", why={"en": "x"})
        for body in ("north", "south")
    ]
    memo.says("north-p", "instrument.restored/1", instrument="MEMO", suspension=made[0].id)
    assert in_force.state(of(memo), memo.at) is InstrumentState.SUSPENDED
    again = {"instrument": "MEMO", "why": {"en": "x"}}
    assert refused(memo, "south-p", "instrument.suspended/1", **again) is Reason.WRONG_STATE


def test_nobody_outside_suspends(memo):
    fields = {"instrument": "MEMO", "why": {"en": "x"}}
    assert refused(memo, "east-p", "instrument.suspended/1", **fields) is Reason.NO_MANDATE


def test_a_later_party_is_bound_from_its_own_instant_and_suspends_for_itself_alone(memo):
    own = instant("2017-08-18 18:00")  # 21:00 in Moscow, as Faylaq al-Rahman (DOMAIN 1.3)
    memo.at = instant("2017-08-18 10:00")
    fields = {"instrument": "MEMO", "from": own, "texts": texts_digest(TEXTS)}
    memo.says("east-p", "instrument.adhered/1", **fields)
    assert not in_force.binds(of(memo), "east", own - 1)
    assert in_force.binds(of(memo), "east", own)
    assert in_force.binds(of(memo), "north", own - 1)
    assert refused(memo, "east-p", "instrument.adhered/1", **fields) is Reason.WRONG_STATE
    assert refused(memo, "north-p", "instrument.adhered/1", **fields) is Reason.WRONG_STATE
    memo.says("east-p", "instrument.suspended/1", at=own, instrument="MEMO", why={"en": "x"})
    assert in_force.in_force(of(memo), memo.at)
    assert not in_force.binds(of(memo), "east", memo.at)


def test_a_contested_mandate_stays_a_signature(memo):
    signature = of(memo).signatures["west"].record
    fields = {
        "instrument": "MEMO",
        "signature": signature,
        "for_whom": "the committee",
        "why": {"en": "nobody asked us"},
    }
    memo.says("east-p", "mandate.contested/1", **fields)
    assert [one.body for one in of(memo).contests] == ["east"]
    assert in_force.in_force(of(memo), ENTRY)
    wrong = fields | {"signature": memo.told[0].record.id}
    assert refused(memo, "east-p", "mandate.contested/1", **wrong) is Reason.REF_UNKNOWN


def test_an_extension_runs_when_all_have_said_the_same_hour(memo):
    longer = TERM + 30 * DAY
    memo.at = ENTRY
    extend = {"instrument": "MEMO", "until": longer}
    memo.says("north-p", "instrument.extended/1", **extend)
    memo.says("south-p", "instrument.extended/1", instrument="MEMO", until=longer + DAY)
    memo.says("west-p", "instrument.extended/1", **extend)
    assert in_force.until_at(of(memo), memo.at) == TERM
    memo.says("south-p", "instrument.extended/1", **extend)
    assert in_force.until_at(of(memo), memo.at) == longer
    assert in_force.until_at(of(memo), memo.at - 2) == TERM, "as it stood before"
    assert in_force.in_force(of(memo), TERM)


def test_what_has_expired_is_not_extended(memo):
    fields = {"instrument": "MEMO", "until": TERM + DAY}
    memo.at = TERM
    assert refused(memo, "north-p", "instrument.extended/1", **fields) is Reason.WRONG_STATE


def test_automatic_renewal_counts_each_term_from_the_first_day():
    memo = signed_memorandum(renewal="auto")
    assert in_force.in_force(of(memo), TERM)
    assert in_force.until_at(of(memo), TERM) == instant("2018-05-04 21:00")
    assert in_force.final_until(of(memo), TERM) is None


def test_a_signatory_leaves_at_its_hour_and_never_backwards(memo):
    memo.at = instant("2017-06-01 00:00")
    leaves = memo.at + 10 * DAY
    memo.says("west-p", "instrument.terminated/1", instrument="MEMO", from_=leaves, why={"en": "x"})
    assert in_force.in_force(of(memo), leaves - 1)
    assert in_force.state(of(memo), leaves) is InstrumentState.TERMINATED
    early = signed_memorandum()
    early.at = instant("2017-06-01 00:00")
    early.says("west-p", "instrument.terminated/1", instrument="MEMO", from_=ENTRY, why={"en": "x"})
    assert in_force.in_force(of(early), instant("2017-05-31 23:59"))


def test_a_book_folded_again_is_the_same(memo):
    assert memo.clone().instruments == memo.book.instruments


def test_everything_asked_of_the_past_answers_as_the_log_stood_then(memo):
    before = of(memo).signatures["west"].at - 1
    assert in_force.state(of(memo), before) is InstrumentState.SIGNED_IN_PART
    assert in_force.missing(of(memo), before) == ("west",)
