"""Policing posts: three counts kept apart, each party's answer, and what nobody polices."""

from __future__ import annotations

import pytest
from tests.simulators.agreements import propose, signed_memorandum
from tests.simulators.assembly import DAY, HOUR, Assembly, instant

from truceline.errors import Reason, Refused
from truceline.zones.policing import PostState, Why

JULY_22 = instant("2017-07-22 12:00")


@pytest.fixture
def memo() -> Assembly:
    """Zone D of the south: two checkpoints and ten observation posts agreed (DOMAIN 11.3)."""
    assembly = signed_memorandum()
    propose(assembly)
    assembly.at = instant("2017-07-10 00:00")
    assign(assembly)
    return assembly


def assign(assembly: Assembly, post: str = "D-OP", by: str = "office-s", **changes) -> None:
    fields = {
        "post": post,
        "zone": "Z",
        "kind": "observation_post",
        "operator": "north",
        "agreed_count": 10,
    }
    assembly.says(by, "post.assigned/1", **(fields | changes))


def post(assembly: Assembly):
    return assembly.book.posts["D-OP"]


def count(assembly: Assembly, kind: str, by: str, number: int, as_of: int) -> None:
    assembly.says(by, f"post.{kind}/1", post="D-OP", count=number, as_of=as_of)


def test_agreed_reported_and_observed_counts_are_never_mixed(memo):
    memo.at = JULY_22 + 3 * DAY
    count(memo, "reported", "north-l", 10, JULY_22)
    count(memo, "observed", "team-o", 4, JULY_22 + 2 * DAY)
    assert post(memo).agreed == 10
    assert [(one.body, one.count) for one in post(memo).reported(memo.at)] == [("north", 10)]
    assert [(one.body, one.count) for one in post(memo).observed(memo.at)] == [("team", 4)]
    assert post(memo).state(memo.at) is PostState.OBSERVED


def test_reported_posts_that_observers_do_not_find_are_shown_as_such(memo):
    memo.at = JULY_22 + HOUR
    count(memo, "reported", "north-l", 10, JULY_22)
    assert post(memo).state(memo.at) is PostState.REPORTED
    assert not memo.book.unpoliced(memo.at)
    memo.at = JULY_22 + 3 * DAY
    count(memo, "observed", "team-o", 0, JULY_22 + 2 * DAY)
    assert post(memo).state(memo.at) is PostState.NOT_FOUND
    assert [(one.zone, one.why) for one in memo.book.unpoliced(memo.at)] == [("Z", Why.NOT_FOUND)]


def test_a_later_report_stands_as_a_report_until_observers_have_been_there(memo):
    memo.at = JULY_22 + 9 * DAY
    count(memo, "observed", "team-o", 0, JULY_22)
    count(memo, "reported", "north-l", 6, JULY_22 + DAY)
    assert post(memo).state(memo.at) is PostState.REPORTED
    count(memo, "observed", "team-o", 5, JULY_22 + 2 * DAY)
    assert post(memo).state(memo.at) is PostState.OBSERVED


def test_a_count_logged_late_does_not_overtake_a_newer_one(memo):
    memo.at = JULY_22 + 9 * DAY
    count(memo, "observed", "team-o", 5, JULY_22 + 2 * DAY)
    count(memo, "observed", "team-o", 0, JULY_22)
    assert [one.count for one in post(memo).observed(memo.at)] == [5]


def test_consent_and_contest_are_each_partys_own_and_the_latest_counts(memo):
    for body, answer in (("north", "consents"), ("east", "contests")):
        memo.says(f"{body}-p", "post.answered/1", post="D-OP", answer=answer)
    assert (post(memo).consents(memo.at), post(memo).contested(memo.at)) == (("north",), ("east",))
    then = memo.at
    memo.at += DAY
    memo.says("east-p", "post.answered/1", post="D-OP", answer="consents")
    assert post(memo).consents(memo.at) == ("east", "north")
    assert post(memo).contested(then) == ("east",), "the past stays"


@pytest.mark.parametrize("by", ["south-l", "south-p"])
def test_a_body_reports_what_it_has_set_up_and_not_what_others_have(memo, by):
    with pytest.raises(Refused) as failure:
        count(memo, "reported", by, 3, memo.at)
    assert failure.value.reason is Reason.NO_MANDATE


def test_a_party_does_not_observe_itself(memo):
    with pytest.raises(Refused) as failure:
        count(memo, "observed", "north-p", 10, memo.at)
    assert failure.value.reason is Reason.NO_MANDATE


def test_nobody_counts_posts_of_tomorrow(memo):
    with pytest.raises(Refused) as failure:
        count(memo, "observed", "team-o", 10, memo.at + DAY)
    assert failure.value.reason is Reason.MADE_IN_FUTURE


def test_a_post_that_passes_to_another_body_is_that_bodys_to_report(memo):
    from_at = memo.at + DAY
    memo.says("north-p", "post.withdrawn/1", post="D-OP", from_=from_at, handover_to="south")
    assert post(memo).operator(from_at - 1) == "north"
    assert post(memo).operator(from_at) == "south"
    memo.at = from_at + HOUR
    count(memo, "reported", "south-l", 2, memo.at)
    assert post(memo).active(memo.at)


def test_a_post_that_ends_leaves_its_zone_unpoliced(memo):
    count(memo, "reported", "north-l", 10, memo.at)
    ends = memo.at + DAY
    memo.says("north-p", "post.withdrawn/1", post="D-OP", from_=ends)
    assert memo.book.unpoliced(ends - 1) == ()
    assert [one.why for one in memo.book.unpoliced(ends)] == [Why.ENDED]
    with pytest.raises(Refused):
        memo.says("north-p", "post.withdrawn/1", post="D-OP", from_=ends)


def test_what_nobody_polices_is_listed_with_its_reason(memo):
    propose(memo, zone="Y")
    assert [(one.zone, one.why, one.posts) for one in memo.book.unpoliced(memo.at)] == [
        ("Y", Why.NO_ASSIGNMENT, ()),
        ("Z", Why.NOTHING_SET_UP, ("D-OP",)),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"post": "D-OP"}, Reason.CONTRADICTS),
        ({"post": "X", "zone": "NOWHERE"}, Reason.REF_UNKNOWN),
        ({"post": "X", "operator": "nobody"}, Reason.REF_UNKNOWN),
        ({"post": "X", "from_": JULY_22, "until": JULY_22}, Reason.BAD_TIME),
    ],
)
def test_an_assignment_that_makes_no_sense_is_refused(memo, changes, reason):
    with pytest.raises(Refused) as failure:
        assign(memo, **changes)
    assert failure.value.reason is reason
