"""Who may see what: the table of DOMAIN 9, held as properties over every kind that exists."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.parties.visibility import (
    CLEAR,
    FILES,
    PUBLIC,
    ROLES,
    Handed,
    RecordFacts,
    Viewer,
    counted_until,
    may_fetch,
    may_name,
    may_see,
    suppressed,
)
from truceline.records.admitted import Signer
from truceline.records.keys import KeyId
from truceline.records.kinds import KINDS, Audience, Leaf
from truceline.records.roles import Role

NOON = 1_500_000_000_000_000
BODIES = ("north", "south", "office", "")
ALL_PARTS = sorted({(name, part) for name, kind in KINDS.items() for part in (CLEAR, *kind.sealed)})
SEALED = [
    (name, part) for name, part in ALL_PARTS if part != CLEAR or KINDS[name].leaf is Leaf.SEALED
]


def viewer(*roles: Role, body: str = "north", officer: str = "north-1") -> Viewer:
    return Viewer(body, officer, frozenset(roles), signed_in=True)


def facts(**changes) -> RecordFacts:
    made = {"author_body": "north", "parties": frozenset({"north", "south"}), "received_at": NOON}
    return RecordFacts(**(made | changes))


def sees(who: Viewer, kind: str, part: str = CLEAR, at: int = NOON, **changes) -> bool:
    return may_see(who, KINDS[kind], part, record=facts(**changes), at=at)


def parts_seen(who: Viewer, kind, *, record: RecordFacts, at: int) -> tuple[str, ...]:
    """The parts of a record that someone may see."""
    parts = (CLEAR, *kind.part_names())
    return tuple(part for part in parts if may_see(who, kind, part, record=record, at=at))


HANDED = st.builds(
    Handed,
    part=st.sampled_from(sorted({part for _, part in ALL_PARTS})),
    body=st.sampled_from(BODIES[:3]),
    at=st.integers(NOON - 5, NOON + 5),
    recalled_at=st.one_of(st.none(), st.integers(NOON - 5, NOON + 5)),
)
FACTS = st.builds(
    RecordFacts,
    author_body=st.sampled_from(BODIES),
    parties=st.frozensets(st.sampled_from(BODIES[:3])),
    secrecy=st.sampled_from(["public", "parties", "named"]),
    received_at=st.integers(NOON - 5, NOON),
    concerned=st.frozensets(st.sampled_from(BODIES[:3]), max_size=1),
    assigned=st.frozensets(st.sampled_from(["north-1", "north-2"])),
    disclosed_to=st.frozensets(HANDED, max_size=4),
)
ROLE_SETS = st.frozensets(st.sampled_from(list(Role)), max_size=4)
TIMES = st.integers(NOON - 6, NOON + 6)


def test_every_role_has_its_row():
    assert set(ROLES) == set(Role)


@pytest.mark.parametrize(("name", "part"), SEALED)
@given(record=FACTS, at=TIMES, body=st.sampled_from(BODIES))
def test_the_administrator_never_sees_a_sealed_part_without_a_second_role(
    name, part, record, at, body
):
    who = viewer(Role.ADMINISTRATOR, body=body, officer="north-1")
    assert not may_see(who, KINDS[name], part, record=record, at=at)


@given(
    part=st.sampled_from(SEALED),
    record=FACTS,
    at=TIMES,
    body=st.sampled_from(BODIES),
    roles=ROLE_SETS,
)
def test_what_opens_a_sealed_part_for_an_administrator_is_the_second_role_alone(
    part, record, at, body, roles
):
    name, sealed = part
    other = roles - {Role.ADMINISTRATOR}
    alone = may_see(viewer(*other, body=body), KINDS[name], sealed, record=record, at=at)
    both = may_see(
        viewer(*other, Role.ADMINISTRATOR, body=body), KINDS[name], sealed, record=record, at=at
    )
    assert both == alone


@pytest.mark.parametrize(("name", "part"), ALL_PARTS)
@given(record=FACTS, at=TIMES, claimed=ROLE_SETS, body=st.sampled_from(BODIES))
def test_the_public_sees_nothing_below_its_audience_whatever_it_claims(
    name, part, record, at, claimed, body
):
    stranger = Viewer(body, "north-1", claimed, signed_in=False)
    kind = KINDS[name]
    shown = may_see(stranger, kind, part, record=record, at=at)
    assert shown == may_see(PUBLIC, kind, part, record=record, at=at)
    if shown:
        assert part == CLEAR
        assert kind.audience is Audience.PUBLIC
        assert kind.leaf is Leaf.CLEAR
        assert record.secrecy == "public" or not record.parties


@given(
    part=st.sampled_from([one for one in SEALED if one[1] != CLEAR]),
    handed_to=st.sampled_from(BODIES[:3]),
    at=TIMES,
    since=st.integers(NOON, NOON + 5),
    lasts=st.one_of(st.none(), st.integers(0, 5)),
    body=st.sampled_from(BODIES[:3]),
    other=st.sampled_from(SEALED),
)
def test_a_disclosure_opens_exactly_its_part_to_exactly_its_body_until_its_recall(
    part, handed_to, at, since, lasts, body, other
):
    name, sealed = part
    recalled_at = None if lasts is None else since + lasts
    handed = frozenset({Handed(sealed, handed_to, since, recalled_at)})
    who = viewer(Role.LIAISON, body=body)
    before = facts(author_body="team", disclosed_to=frozenset())
    after = facts(author_body="team", disclosed_to=handed)
    open_now = since <= at and (recalled_at is None or at < recalled_at)
    for each in (part, (name, other[1])):
        if each[1] not in KINDS[name].sealed:
            continue
        gained = may_see(who, KINDS[name], each[1], record=after, at=at) and not may_see(
            who, KINDS[name], each[1], record=before, at=at
        )
        assert gained == (each == part and body == handed_to and open_now)


@given(name=st.sampled_from(sorted(KINDS)), record=FACTS, at=TIMES, one=ROLE_SETS, two=ROLE_SETS)
def test_a_further_role_never_takes_sight_away(name, record, at, one, two):
    kind = KINDS[name]
    few = set(parts_seen(viewer(*one), kind, record=record, at=at))
    assert few <= set(parts_seen(viewer(*one, *two), kind, record=record, at=at))


@given(name=st.sampled_from(sorted(KINDS)), record=FACTS, roles=ROLE_SETS)
def test_nothing_is_seen_before_it_was_received(name, record, roles):
    at = record.received_at - 1
    assert parts_seen(viewer(*roles), KINDS[name], record=record, at=at) == ()


def test_a_part_that_a_kind_does_not_have_is_not_seen():
    for role in Role:
        assert not sees(viewer(role), "zone.consented/1", "exact")


# -- parts at a precision, and files -----------------------------------------------------------------


def test_a_right_to_a_coarse_part_opens_no_finer_one_and_the_other_way_round():
    names = ["entry", "entry.exact", "entry.100m", "entry.1km", "entry.admin"]
    who = viewer(Role.LIAISON, body="south")
    for given_part in names:
        handed = frozenset({Handed(given_part, "south", NOON)})
        record = facts(author_body="", disclosed_to=handed)
        seen = [
            one
            for one in names
            if may_see(who, KINDS["air.crossing/1"], one, record=record, at=NOON)
        ]
        assert seen == [given_part]


@pytest.mark.parametrize("part", ["entry.", "entry.2km", "entry.1km.exact", ".1km", "1km", "x.1km"])
def test_a_precision_that_is_not_on_the_list_is_no_part(part):
    handed = frozenset({Handed(part, "north", NOON)})
    assert not sees(viewer(*Role), "air.crossing/1", part, author_body="", disclosed_to=handed)


def test_the_watch_floor_sees_the_place_of_a_crossing_at_every_precision():
    shown = parts_seen(viewer(Role.WATCH), KINDS["air.crossing/1"], record=facts(), at=NOON)
    assert {"entry", "entry.exact", "entry.1km", "aircraft"} <= set(shown)


def test_a_precision_that_a_row_lists_has_an_audience_of_its_own():
    sealed = {"place": Audience.MECHANISM, "place.admin": Audience.WATCH}
    row = replace(KINDS["air.crossing/1"], sealed=sealed)
    shown = parts_seen(viewer(Role.WATCH), row, record=facts(author_body=""), at=NOON)
    assert [one for one in shown if one.startswith("place")] == ["place.admin"]


def test_a_recalled_part_is_shut_from_the_moment_of_the_recall_on():
    handed = Handed("entry.1km", "south", NOON).recalled(NOON + 10)
    record = facts(author_body="", disclosed_to=frozenset({handed}))
    who, kind = viewer(Role.LIAISON, body="south"), KINDS["air.crossing/1"]
    seen = [may_see(who, kind, "entry.1km", record=record, at=NOON + one) for one in (0, 9, 10, 11)]
    assert seen == [True, True, False, False]


@pytest.mark.parametrize("role", list(Role))
def test_the_tracks_of_a_segment_are_fetched_by_the_watch_floor_alone(role):
    who = viewer(role)
    may = may_fetch(who, KINDS["air.segment/1"], record=facts(author_body=""), at=NOON)
    assert may == (role is Role.WATCH)


def test_the_tracks_of_a_segment_can_be_handed_out_and_called_back():
    handed = Handed(FILES, "south", NOON).recalled(NOON + 10)
    record = facts(author_body="", disclosed_to=frozenset({handed}))
    who, kind = viewer(Role.LIAISON, body="south"), KINDS["air.segment/1"]
    assert may_fetch(who, kind, record=record, at=NOON)
    assert not may_fetch(who, kind, record=record, at=NOON + 10)


@given(name=st.sampled_from(sorted(KINDS)), record=FACTS, roles=ROLE_SETS)
def test_no_file_is_fetched_whose_record_is_not_seen(name, record, roles):
    who, kind = viewer(*roles), KINDS[name]
    seen = may_see(who, kind, CLEAR, record=record, at=NOON)
    may = may_fetch(who, kind, record=record, at=NOON)
    assert seen or not may
    assert kind.files is not None or may == seen


def names(body: str, *roles: Role, kind: str = "instrument.published/1", **changes) -> bool:
    signer = Signer(KeyId("k"), body, f"{body}-1" if body else "", frozenset(roles))
    return may_name(signer, [(KINDS[kind], facts(**changes))], at=NOON)


def test_a_hash_alone_does_not_let_a_body_name_the_file_of_others():
    secret = {"secrecy": "named"}
    assert names("south", Role.PRINCIPAL, **secret), "a party"
    assert names("north", **secret), "the body that named it"
    assert not names("far", Role.PRINCIPAL, **secret)
    assert not names("office", Role.SECRETARIAT, **secret)
    assert not names("office", Role.SECRETARIAT, kind="air.segment/1", author_body="")
    assert names("office", Role.WATCH, kind="air.segment/1", author_body="")
    assert names("", Role.MECHANISM, **secret)


def test_a_file_that_nobody_named_is_anyones_to_name():
    signer = Signer(KeyId("k"), "far", "far-1", frozenset({Role.PRINCIPAL}))
    assert may_name(signer, [], at=NOON)


# -- rows of DOMAIN 9 -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_aircraft_are_for_the_watch_floor(role):
    seen = sees(viewer(role), "air.crossing/1", "aircraft", author_body="")
    assert seen == (role is Role.WATCH)


def test_a_verifier_sees_the_aircraft_of_assigned_cases_alone():
    who = viewer(Role.VERIFIER, officer="team-v")
    assert not sees(who, "air.crossing/1", "aircraft", author_body="")
    assert sees(who, "air.crossing/1", "aircraft", author_body="", assigned=frozenset({"team-v"}))


def test_a_negotiated_line_is_for_its_parties_the_table_and_their_auditors():
    inside = viewer(Role.PRINCIPAL, body="south")
    outside = viewer(Role.PRINCIPAL, body="east")
    assert sees(inside, "zone.position/1")
    assert not sees(outside, "zone.position/1")
    assert sees(viewer(Role.SECRETARIAT, body="office"), "zone.position/1")
    assert sees(viewer(Role.AUDITOR, body="south"), "zone.position/1")
    assert not sees(viewer(Role.AUDITOR, body="east"), "zone.position/1")
    assert not sees(viewer(Role.AUDITOR, body="office"), "zone.position/1")
    assert not sees(viewer(Role.AGENCY, body="agency"), "zone.position/1")
    assert not sees(viewer(Role.UNIT, body="south"), "zone.position/1")
    assert not may_see(PUBLIC, KINDS["zone.position/1"], CLEAR, record=facts(), at=NOON)


def test_ones_own_word_is_always_ones_own():
    assert sees(viewer(Role.LIAISON, body="east"), "zone.position/1", author_body="east")


def test_the_text_of_an_instrument_is_public_if_its_parties_agreed_so():
    kind = "instrument.published/1"
    assert may_see(PUBLIC, KINDS[kind], CLEAR, record=facts(), at=NOON)
    kept = facts(secrecy="parties", author_body="office")
    assert not may_see(PUBLIC, KINDS[kind], CLEAR, record=kept, at=NOON)
    assert not sees(viewer(Role.AGENCY, body="agency"), kind, secrecy="parties")
    assert sees(viewer(Role.LIAISON, body="south"), kind, secrecy="parties")
    assert sees(viewer(Role.SECRETARIAT, body="office"), kind, secrecy="parties")
    assert not sees(viewer(Role.SECRETARIAT, body=""), kind, secrecy="parties")
    assert not sees(viewer(Role.AUDITOR, body="east"), kind, secrecy="parties")


def test_what_is_for_those_named_is_not_even_for_the_host():
    kind = "instrument.published/1"
    for role in (Role.SECRETARIAT, Role.AUDITOR, Role.WATCH, Role.ADMINISTRATOR):
        assert not sees(viewer(role, body="office"), kind, secrecy="named", author_body="office")
    assert sees(viewer(Role.PRINCIPAL, body="south"), kind, secrecy="named")
    assert not sees(viewer(Role.ADMINISTRATOR, body="south"), kind, secrecy="named")


def test_an_officers_name_is_for_their_own_body():
    kind = "officer.appointed/1"
    assert sees(viewer(Role.LIAISON), kind, "name")
    assert not sees(viewer(Role.LIAISON, body="south"), kind, "name")
    assert not sees(viewer(Role.SECRETARIAT, body="office"), kind, "name")
    assert not sees(viewer(Role.ADMINISTRATOR), kind, "name")


def test_who_was_told_is_known_to_those_told_and_not_to_the_others():
    kind = "disclosure.made/1"
    told = {"author_body": "", "concerned": frozenset({"south"})}
    assert sees(viewer(Role.LIAISON, body="south"), kind, **told)
    assert not sees(viewer(Role.LIAISON, body="north"), kind, **told)
    assert not sees(viewer(Role.AUDITOR, body="north"), kind, **told)
    assert not sees(viewer(Role.ADMINISTRATOR, body="south"), kind, **told)


def test_a_principal_and_a_unit_open_nothing_that_was_handed_to_their_body():
    handed = frozenset({Handed("aircraft", "south", NOON)})
    for role in (Role.PRINCIPAL, Role.UNIT, Role.REPORTER, Role.WARNING_OPERATOR):
        who = viewer(role, body="south")
        assert not sees(who, "air.crossing/1", "aircraft", author_body="", disclosed_to=handed)
    who = viewer(Role.LIAISON, body="south")
    assert sees(who, "air.crossing/1", "aircraft", author_body="", disclosed_to=handed)


def test_the_administrator_sees_health_and_keys_and_no_negotiation():
    who = viewer(Role.ADMINISTRATOR, body="office")
    assert sees(who, "key.enrolled/1")
    assert sees(who, "clock.fired/1")
    assert not sees(who, "air.crossing/1", author_body="")
    assert not sees(who, "zone.position/1")


def test_whoever_holds_no_role_sees_what_the_public_sees_though_signed_in():
    for kind in KINDS.values():
        shown = parts_seen(PUBLIC, kind, record=facts(author_body="east"), at=NOON)
        record = facts(author_body="east")
        assert parts_seen(viewer(), kind, record=record, at=NOON) == shown


def test_the_public_counts_come_late_and_never_point_at_one():
    assert counted_until(PUBLIC, NOON, delay=10) == NOON - 10
    assert counted_until(viewer(Role.LIAISON), NOON, delay=10) == NOON
    assert [suppressed(count) for count in range(5)] == [0, None, None, 3, 4]


def test_two_roles_see_what_either_sees():
    for one, two in combinations(list(Role), 2):
        for name, kind in KINDS.items():
            record = facts(author_body="")
            both = set(parts_seen(viewer(one, two), kind, record=record, at=NOON))
            apart = {
                part
                for role in (one, two)
                for part in parts_seen(viewer(role), kind, record=record, at=NOON)
            }
            assert both == apart, name


def test_who_observes_is_known_to_the_watch_and_to_themselves_alone():
    kind = "air.sighting/1"
    told = {"author_body": "mission", "author_officer": "looker"}
    assert sees(viewer(Role.WATCH, body="office"), kind, **told)
    assert sees(viewer(Role.OBSERVER, body="mission", officer="looker"), kind, **told)
    for role in set(Role) - {Role.WATCH}:
        assert not sees(viewer(role, body="mission", officer="colleague"), kind, **told), role
