"""From a proposal to a boundary in force: consent by all to one content, and what may end it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulators.agreements import (
    adopted_zone,
    consent,
    content,
    propose,
    publish,
    sign,
    signed_memorandum,
)
from tests.simulators.assembly import DAY, HOUR, Assembly, instant

from truceline.errors import Reason, Refused
from truceline.geo.position import Position
from truceline.geo.volume import Circle, Edge, Polygon, Window
from truceline.mechanism.book import Book
from truceline.zones import in_force
from truceline.zones.boundary import GeometryRule, Text, ZoneContent, ZoneKind, ZoneVolume
from truceline.zones.in_force import ZoneState

ENTRY = instant("2017-05-04 21:00")
TERM = instant("2017-11-04 22:00")
BODIES = ("north", "south", "west")


@pytest.fixture
def memo() -> Assembly:
    return signed_memorandum()


def state(assembly: Assembly, at=None) -> ZoneState:
    zone = assembly.book.zones["Z"]
    return in_force.state(zone, assembly.book.instruments["MEMO"], at or assembly.at)


def missing(assembly: Assembly) -> tuple[str, ...]:
    zone = assembly.book.zones["Z"]
    return in_force.missing(zone, assembly.book.instruments["MEMO"], assembly.at)


def adoptions(assembly: Assembly) -> list[dict]:
    return [dict(one.body) for one in assembly.follows if one.kind == "zone.adopted/1"]


def refused(assembly: Assembly, *args, **fields) -> Reason:
    with pytest.raises(Refused) as failure:
        assembly.says(*args, **fields)
    assert failure.value.article
    return failure.value.reason


# -- consent and adoption -------------------------------------------------------------------------


def test_a_boundary_is_not_in_force_until_the_last_party_consents(memo):
    ring = propose(memo)
    assert state(memo) is ZoneState.PROPOSED
    consent(memo, "north", ring)
    consent(memo, "south", ring)
    assert missing(memo) == ("west",)
    assert not adoptions(memo)
    consent(memo, "west", ring)
    assert state(memo) is ZoneState.AGREED, "agreed, until the memorandum is in force"
    assert state(memo, ENTRY - 1) is ZoneState.AGREED
    assert state(memo, ENTRY) is ZoneState.IN_FORCE
    (made,) = adoptions(memo)
    assert (made["from"], made["until"], made["secrecy"]) == (ENTRY, TERM, "public")


@pytest.mark.parametrize("order", list(permutations(BODIES)))
def test_the_order_of_consents_changes_nothing(memo, order):
    ring = propose(memo)
    for body in order:
        consent(memo, body, ring)
    (made,) = adoptions(memo)
    assert made["content"]["sha256"] == ring
    named = [memo.book.zones["Z"].latest_consents[body].record for body in BODIES]
    assert made["consents"] == named


def test_no_boundary_is_in_force_before_the_last_consent_was_given(memo):
    memo.at = instant("2017-06-10 00:00")
    adopted_zone(memo)
    (made,) = adoptions(memo)
    assert made["from"] == memo.book.zones["Z"].latest_consents["west"].at


def test_consents_given_before_the_instrument_enters_bring_adoption_when_it_does():
    assembly = Assembly()
    publish(assembly, *BODIES)
    ring = propose(assembly)
    for body in BODIES:
        consent(assembly, body, ring)
    assert not adoptions(assembly)
    assert state(assembly) is ZoneState.AGREED
    assembly.at = instant("2017-05-04 12:00")
    for body in BODIES:
        sign(assembly, body)
    assert [one.kind for one in assembly.follows] == ["instrument.entered/1", "zone.adopted/1"]
    assert state(assembly, ENTRY) is ZoneState.IN_FORCE


def test_a_later_consent_to_another_content_withdraws_the_first(memo):
    ring, own = propose(memo), file_position(memo, "south", "smaller")
    consent(memo, "north", ring)
    consent(memo, "north", own)
    consent(memo, "south", ring)
    consent(memo, "west", ring)
    assert not adoptions(memo)
    consent(memo, "north", ring)
    assert adoptions(memo)[0]["content"]["sha256"] == ring


def file_position(assembly: Assembly, body: str, name: str) -> str:
    assembly.says(
        f"{body}-p", "zone.position/1", zone="Z", content=content(name), basis="control_line"
    )
    return str(content(name)["sha256"])


def test_a_revision_after_consent_leaves_both_contents_to_be_consented_to(memo):
    ring = propose(memo)
    consent(memo, "north", ring)
    memo.says("north-p", "zone.revised/1", zone="Z", content=content("revised"))
    revised = content("revised")["sha256"]
    consent(memo, "south", revised)
    consent(memo, "west", revised)
    assert missing(memo) == ("north",)
    consent(memo, "north", revised)
    assert adoptions(memo)[0]["content"]["sha256"] == revised


def test_a_partys_own_line_is_adopted_like_any_proposal(memo):
    propose(memo)
    own = file_position(memo, "south", "smaller")
    for body in BODIES:
        consent(memo, body, own)
    assert adoptions(memo)[0]["content"]["sha256"] == own


def test_nobody_consents_to_what_was_not_put_forward_or_from_outside_or_twice(memo):
    ring = propose(memo)
    unknown = content("unknown")["sha256"]
    assert refused(memo, "north-p", "zone.consented/1", zone="Z", content=unknown) is (
        Reason.REF_UNKNOWN
    )
    assert refused(memo, "east-p", "zone.consented/1", zone="Z", content=ring) is Reason.NO_MANDATE
    assert refused(memo, "north-l", "zone.consented/1", zone="Z", content=ring) is Reason.NO_MANDATE
    consent(memo, "north", ring)
    assert refused(memo, "north-p", "zone.consented/1", zone="Z", content=ring) is (
        Reason.WRONG_STATE
    )


def test_an_adherents_consent_is_recorded_and_not_waited_for(memo):
    digest = memo.book.instruments["MEMO"].digest
    memo.says("east-p", "instrument.adhered/1", instrument="MEMO", from_=ENTRY, texts=digest)
    ring = adopted_zone(memo)
    consent(memo, "east", ring)
    assert len(adoptions(memo)) == 1
    assert "east" in memo.book.zones["Z"].latest_consents


def test_the_mechanism_cannot_adopt_what_the_consents_do_not_bear_out(memo):
    propose(memo)
    fields = {
        "zone": "Z",
        "instrument": "MEMO",
        "content": content("ring"),
        "consents": [],
        "from_": ENTRY,
        "secrecy": "public",
    }
    assert refused(memo, "mechanism", "zone.adopted/1", **fields) is Reason.CONTRADICTS
    assert refused(memo, "north-p", "zone.adopted/1", **fields) is Reason.NO_MANDATE


ACTS = st.lists(
    st.tuples(st.sampled_from(BODIES), st.sampled_from(["ring", "one", "two"])), max_size=14
)


@given(ACTS)
def test_a_content_is_adopted_exactly_when_the_latest_word_of_all_is_that_content(acts):
    assembly = signed_memorandum()
    propose(assembly)
    for name in ("one", "two"):
        assembly.says("north-p", "zone.revised/1", zone="Z", content=content(name))
    said: dict[str, str] = {}
    adopted: list[str] = []
    for body, name in acts:
        sha256 = content(name)["sha256"]
        if said.get(body) == sha256:
            assert refused(assembly, f"{body}-p", "zone.consented/1", zone="Z", content=sha256) is (
                Reason.WRONG_STATE
            )
            continue
        consent(assembly, body, sha256)
        said[body] = sha256
        if said.keys() == set(BODIES) and len(set(said.values())) == 1 and adopted[-1:] != [sha256]:
            adopted.append(sha256)
    assert [one["content"]["sha256"] for one in adoptions(assembly)] == adopted
    shown = assembly.book.public_map(ENTRY)
    assert [one["content"] for one in shown] == adopted[-1:]
    assert assembly.clone().zones == assembly.book.zones


@given(st.permutations([(body, act) for body in BODIES for act in ("consent", "position")]))
def test_what_two_parties_say_at_once_may_come_in_either_order(said):
    assembly = signed_memorandum()
    ring = propose(assembly)
    for body, act in said:
        if act == "consent":
            consent(assembly, body, ring)
        else:
            file_position(assembly, body, f"line of {body}")
    zone = assembly.book.zones["Z"]
    assert [one["content"]["sha256"] for one in adoptions(assembly)] == [ring]
    assert {one.body: one.line for one in in_force.positions(zone, assembly.at)} == {
        body: content(f"line of {body}")["sha256"] for body in BODIES
    }


# -- positions ------------------------------------------------------------------------------------


def test_silence_is_no_position_and_never_consent(memo):
    ring = propose(memo)
    file_position(memo, "south", "smaller")
    zone = memo.book.zones["Z"]
    assert in_force.position_of(zone, "west", memo.at + 365 * DAY) is None
    assert missing(memo) == BODIES
    assert [one.body for one in in_force.positions(zone, memo.at)] == ["south"]
    assert state(memo) is ZoneState.POSITIONS_OPEN
    assert ring


def test_a_new_position_takes_the_place_of_the_old_and_the_past_remembers(memo):
    ring = propose(memo)
    first = file_position(memo, "south", "smaller")
    then = memo.at
    memo.at += DAY
    memo.says("south-p", "zone.position/1", zone="Z", accepts=ring, basis="admin")
    zone = memo.book.zones["Z"]
    assert in_force.position_of(zone, "south", then).line == first
    assert in_force.position_of(zone, "south", memo.at).line == ring


def test_a_party_on_the_ground_draws_its_line_without_being_a_signatory(memo):
    propose(memo)
    assert file_position(memo, "east", "line of east")


def test_a_position_says_one_thing(memo):
    ring = propose(memo)
    both = {"zone": "Z", "content": content("x"), "accepts": ring, "basis": "other"}
    assert refused(memo, "south-p", "zone.position/1", **both) is Reason.CONTRADICTS
    neither = {"zone": "Z", "basis": "other"}
    assert refused(memo, "south-p", "zone.position/1", **neither) is Reason.MISSING_FIELD
    memo.says("south-p", "zone.position/1", comment={"en": "we withdraw our line"}, **neither)
    assert in_force.position_of(memo.book.zones["Z"], "south", memo.at).line is None
    stranger = {"zone": "Z", "accepts": ring, "basis": "other"}
    assert refused(memo, "office-s", "zone.position/1", **stranger) is Reason.NO_MANDATE


# -- amendment, contest, suspension, expiry ----------------------------------------------------------


def test_the_boundary_in_force_holds_until_all_consent_to_its_amendment(memo):
    ring = adopted_zone(memo)
    memo.at = ENTRY
    fields = {"zone": "Z", "content": content("amended"), "supersedes": ring}
    assert refused(memo, "north-p", "zone.amended/1", **(fields | {"supersedes": "0" * 64})) is (
        Reason.CONTRADICTS
    )
    memo.says("north-p", "zone.amended/1", **fields)
    amended = content("amended")["sha256"]
    consent(memo, "north", amended)
    consent(memo, "south", amended)
    assert in_force.in_force(memo.book.zones["Z"], memo.at).content == ring
    consent(memo, "west", amended)
    assert in_force.in_force(memo.book.zones["Z"], memo.at).content == amended
    assert in_force.in_force(memo.book.zones["Z"], ENTRY).content == ring, "the past stays"


def test_what_is_not_in_force_is_not_amended(memo):
    ring = propose(memo)
    fields = {"zone": "Z", "content": content("amended"), "supersedes": ring}
    assert refused(memo, "north-p", "zone.amended/1", **fields) is Reason.WRONG_STATE


def test_a_contest_is_shown_and_changes_nothing_else(memo):
    ring = adopted_zone(memo)
    memo.at = ENTRY
    why = {"en": "Suwayda was never ours to give"}
    memo.says("east-p", "zone.contested/1", zone="Z", content=ring, why=why)
    zone = memo.book.zones["Z"]
    assert [one.body for one in in_force.contests(zone, ring, memo.at)] == ["east"]
    assert state(memo) is ZoneState.IN_FORCE
    again = {"zone": "Z", "content": ring, "why": why}
    assert refused(memo, "east-p", "zone.contested/1", **again) is Reason.WRONG_STATE


def test_a_contest_ends_with_ones_own_consent_to_that_content(memo):
    ring = propose(memo)
    memo.says("south-p", "zone.contested/1", zone="Z", content=ring, why={"en": "x"})
    consent(memo, "south", ring)
    assert in_force.contests(memo.book.zones["Z"], ring, memo.at) == ()


def test_suspension_by_one_of_three_is_shown_by_whom_and_since_when(memo):
    ring = adopted_zone(memo)
    memo.at = ENTRY
    record = memo.says("south-p", "zone.suspended/1", zone="Z", why={"en": "x"})
    zone, instrument = memo.book.zones["Z"], memo.book.instruments["MEMO"]
    assert state(memo) is ZoneState.SUSPENDED
    shown = in_force.suspended_by(zone, instrument, memo.at)
    assert [(one.body, one.since, one.whole_instrument) for one in shown] == [
        ("south", ENTRY, False)
    ]
    (item,) = memo.book.public_map(memo.at)
    assert (item["content"], item["suspended_by"]) == (ring, ["south"])
    fields = {"zone": "Z", "suspension": record.id}
    assert refused(memo, "west-p", "zone.restored/1", **fields) is Reason.NO_MANDATE
    memo.says("south-p", "zone.restored/1", **fields)
    assert state(memo) is ZoneState.IN_FORCE
    assert memo.book.public_map(memo.at)[0]["suspended_by"] == []


def test_a_suspended_instrument_suspends_its_zones(memo):
    adopted_zone(memo)
    memo.at = ENTRY
    memo.says("west-p", "instrument.suspended/1", instrument="MEMO", why={"en": "x"})
    assert state(memo) is ZoneState.SUSPENDED


@pytest.mark.parametrize("by", ["east-p", "office-s"])
def test_nobody_outside_suspends_a_zone(memo, by):
    adopted_zone(memo)
    memo.at = ENTRY
    fields = {"zone": "Z", "why": {"en": "x"}}
    assert refused(memo, by, "zone.suspended/1", **fields) is Reason.NO_MANDATE


def test_a_zone_expires_exactly_at_the_hour(memo):
    adopted_zone(memo)
    assert state(memo, TERM - 1) is ZoneState.IN_FORCE
    assert state(memo, TERM) is ZoneState.EXPIRED
    assert memo.book.public_map(TERM - 1)
    assert memo.book.public_map(TERM) == []


def test_after_expiry_everyone_is_asked_anew(memo):
    ring = adopted_zone(memo)
    expire(memo, TERM)
    longer = signed_memorandum(term=None, renewal="none")
    ring = adopted_zone(longer)
    longer.at = ENTRY
    assert ring
    windowed = windowed_zone(ends="2017-06-01 00:00")
    expire(windowed, instant("2017-06-01 00:00"))
    assert state(windowed) is ZoneState.EXPIRED
    windowed.says("north-p", "zone.revised/1", zone="Z", content=content("open"))
    sha256 = content("open")["sha256"]
    for body in ("north", "south"):
        consent(windowed, body, sha256)
    assert len(adoptions(windowed)) == 1
    assert missing(windowed) == ("west",)
    consent(windowed, "west", sha256)
    assert state(windowed) is ZoneState.IN_FORCE


def expire(assembly: Assembly, at: int) -> None:
    assembly.at = at
    for one in assembly.book.clocks.due(at):
        assembly.says("mechanism", "clock.fired/1", **one.body())


def test_an_extension_by_all_carries_the_zones_over_the_old_hour(memo):
    ring = adopted_zone(memo)
    memo.at = ENTRY
    for body in BODIES:
        memo.says(f"{body}-p", "instrument.extended/1", instrument="MEMO", until=TERM + 30 * DAY)
    assert [one["until"] for one in adoptions(memo)] == [TERM, TERM + 30 * DAY]
    assert memo.book.public_map(TERM)[0]["content"] == ring
    expire(memo, TERM)
    assert state(memo) is ZoneState.IN_FORCE


def test_a_signatory_that_leaves_ends_the_zones_at_its_hour(memo):
    adopted_zone(memo)
    memo.at = ENTRY
    leaves = ENTRY + 10 * DAY
    memo.says("west-p", "instrument.terminated/1", instrument="MEMO", from_=leaves, why={"en": "x"})
    assert state(memo, leaves - 1) is ZoneState.IN_FORCE
    assert state(memo, leaves) is ZoneState.EXPIRED
    expire(memo, leaves)
    assert memo.follows[-1].kind == "zone.expired/1"
    assert memo.book.public_map(memo.at) == []


def test_a_zone_under_a_secret_instrument_is_not_on_the_public_map():
    memo = signed_memorandum(secrecy="parties")
    adopted_zone(memo)
    assert state(memo, ENTRY) is ZoneState.IN_FORCE
    assert memo.book.public_map(ENTRY) == []


# -- what a content must be ---------------------------------------------------------------------------

RING = tuple(
    Position(lat * 10**6, lon * 10**6)
    for lat, lon in ((335, 363), (335, 365), (337, 365), (337, 363), (335, 363))
)


def zone_content(**changes) -> ZoneContent:
    volume = ZoneVolume(Polygon(RING, ()), edge=changes.pop("edge", Edge.GEODESIC), **changes)
    return ZoneContent("Z", ZoneKind.DE_ESCALATION, volumes=(volume,))


def windowed_zone(*, starts: str = "", ends: str = "") -> Assembly:
    """A memorandum without a term, and an adopted zone with a window of its own."""
    window = Window(
        datetime.fromisoformat(starts).replace(tzinfo=UTC) if starts else None,
        datetime.fromisoformat(ends).replace(tzinfo=UTC) if ends else None,
    )
    contents = {
        content("ring")["sha256"]: zone_content(window=window),
        content("open")["sha256"]: zone_content(),
    }
    memo = signed_memorandum(term=None, renewal="none")
    memo.book.contents = contents.__getitem__
    adopted_zone(memo)
    return memo


def test_a_content_with_hours_of_its_own_is_in_force_within_them():
    memo = windowed_zone(starts="2017-05-20 00:00", ends="2017-06-01 00:00")
    (made,) = adoptions(memo)
    assert (made["from"], made["until"]) == (
        instant("2017-05-20 00:00"),
        instant("2017-06-01 00:00"),
    )
    assert state(memo, made["from"] - 1) is ZoneState.AGREED
    assert state(memo, made["until"] - 1) is ZoneState.IN_FORCE


def test_a_content_whose_hours_are_over_is_not_adopted():
    with pytest.raises(Refused) as failure:
        windowed_zone(ends="2017-05-01 00:00")
    assert failure.value.reason is Reason.BAD_TIME


def with_content(made: ZoneContent) -> Assembly:
    memo = signed_memorandum()
    memo.book.contents = lambda sha256: made
    return memo


def test_a_content_names_the_zone_of_its_record():
    with pytest.raises(Refused, match="zone Y"):
        propose(with_content(ZoneContent("Y", ZoneKind.BUFFER, volumes=zone_content().volumes)))


def test_lines_are_of_the_kind_that_the_agreement_chose():
    with pytest.raises(Refused, match="chose geodesic"):
        propose(with_content(zone_content(edge=Edge.LONLAT)))
    circle = ZoneVolume(Circle(RING[0], 55_000_000), edge=Edge.LONLAT)
    propose(with_content(ZoneContent("Z", ZoneKind.BUFFER, volumes=(circle,))))


def test_a_rule_in_words_is_agreed_on_like_a_geometry():
    words = GeometryRule((Text("en", "certain parts of the neighbouring provinces"),))
    memo = with_content(ZoneContent("Z", ZoneKind.DE_ESCALATION, geometry_rule=words))
    adopted_zone(memo)
    assert state(memo, ENTRY) is ZoneState.IN_FORCE


def test_a_content_is_of_the_type_that_can_be_signed(memo):
    fields = {
        "zone": "Z",
        "name": {"en": "Z"},
        "instrument": "MEMO",
        "content": content("x") | {"type": "application/vnd.google-earth.kml+xml"},
    }
    assert refused(memo, "north-p", "zone.proposed/1", **fields) is Reason.BAD_FORMAT


def test_a_proposal_is_revised_by_its_own_body_alone(memo):
    propose(memo)
    fields = {"zone": "Z", "content": content("y")}
    assert refused(memo, "south-p", "zone.revised/1", **fields) is Reason.NO_MANDATE
    memo.says("office-s", "zone.revised/1", **fields)


def test_a_zone_is_proposed_once_and_under_an_instrument_that_lives(memo):
    propose(memo)
    with pytest.raises(Refused) as failure:
        propose(memo)
    assert failure.value.reason is Reason.CONTRADICTS
    memo.at = TERM + HOUR
    with pytest.raises(Refused) as failure:
        propose(memo, zone="Y")
    assert failure.value.reason is Reason.WRONG_STATE


def test_the_map_at_a_size_is_the_map_of_a_book_of_that_size(memo):
    adopted_zone(memo)
    memo.at = ENTRY
    memo.says("south-p", "zone.suspended/1", zone="Z", why={"en": "x"})
    small = Book(memo.book.log)
    for one in memo.told[:-1]:
        small.apply(one)
    assert small.public_map(memo.at)[0]["suspended_by"] == []
