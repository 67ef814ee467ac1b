"""Whose key is in force: judged in the order of the log, at the moment of receipt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulators.assembly import DAY, HOUR, Assembly, body, key, key_body

from truceline.errors import Reason, Refused
from truceline.parties.register import Ended
from truceline.records.roles import ROLES_OF_CAPACITY, Role


@pytest.fixture
def assembly() -> Assembly:
    return Assembly()


def refused(assembly: Assembly, *args, **fields) -> Reason:
    with pytest.raises(Refused) as failure:
        assembly.says(*args, **fields)
    return failure.value.reason


def test_an_officers_key_is_in_force_from_the_appointment_on(assembly):
    officer = key("north-p").id
    since = assembly.book.register.officers["north-p"].appointed_at
    assert assembly.book.register.holder_of(officer, since - 1) is None
    holder = assembly.book.register.holder_of(officer, since)
    assert (holder.body, holder.officer, holder.roles) == (
        "north",
        "north-p",
        frozenset({Role.PRINCIPAL}),
    )


def test_a_log_is_founded_once(assembly):
    with pytest.raises(Refused) as failure:
        assembly.founds(body("other"))
    assert failure.value.reason is Reason.WRONG_STATE


@pytest.mark.parametrize("unsigned", ["north", "south"])
def test_a_founding_that_one_did_not_countersign_is_refused_by_its_name(unsigned):
    with pytest.raises(Refused, match=f"lacks the signature of {unsigned}"):
        Assembly(founded=False).founds(body("north"), body("south"), unsigned=unsigned)


def test_a_quorum_that_no_number_of_witnesses_can_meet_is_refused():
    with pytest.raises(Refused, match="quorum of 1"):
        Assembly(founded=False).founds(body("north"), quorum=1)


def test_two_bodies_are_not_founded_with_one_key():
    with pytest.raises(Refused, match="one holder"):
        Assembly(founded=False).founds(
            body("north"), body("south") | {"key": key_body("north")}, unsigned="south"
        )


def test_only_the_bodys_own_key_appoints(assembly):
    fields = {"officer": "north-x", "roles": ["unit"], "key": key_body("north-x")}
    assert refused(assembly, "north-p", "officer.appointed/1", **fields) is Reason.NO_MANDATE


@pytest.mark.parametrize("taken", ["north", "north-p", "mechanism", "Mechanism"])
def test_a_code_names_one_and_the_same_for_the_whole_log(assembly, taken):
    fields = {"officer": taken, "roles": ["unit"], "key": key_body("fresh")}
    assert refused(assembly, "south", "officer.appointed/1", **fields) is Reason.CONTRADICTS


@pytest.mark.parametrize("known", ["north", "north/recovery", "south-p", "mechanism"])
def test_a_key_that_the_log_knows_is_never_enrolled_again(assembly, known):
    fields = {
        "holder": "south-p",
        "key": {**key_body("fresh"), "public": key_body(known)["public"]},
    }
    assert refused(assembly, "south-p", "key.enrolled/1", **fields) is Reason.CONTRADICTS


def test_a_key_is_not_its_own_recovery_key(assembly):
    public = key_body("fresh")["public"]
    fields = {"holder": "south-p", "key": {"public": public, "recovery": public}}
    assert refused(assembly, "south-p", "key.enrolled/1", **fields) is Reason.CONTRADICTS


def test_a_lost_key_gives_way_to_a_new_one_by_its_recovery_key_alone(assembly):
    old = key("north-p").id
    fields = {"old": old, "key": key_body("north-p/2")}
    assert refused(assembly, "north-p", "key.replaced/1", **fields) is Reason.NO_MANDATE
    assert (
        refused(assembly, "north", "key.replaced/1", by_key="north", **fields) is Reason.NO_MANDATE
    )
    assembly.says("north-p", "key.replaced/1", by_key="north-p/recovery", **fields)
    register = assembly.book.register
    assert register.holder_of(old, assembly.at) is None
    assert register.holder_of(key("north-p/2").id, assembly.at).officer == "north-p"
    assert register.keys[old].ended is Ended.REPLACED
    assert register.keys[old].replaced_by == key("north-p/2").id
    assert (
        refused(
            assembly,
            "north-p",
            "key.replaced/1",
            by_key="north-p/recovery",
            old=old,
            key=key_body("north-p/3"),
        )
        is Reason.KEY_NOT_IN_FORCE
    )


def test_a_stolen_recovery_sheet_ends_with_the_officers_key_that_the_body_revoked(assembly):
    assembly.says("north", "key.revoked/1", key=key("north-p").id, why="stolen")
    assert assembly.book.register.holder_of(key("north-p/recovery").id, assembly.at) is None
    fields = {"old": key("north-p").id, "key": key_body("thief")}
    assert (
        refused(assembly, "north-p", "key.replaced/1", by_key="north-p/recovery", **fields)
        is Reason.KEY_NOT_IN_FORCE
    )


def test_another_key_of_the_officer_revokes_for_good_and_the_body_can_still_help(assembly):
    assembly.says("north-p", "key.enrolled/1", holder="north-p", key=key_body("north-p/2"))
    stolen = {"key": key("north-p").id, "why": "stolen"}
    assembly.says("north-p", "key.revoked/1", by_key="north-p/2", **stolen)
    register = assembly.book.register
    assert register.holder_of(key("north-p/recovery").id, assembly.at) is None
    assembly.says("north", "key.enrolled/1", holder="north-p", key=key_body("north-p/3"))
    assert register.holder_of(key("north-p/3").id, assembly.at).officer == "north-p"


@pytest.mark.parametrize("officer", ["north-p", "north"])
def test_a_thief_who_revokes_the_key_itself_does_not_lock_its_holder_out(assembly, officer):
    assembly.says(officer, "key.revoked/1", key=key(officer).id, why="stolen")
    fields = {"old": key(officer).id, "key": key_body("again")}
    assembly.says(officer, "key.replaced/1", by_key=f"{officer}/recovery", **fields)
    assert assembly.book.register.holder_of(key("again").id, assembly.at).code == officer


def test_a_thief_of_a_bodys_key_does_not_lock_it_out_with_a_second_key(assembly):
    assembly.says("north", "key.enrolled/1", holder="north", key=key_body("thief"))
    stolen = {"key": key("north").id, "why": "stolen"}
    assembly.says("north", "key.revoked/1", by_key="thief", **stolen)
    fields = {"old": key("north").id, "key": key_body("again")}
    assembly.says("north", "key.replaced/1", by_key="north/recovery", **fields)
    assembly.says("north", "key.revoked/1", by_key="again", key=key("thief").id, why="stolen")
    assert assembly.book.register.holder_of(key("thief").id, assembly.at) is None


@pytest.mark.parametrize(
    ("body_code", "role"),
    [("north", one) for one in ("watch", "secretariat", "observer", "verifier", "administrator")]
    + [("team", "secretariat"), ("team", "watch"), ("office", "agency"), ("office", "public")],
)
def test_a_body_gives_the_roles_of_its_capacity_alone(assembly, body_code, role):
    fields = {"officer": "fresh", "roles": ["principal", role], "key": key_body("fresh")}
    assert refused(assembly, body_code, "officer.appointed/1", **fields) is Reason.NO_MANDATE


@pytest.mark.parametrize("capacity", sorted(ROLES_OF_CAPACITY))
def test_every_role_of_a_capacity_can_be_given(assembly, capacity):
    assembly.says("office-s", "body.admitted/1", **body("east", capacity))
    roles = sorted(ROLES_OF_CAPACITY[capacity])
    assembly.appoints("east", "east-all", *roles)
    assert assembly.book.register.officers["east-all"].roles == ROLES_OF_CAPACITY[capacity]


def test_a_recovery_key_signs_nothing_else(assembly):
    assert (
        refused(
            assembly,
            "north",
            "officer.appointed/1",
            by_key="north/recovery",
            officer="spy",
            roles=["unit"],
            key=key_body("spy"),
        )
        is Reason.NO_MANDATE
    )
    assert (
        refused(
            assembly,
            "north",
            "key.enrolled/1",
            by_key="north/recovery",
            holder="north",
            key=key_body("fresh"),
        )
        is Reason.NO_MANDATE
    )


def test_a_recovery_key_of_one_key_does_not_revoke_another(assembly):
    fields = {"key": key("north-p").id, "why": "stolen"}
    assert (
        refused(assembly, "north", "key.revoked/1", by_key="north/recovery", **fields)
        is Reason.NO_MANDATE
    )


def test_what_a_key_signed_before_it_was_revoked_stands(assembly):
    stolen = key("north-p").id
    before = assembly.at
    assembly.says("north-p", "key.revoked/1", by_key="north-p/recovery", key=stolen, why="stolen")
    register = assembly.book.register
    assert register.holder_of(stolen, before - 1) is not None
    assert register.holder_of(stolen, before) is None
    assembly.says(
        "north-p",
        "key.replaced/1",
        by_key="north-p/recovery",
        old=stolen,
        key=key_body("north-p/2"),
    )
    assert register.keys[stolen].ended_at == before
    assert [held.id for held in register.keys_of("north-p", assembly.at)] == [key("north-p/2").id]


def test_an_officer_cannot_touch_the_keys_of_a_colleague(assembly):
    assert (
        refused(assembly, "north-l", "key.revoked/1", key=key("north-p").id, why="worn")
        is Reason.NO_MANDATE
    )
    assembly.says("north", "key.revoked/1", key=key("north-p").id, why="worn")


def test_when_an_officer_leaves_every_key_of_theirs_ends(assembly):
    assembly.says("north-p", "key.enrolled/1", holder="north-p", key=key_body("north-p/2"))
    left_at = assembly.at
    assembly.says("north", "officer.ended/1", officer="north-p")
    register = assembly.book.register
    assert register.keys_of("north-p", left_at) == ()
    assert len(register.keys_of("north-p", left_at - 1)) == 2
    assert register.holder_of(key("north-p/recovery").id, left_at) is None


def test_a_body_ends_its_own_officers_only(assembly):
    assert refused(assembly, "south", "officer.ended/1", officer="north-p") is Reason.NO_MANDATE


def test_an_appointment_is_over_exactly_at_its_until(assembly):
    until = assembly.at + DAY
    assembly.appoints("north", "north-t", "unit", until=until)
    register = assembly.book.register
    assert register.holder_of(key("north-t").id, until - 1) is not None
    assert register.holder_of(key("north-t").id, until) is None


def test_a_record_by_a_key_out_of_force_is_refused(assembly):
    assembly.says("north", "officer.ended/1", officer="north-p")
    assert (
        refused(assembly, "north-p", "key.enrolled/1", holder="north-p", key=key_body("fresh"))
        is Reason.KEY_NOT_IN_FORCE
    )


def test_a_key_that_nobody_enrolled_is_unknown(assembly):
    assert (
        refused(
            assembly,
            "north-p",
            "key.enrolled/1",
            by_key="stranger",
            holder="north-p",
            key=key_body("fresh"),
        )
        is Reason.KEY_UNKNOWN
    )


def test_nobody_signs_in_the_name_of_another(assembly):
    assert (
        refused(
            assembly,
            "south-p",
            "key.enrolled/1",
            by_key="north-p",
            holder="south-p",
            key=key_body("fresh"),
        )
        is Reason.NO_MANDATE
    )


def test_a_body_may_join_later_at_the_secretariats_word(assembly):
    assembly.says("office-s", "body.admitted/1", **body("east", "adherent"))
    assembly.appoints("east", "east-p", "principal")
    assert assembly.book.register.body_of("east-p") == "east"


def test_a_pseudonym_is_known_by_its_key_and_its_holder_by_the_sealed_part(assembly):
    public = key_body("pseudonym")["public"]
    assembly.says("mechanism", "pseudonym.enrolled/1", public=public, parts={"holder": "north-l"})
    named = key("pseudonym").id
    signer = assembly.book.register.signer_of_pseudonym(named, assembly.at)
    assert (signer.body, signer.officer) == ("north", "north-l")
    assert assembly.book.register.holder_of(named, assembly.at) is None, "for sealed leaves only"


def test_the_mechanism_alone_enrols_pseudonyms(assembly):
    fields = {"public": key_body("pseudonym")["public"]}
    assert refused(assembly, "office-s", "pseudonym.enrolled/1", **fields) is Reason.NO_MANDATE


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["enrol", "replace", "revoke", "end", "wait"]),
        st.sampled_from(["north-p", "south-p", "north"]),
    ),
    max_size=14,
)


@given(ACTS)
def test_whatever_happens_to_keys_the_past_keeps_its_holders(acts):
    assembly = Assembly(("north", "south"))
    seen: list[tuple[str, int, object]] = []
    for number, (act, holder) in enumerate(acts):
        register = assembly.book.register
        for held in register.keys_of(holder, assembly.at):
            seen.append((held.id, assembly.at, register.holder_of(held.id, assembly.at).code))
        mine = register.keys_of(holder, assembly.at)
        assembly.at += 1
        names = {
            key(f"{holder}{tail}").id: f"{holder}{tail}" for tail in ("", *map(str, range(20)))
        }
        try:
            match act:
                case "enrol" if mine:
                    assembly.says(
                        holder,
                        "key.enrolled/1",
                        by_key=names[mine[0].id],
                        holder=holder,
                        key=key_body(f"{holder}{number}"),
                    )
                case "replace" if mine:
                    assembly.says(
                        holder,
                        "key.replaced/1",
                        by_key=f"{names[mine[-1].id]}/recovery",
                        old=mine[-1].id,
                        key=key_body(f"{holder}{number}"),
                    )
                case "revoke" if mine:
                    assembly.says(
                        holder,
                        "key.revoked/1",
                        by_key=names[mine[0].id],
                        key=mine[0].id,
                        why="worn",
                    )
                case "end" if holder != "north":
                    assembly.says(holder.split("-")[0], "officer.ended/1", officer=holder)
        except Refused:
            pass
        assembly.at += HOUR
    for held, at, code in seen:
        holder = assembly.book.register.holder_of(held, at)
        assert holder is not None
        assert holder.code == code
    assert assembly.clone().register.keys == assembly.book.register.keys
