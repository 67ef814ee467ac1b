"""The drone interface, F3548-21: intents, constraints, subscriptions, availability, over HTTP.

Among these are the cases of InterUSS's prober whose bodies its wheel lacks (operation
references: error cases, state transitions, special cases), with bodies of our own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from implicitdict import ImplicitDict
from tests.api import drones
from tests.api.drones import (
    CONSTRAINTS,
    COORDINATION,
    INTENTS,
    MANAGEMENT,
    MONITORING,
    PROCESSING,
    SUBSCRIPTIONS,
    URL,
    Drones,
    at,
    circle,
    fresh,
    intent,
    metres,
    polygon,
    subscription,
    volume,
)
from uas_standards.astm.f3548.v21 import api as f3548

from truceline.api.app import described
from truceline.dss.entities import NO_SUBSCRIPTION, NOT_YOURS


@pytest.fixture(scope="module")
def dss(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drones]:
    """An interface that the tests of this module share; each flies somewhere of its own."""
    with drones.serving(tmp_path_factory.mktemp("dss")) as made:
        yield made


@pytest.fixture
def spot(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A circle where no other test flies."""
    seed = int.from_bytes(sha256(request.node.nodeid.encode()).digest()[:8])
    return circle(-60 + seed % 1201 / 10, -179 + seed // 1201 % 3581 / 10)


def ref(answer: Any) -> Any:
    """The reference in an answer."""
    return answer["operational_intent_reference"]


# -- what is refused of an intent -----------------------------------------------------------

TWICE = [(10.0, 20.0), (10.0, 20.01), (10.01, 20.01)]
BAD_INTENTS: dict[str, dict[str, Any]] = {
    "not a list": {"extents": volume()},
    "no volume": {"extents": []},
    "none at all": {"extents": None},
    "no start": {"extents": [{**volume(), "time_start": None}]},
    "no end": {"extents": [{**volume(), "time_end": None}]},
    "no heights": {"extents": [volume(heights=None)]},
    "end past": {"extents": [volume(minutes=(-120, -60))]},
    "end before start": {"extents": [volume(minutes=(80, 20))]},
    "one of two past": {"extents": [volume(), volume(minutes=(-120, -60))]},
    "no zone of time": {"extents": [volume() | {"time_start": {"value": "2099-01-01T00:00:00"}}]},
    "not a time": {"extents": [volume() | {"time_start": {"value": "soon", "format": "RFC3339"}}]},
    "other format": {"extents": [volume() | {"time_start": {**at(5), "format": "UNIX"}}]},
    "feet": {
        "extents": [
            volume({**circle(), "altitude_lower": {**metres(0), "units": "FT"}}, heights=None)
        ]
    },
    "above ground": {
        "extents": [
            volume({**circle(), "altitude_lower": {**metres(0), "reference": "SFC"}}, heights=None)
        ]
    },
    "circle and polygon": {"extents": [volume({**circle(), **polygon(*TWICE)})]},
    "neither": {"extents": [volume({"other": 1})]},
    "latitude": {"extents": [volume(circle(91, 0))]},
    "longitude": {"extents": [volume(circle(0, 181))]},
    "closed ring": {"extents": [volume(polygon(*TWICE, TWICE[0]))]},
    "crossing edges": {
        "extents": [volume(polygon((10, 20), (10.1, 20.1), (10, 20.1), (10.1, 20)))]
    },
    "a line": {"extents": [volume(polygon((10, 20), (10, 20.01)))]},
    "too large": {"extents": [volume(polygon((37, 5), (37, 6), (38, 6), (38, 5)))]},
    "too large a circle": {"extents": [volume(circle(10, 20, 75_000))]},
    "state": {"state": "Ended"},
    "begins activated": {"state": "Activated"},
    "no state": {"state": None},
    "no address": {"uss_base_url": None},
    "no tls": {"uss_base_url": "http://uss.example"},
    "no tls of the subscription": {"new_subscription": {"uss_base_url": "http://uss.example"}},
    "subscription without address": {"new_subscription": {}},
    "both subscriptions": {"subscription_id": fresh()},
    "unknown subscription": {"subscription_id": fresh(), "new_subscription": None},
    "subscription no uuid": {"subscription_id": "abc", "new_subscription": None},
    "key is text": {"key": "abc"},
    "key of numbers": {"key": [1]},
    "empty suffix": {"requested_ovn_suffix": ""},
    "old suffix": {"requested_ovn_suffix": "01890000-0000-7000-8000-000000000000"},
}


@pytest.mark.parametrize("changes", BAD_INTENTS.values(), ids=BAD_INTENTS)
def test_an_intent_that_is_not_one_is_refused_with_a_message(dss: Drones, changes: Any) -> None:
    answer = dss.told("PUT", f"{INTENTS}/{fresh()}", intent(**changes), status=400)

    assert answer["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 5000])
def test_a_body_that_is_no_object_is_refused(dss: Drones, body: bytes) -> None:
    headers = {"authorization": f"Bearer {drones.token()}"}

    answer = dss.client.put(f"{INTENTS}/{fresh()}", content=body, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["message"]


@pytest.mark.parametrize(
    "name", ["not_uuid_format", "0", "00000000-0000-1000-8000-000000000000", "x" * 300]
)
@pytest.mark.parametrize("path", [INTENTS, CONSTRAINTS, SUBSCRIPTIONS])
def test_an_id_is_a_uuid_of_version_4(dss: Drones, path: str, name: str) -> None:
    assert dss.ask("GET", f"{path}/{name}").status_code == 400
    assert dss.ask("PUT", f"{path}/{name}", intent()).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("path", [INTENTS, CONSTRAINTS, SUBSCRIPTIONS])
def test_an_empty_last_part_of_a_path_is_400(dss: Drones, path: str, method: str) -> None:
    assert dss.ask(method, f"{path}/{fresh()}/", intent()).status_code == 400


def test_nothing_at_an_address_is_404_with_a_message(dss: Drones) -> None:
    assert dss.told("GET", "/dss/v1/nothing/here", status=404)["message"]


# -- a life of an intent ----------------------------------------------------------------------


def test_an_intent_is_made_read_found_changed_and_deleted(dss: Drones, spot: Any) -> None:
    name, extents = fresh(), [volume(spot)]
    made = ref(dss.told("PUT", f"{INTENTS}/{name}", intent(extents=extents), status=201))
    ImplicitDict.parse(made, f3548.OperationalIntentReference)
    assert made["version"] == 1
    assert made["state"] == "Accepted"
    assert made["manager"] == "uss-1"
    assert made["uss_availability"] == "Unknown"

    assert ref(dss.told("GET", f"{INTENTS}/{name}")) == made
    wanted = {"area_of_interest": volume(spot, minutes=(10, 30))}
    found = dss.told("POST", f"{INTENTS}/query", wanted)["operational_intent_references"]
    assert [one["id"] for one in found] == [name]

    again = intent(extents=extents, state="Activated", key=[made["ovn"]])
    changed = ref(dss.told("PUT", f"{INTENTS}/{name}/{made['ovn']}", again))
    assert (changed["version"], changed["state"]) == (2, "Activated")
    assert changed["ovn"] != made["ovn"]

    gone = dss.told("DELETE", f"{INTENTS}/{name}/{changed['ovn']}")
    ImplicitDict.parse(gone, f3548.ChangeOperationalIntentReferenceResponse)
    dss.told("GET", f"{INTENTS}/{name}", status=404)


def test_the_ovn_is_told_to_the_owner_alone(dss: Drones, spot: Any) -> None:
    made = dss.intent(extents=[volume(spot)])

    assert ref(dss.told("GET", f"{INTENTS}/{made['id']}", uss="uss-2"))["ovn"] == NOT_YOURS


def test_versions_and_owners_are_heeded(dss: Drones, spot: Any) -> None:
    made = dss.intent(extents=[volume(spot)])
    path, body = f"{INTENTS}/{made['id']}", intent(extents=[volume(spot)])

    assert dss.ask("PUT", path, body).status_code == 409, "it is there"
    assert dss.ask("PUT", f"{path}/{made['ovn'][:-1]}x", body).status_code == 409
    assert dss.ask("DELETE", f"{path}/stale").status_code == 409
    assert dss.ask("PUT", f"{path}/{made['ovn']}", body, uss="uss-2").status_code == 403
    assert dss.ask("DELETE", f"{path}/{made['ovn']}", uss="uss-2").status_code == 403
    assert dss.ask("PUT", f"{INTENTS}/{fresh()}/{made['ovn']}", body).status_code == 400
    assert dss.ask("DELETE", f"{INTENTS}/{fresh()}/{made['ovn']}").status_code == 404


def test_an_ovn_can_be_asked_for(dss: Drones, spot: Any) -> None:
    text = f"{time.time_ns() // 1_000_000:012x}7abc8def0123456789ab"
    suffix = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    made = dss.intent(extents=[volume(spot)], requested_ovn_suffix=suffix)

    assert made["ovn"] == f"{made['id']}_{suffix}"


def test_a_bad_suffix_is_told_before_a_stale_ovn(dss: Drones, spot: Any) -> None:
    made = dss.intent(extents=[volume(spot)])
    body = intent(extents=[volume(spot)], requested_ovn_suffix="")

    assert dss.ask("PUT", f"{INTENTS}/{made['id']}/stale", body).status_code == 400


def test_nonconforming_needs_the_scope_of_monitoring_and_no_key(dss: Drones, spot: Any) -> None:
    other = dss.intent(extents=[volume(spot)], uss="uss-2")
    made = dss.intent(extents=[volume(spot)], key=[other["ovn"]])
    path = f"{INTENTS}/{made['id']}/{made['ovn']}"
    body = intent(extents=[volume(spot)], state="Nonconforming")

    assert dss.ask("PUT", path, body, scope=COORDINATION).status_code == 403
    assert dss.ask("PUT", path, body, scope=MONITORING).status_code == 200


# -- the key ------------------------------------------------------------------------------------


def test_nobody_plans_blindly(dss: Drones, spot: Any) -> None:
    there = dss.intent(extents=[volume(spot)], uss="uss-2")
    body = intent(extents=[volume(spot)])

    answer = dss.told("PUT", f"{INTENTS}/{fresh()}", body, status=409)

    ImplicitDict.parse(answer, f3548.AirspaceConflictResponse)
    assert [one["id"] for one in answer["missing_operational_intents"]] == [there["id"]]
    assert answer["missing_operational_intents"][0]["ovn"] == NOT_YOURS
    dss.intent(extents=[volume(spot)], key=[there["ovn"]])


@pytest.mark.parametrize(
    "other", [{"heights": (200, 300)}, {"minutes": (90, 120)}], ids=["above", "later"]
)
def test_what_does_not_meet_needs_no_key(dss: Drones, spot: Any, other: Any) -> None:
    dss.intent(extents=[volume(spot)], uss="uss-2")

    dss.intent(extents=[volume(spot, **other)])


def test_each_pair_of_volumes_is_looked_at_alone(dss: Drones) -> None:
    low_here = volume(circle(5, 5), heights=(0, 100))
    high_there = volume(circle(5.1, 5), heights=(200, 300))
    dss.intent(extents=[low_here, high_there], uss="uss-2")

    dss.intent(extents=[volume(circle(5, 5), heights=(200, 300))])
    dss.told(
        "PUT",
        f"{INTENTS}/{fresh()}",
        intent(extents=[volume(circle(5.1, 5), heights=(200, 300))]),
        status=409,
    )


def test_plans_of_a_uss_that_is_down_need_no_key(dss: Drones, spot: Any) -> None:
    dss.intent(extents=[volume(spot)], uss="uss-lost")
    path = "/dss/v1/uss_availability/uss-lost"
    said = dss.told("PUT", path, {"old_version": "", "availability": "DOWN"})
    assert said["status"] == {"uss": "uss-lost", "availability": "Down"}

    dss.intent(extents=[volume(spot)])

    said = dss.told("PUT", path, {"old_version": said["version"], "availability": "normal"})
    body = intent(extents=[volume(spot)], key=[])
    missing = dss.told("PUT", f"{INTENTS}/{fresh()}", body, status=409)
    assert {one["uss_availability"] for one in missing["missing_operational_intents"]} == {
        "Normal",
        "Unknown",
    }


def test_a_subscription_to_constraints_makes_them_part_of_the_key(dss: Drones, spot: Any) -> None:
    body = {"extents": [volume(spot)], "uss_base_url": URL}
    made = dss.told("PUT", f"{CONSTRAINTS}/{fresh()}", body, status=201, uss="uss-2")
    ovn = made["constraint_reference"]["ovn"]
    with_constraints = {"uss_base_url": URL, "notify_for_constraints": True}
    asked = {"extents": [volume(spot)], "new_subscription": with_constraints}

    lacking = dss.told("PUT", f"{INTENTS}/{fresh()}", intent(**asked), status=409)

    assert [one["ovn"] for one in lacking["missing_constraints"]] == [NOT_YOURS]
    assert "missing_operational_intents" not in lacking
    dss.intent(**asked, key=[ovn])


def test_over_the_pole_is_near(dss: Drones) -> None:
    dss.intent(extents=[volume(circle(89.999, 10, 500))], uss="uss-2")

    over = intent(extents=[volume(circle(89.998, -170, 100))])

    assert dss.ask("PUT", f"{INTENTS}/{fresh()}", over).status_code == 409


# -- queries ---------------------------------------------------------------------------------------


def test_a_query_may_be_large_but_not_too_large(dss: Drones) -> None:
    def status(*points: tuple[float, float]) -> int:
        body = {"area_of_interest": volume(polygon(*points), minutes=(-60, -30))}
        return int(dss.ask("POST", f"{INTENTS}/query", body).status_code)

    assert status((40, 5), (40, 5.3), (40.22, 5.3), (40.22, 5)) == 200
    assert status((37, 5), (37, 6), (38, 6), (38, 5)) == 400
    assert status((40, 5), (40, 5)) == 400
    assert status((40, 5), (40.1, 5), (40.2, 5)) == 400, "on one meridian"


def test_a_query_heeds_heights(dss: Drones, spot: Any) -> None:
    made = dss.intent(extents=[volume(spot, heights=(400, 575))])

    def found(heights: tuple[float, float]) -> list[str]:
        body = {"area_of_interest": volume(spot, heights=heights)}
        answer = dss.told("POST", f"{INTENTS}/query", body)
        return [one["id"] for one in answer["operational_intent_references"]]

    assert found((591, 700)) == []
    assert found((500, 700)) == [made["id"]]


@pytest.mark.parametrize("path", [INTENTS, CONSTRAINTS, SUBSCRIPTIONS])
def test_a_query_without_an_area_is_refused(dss: Drones, path: str) -> None:
    assert dss.ask("POST", f"{path}/query", {}).status_code == 400


# -- subscriptions ------------------------------------------------------------------------------------


def test_an_implicit_subscription_comes_and_goes_with_its_intent(dss: Drones, spot: Any) -> None:
    made = dss.intent(extents=[volume(spot)])
    name = made["subscription_id"]
    found = dss.told("GET", f"{SUBSCRIPTIONS}/{name}")["subscription"]
    assert found["implicit_subscription"] is True
    assert found["dependent_operational_intents"] == [made["id"]]

    dss.told("DELETE", f"{INTENTS}/{made['id']}/{made['ovn']}")

    dss.told("GET", f"{SUBSCRIPTIONS}/{name}", status=404)


def test_an_accepted_intent_needs_no_subscription_and_an_activated_one_does(
    dss: Drones, spot: Any
) -> None:
    made = dss.intent(extents=[volume(spot)], new_subscription=None)
    assert made["subscription_id"] == NO_SUBSCRIPTION

    body = intent(extents=[volume(spot)], new_subscription=None, state="Activated")

    assert dss.ask("PUT", f"{INTENTS}/{made['id']}/{made['ovn']}", body).status_code == 400


def test_an_explicit_subscription_must_cover_and_an_implicit_one_is_widened(
    dss: Drones, spot: Any
) -> None:
    name = fresh()
    narrow = subscription(extents=volume(spot, minutes=(0, 60)))
    dss.told("PUT", f"{SUBSCRIPTIONS}/{name}", narrow)
    asked = {"extents": [volume(spot)], "new_subscription": None}
    body = intent(**asked, subscription_id=name)
    assert dss.ask("PUT", f"{INTENTS}/{fresh()}", body).status_code == 400, "it ends too soon"

    first = dss.intent(extents=[volume(spot)])
    later = {"extents": [volume(spot, minutes=(60, 180))], "new_subscription": None}
    second = dss.intent(**later, subscription_id=first["subscription_id"], key=[first["ovn"]])

    found = dss.told("GET", f"{SUBSCRIPTIONS}/{second['subscription_id']}")["subscription"]
    assert found["time_end"]["value"][:16] == later["extents"][0]["time_end"]["value"][:16]
    assert sorted(found["dependent_operational_intents"]) == sorted((first["id"], second["id"]))


def test_a_subscription_that_intents_rest_on_stays_and_keeps_covering(
    dss: Drones, spot: Any
) -> None:
    name = fresh()
    made = dss.told(
        "PUT",
        f"{SUBSCRIPTIONS}/{name}",
        subscription(extents=volume(spot, minutes=(0, 120), heights=(0, 500))),
    )
    version = made["subscription"]["version"]
    asked = {"extents": [volume(spot)], "new_subscription": None, "subscription_id": name}
    dss.intent(**asked)
    current = dss.told("GET", f"{SUBSCRIPTIONS}/{name}")["subscription"]

    assert current["version"] == version
    assert dss.ask("DELETE", f"{SUBSCRIPTIONS}/{name}/{version}").status_code == 400
    for worse in (
        volume(spot, minutes=(0, 60), heights=(0, 500)),
        volume(spot, minutes=(0, 120), heights=(50, 500)),
        volume(circle(-70, 0), minutes=(0, 120), heights=(0, 500)),
    ):
        body = subscription(extents=worse)
        assert dss.ask("PUT", f"{SUBSCRIPTIONS}/{name}/{version}", body).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"notify_for_operational_intents": False, "notify_for_constraints": False},
        {"extents": volume(minutes=(-10, 60))},
        {"extents": volume(minutes=(0, 24 * 60 + 10))},
        {"extents": volume(minutes=(60, 0))},
        {"extents": [volume()]},
        {"uss_base_url": ""},
        {"notify_for_constraints": "yes"},
    ],
)
def test_a_subscription_that_is_not_one_is_refused(dss: Drones, changes: Any) -> None:
    body = subscription(**changes)

    assert dss.ask("PUT", f"{SUBSCRIPTIONS}/{fresh()}", body).status_code == 400


def test_a_life_of_a_subscription(dss: Drones, spot: Any) -> None:
    name = fresh()
    body = subscription(extents=volume(spot, minutes=None))
    made = dss.told("PUT", f"{SUBSCRIPTIONS}/{name}", body)
    ImplicitDict.parse(made, f3548.PutSubscriptionResponse)
    version = made["subscription"]["version"]
    assert made["subscription"]["notification_index"] == 0

    assert dss.ask("PUT", f"{SUBSCRIPTIONS}/{name}", body).status_code == 409
    assert dss.ask("PUT", f"{SUBSCRIPTIONS}/{name}/stale", body).status_code == 409
    assert dss.ask("GET", f"{SUBSCRIPTIONS}/{name}", uss="uss-2").status_code == 403
    wanted = {"area_of_interest": volume(spot, minutes=None)}
    own = dss.told("POST", f"{SUBSCRIPTIONS}/query", wanted)["subscriptions"]
    others = dss.told("POST", f"{SUBSCRIPTIONS}/query", wanted, uss="uss-2")["subscriptions"]
    assert ([one["id"] for one in own], others) == ([name], [])

    dss.told("DELETE", f"{SUBSCRIPTIONS}/{name}/{version}")
    dss.told("GET", f"{SUBSCRIPTIONS}/{name}", status=404)


def test_who_listens_is_told_and_counted_by_address(dss: Drones, spot: Any) -> None:
    names = sorted(fresh() for _ in range(2))
    area = volume(spot, minutes=(0, 120), heights=(5000, 6000))
    for name in names:
        dss.told("PUT", f"{SUBSCRIPTIONS}/{name}", subscription(extents=area), uss="uss-3")

    first = dss.intent(extents=[volume(spot)], new_subscription=None)
    gone = dss.told("DELETE", f"{INTENTS}/{first['id']}/{first['ovn']}")

    assert first["subscribers"] == [
        {
            "uss_base_url": URL,
            "subscriptions": [{"subscription_id": one, "notification_index": 1} for one in names],
        }
    ], "whatever their heights"
    assert {one["notification_index"] for one in gone["subscribers"][0]["subscriptions"]} == {2}


def test_who_listened_where_an_intent_was_is_told_that_it_moved(dss: Drones, spot: Any) -> None:
    name = fresh()
    dss.told("PUT", f"{SUBSCRIPTIONS}/{name}", subscription(extents=volume(spot, minutes=(0, 120))))
    made = dss.intent(extents=[volume(spot)], new_subscription=None)
    away = intent(extents=[volume(circle(-75, 100))], new_subscription=None)

    moved = dss.told("PUT", f"{INTENTS}/{made['id']}/{made['ovn']}", away)

    assert name in json.dumps(moved["subscribers"])


# -- availability, reports, tokens -----------------------------------------------------------------------


def test_availability_is_set_by_version(dss: Drones) -> None:
    path = f"/dss/v1/uss_availability/{fresh()}"
    unset = dss.told("GET", path)
    assert (unset["version"], unset["status"]["availability"]) == ("", "Unknown")

    said = dss.told("PUT", path, {"old_version": "", "availability": "Down"})

    assert dss.told("GET", path) == said
    assert dss.ask("PUT", path, {"old_version": "x", "availability": "Down"}).status_code == 409
    assert dss.ask("PUT", path, {"old_version": "", "availability": "Up"}).status_code == 400
    assert dss.ask("PUT", path, {}, scope=COORDINATION).status_code == 403
    assert dss.ask("PUT", "/dss/v1/uss_availability/a%00b", {}).status_code == 400


@pytest.mark.parametrize("path", ["/dss/v1/reports", "/uss/v1/reports"])
def test_a_report_is_kept_and_gets_an_id(dss: Drones, path: str) -> None:
    exchange = {"url": URL, "method": "GET", "recorder_role": "Client", "request_time": at(0)}

    made = dss.told("POST", path, {"exchange": exchange}, status=201)

    assert ImplicitDict.parse(made, f3548.ErrorReport).report_id
    assert dss.ask("POST", path, {"exchange": None}).status_code == 400
    assert dss.ask("POST", path, {"exchange": {"x": "y" * 70_000}}).status_code == 413


def test_without_a_good_token_nothing_is_told(dss: Drones) -> None:
    path = f"{INTENTS}/{fresh()}"

    for header in ({}, {"authorization": "Bearer x"}, {"authorization": "Basic eDp5"}):
        answer = dss.client.get(path, headers=header)
        assert answer.status_code == 401
        assert answer.json()["message"]
    late = {"authorization": f"Bearer {drones.token(exp=1)}"}
    assert dss.client.get(path, headers=late).status_code == 401
    other = {"authorization": f"Bearer {drones.token(aud='elsewhere')}"}
    assert dss.client.get(path, headers=other).status_code == 401


SOME_ID = "0c8d9c1e-6f0b-4c51-9a63-2d1c4f6a7b10"

SCOPES = {
    ("POST", f"{INTENTS}/query"): {COORDINATION, MONITORING},
    ("PUT", f"{INTENTS}/{SOME_ID}"): {COORDINATION, MONITORING},
    ("PUT", f"{CONSTRAINTS}/{SOME_ID}"): {MANAGEMENT},
    ("POST", f"{CONSTRAINTS}/query"): {MANAGEMENT, PROCESSING},
    ("PUT", f"{SUBSCRIPTIONS}/{SOME_ID}"): {PROCESSING, COORDINATION},
    ("PUT", "/dss/v1/uss_availability/x"): {drones.ARBITRATION},
    ("GET", "/dss/v1/uss_availability/x"): {drones.ARBITRATION, COORDINATION, MONITORING},
    ("GET", f"/uss/v1/constraints/{SOME_ID}"): {PROCESSING},
    ("GET", drones.AREAS): {drones.DISPLAY},
    ("PUT", f"{drones.AREAS}/{SOME_ID}"): {drones.PROVIDER},
    ("GET", f"{drones.AREAS}/{SOME_ID}"): {drones.PROVIDER, drones.DISPLAY},
    ("PUT", f"{drones.RID_SUBSCRIPTIONS}/{SOME_ID}"): {drones.DISPLAY},
}


@pytest.mark.parametrize(("what", "good"), SCOPES.items(), ids=[" ".join(one) for one in SCOPES])
def test_a_route_opens_for_its_scopes_and_no_other(dss: Drones, what: Any, good: set[str]) -> None:
    method, path = what

    refused = {
        one for one in drones.ALL.split() if dss.ask(method, path, {}, scope=one).status_code == 403
    }

    assert refused == set(drones.ALL.split()) - good
    assert dss.ask(method, path, {}, scope="").status_code == 403


def test_interuss_asks_whether_a_token_is_good(dss: Drones) -> None:
    path = "/aux/v1/validate_oauth"

    assert dss.ask("GET", path).status_code == 200
    assert dss.ask("GET", f"{path}?owner=uss-1").status_code == 200
    assert dss.ask("GET", f"{path}?owner=other").status_code == 403
    assert dss.client.get(path).status_code == 401
    assert "truceline" in dss.client.get("/aux/v1/version").json()["version"]
    assert dss.client.get("/healthy").status_code == 200


def test_one_uss_cannot_fill_the_memory_of_all(
    dss: Drones, spot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("truceline.mechanism.drones.MOST_HELD", 2)
    made = dss.intent(extents=[volume(spot)], uss="uss-many")  # and its subscription
    path = f"{INTENTS}/{made['id']}/{made['ovn']}"
    body = intent(extents=[volume(spot)], new_subscription=None)

    assert dss.ask("PUT", f"{INTENTS}/{fresh()}", intent(), uss="uss-many").status_code == 429
    assert dss.ask("PUT", path, body, uss="uss-many").status_code == 200, "a change adds nothing"
    dss.intent(extents=[volume(circle(-65, -100))], uss="uss-few")


# -- the whole ------------------------------------------------------------------------------------------


def test_every_operation_of_the_standard_is_there() -> None:
    """Of the USS's side those that concern constraints of our own."""
    ours = {
        (method.upper(), path.replace("{id}", "{}"))
        for path, methods in described()["paths"].items()
        for method in methods
    }
    known = {(method, _bare(path)) for method, path in ours}

    for one in f3548.OPERATIONS.values():
        if one.path.startswith("/dss/"):
            assert (one.verb, _bare(one.path)) in known, one.path
    assert ("GET", "/uss/v1/constraints/{}") in known


def _bare(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)
FIELDS = [*sorted(intent()), "subscription_id", "requested_ovn_suffix", "old_version"]


@settings(max_examples=40)
@given(
    st.sampled_from(FIELDS),
    ANYTHING,
    st.sampled_from([INTENTS, CONSTRAINTS, SUBSCRIPTIONS, drones.AREAS, drones.RID_SUBSCRIPTIONS]),
)
def test_no_body_makes_the_server_stumble(dss: Drones, name: str, value: Any, path: str) -> None:
    answer = dss.ask(
        "PUT", f"{path}/{fresh()}", {**intent(extents=[volume(circle(70, 70))]), name: value}
    )

    assert answer.status_code in (200, 201, 400, 409, 429), answer.text


def test_of_two_who_come_at_once_for_one_place_the_second_must_know_the_first(
    dss: Drones, spot: Any
) -> None:
    def plan(number: int) -> int:
        body = intent(extents=[volume(spot)])
        return int(dss.ask("PUT", f"{INTENTS}/{fresh()}", body, uss=f"uss-{number}").status_code)

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(plan, range(8)))

    assert found == [201] + [409] * 7


def test_of_two_changes_of_one_version_one_is_made(dss: Drones, spot: Any) -> None:
    made = dss.intent(extents=[volume(spot)])

    def change(_: int) -> int:
        body = intent(extents=[volume(spot)])
        return int(dss.ask("PUT", f"{INTENTS}/{made['id']}/{made['ovn']}", body).status_code)

    with ThreadPoolExecutor(6) as pool:
        found = sorted(pool.map(change, range(6)))

    assert found == [200] + [409] * 5
