"""The drone interface, F3411-22a: identification service areas and subscriptions to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from implicitdict import ImplicitDict
from tests.api import drones
from tests.api.drones import AREAS, RID_SUBSCRIPTIONS, URL, Drones, area, at, circle, fresh, volume
from uas_standards.astm.f3411.v22a import api as f3411

from truceline.api.app import described

SQUARE = ((10.0, 20.0), (10.0, 20.2), (10.2, 20.2), (10.2, 20.0))


@pytest.fixture(scope="module")
def dss(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drones]:
    """An interface that the tests of this module share."""
    with drones.serving(tmp_path_factory.mktemp("rid")) as made:
        yield made


def square(lat: float) -> tuple[tuple[float, float], ...]:
    """A square of a fifth of a degree."""
    return ((lat, 20.0), (lat, 20.2), (lat + 0.2, 20.2), (lat + 0.2, 20.0))


def body(lat: float, minutes: tuple[float, float] = (0, 60), **changes: Any) -> dict[str, Any]:
    """What a USS asks for in a square."""
    extents = volume(drones.polygon(*square(lat)), minutes=minutes)
    return {"extents": extents, "uss_base_url": URL, **changes}


def ids(found: Any) -> list[str]:
    """The ids of service areas or subscriptions."""
    return [one["id"] for one in found]


def test_a_life_of_a_service_area(dss: Drones) -> None:
    name, path = fresh(), f"{AREAS}?area={area(*square(1))}"
    made = dss.told("PUT", f"{AREAS}/{name}", body(1))
    ImplicitDict.parse(made, f3411.PutIdentificationServiceAreaResponse)
    version = made["service_area"]["version"]

    assert dss.told("GET", f"{AREAS}/{name}", uss="uss-2") == {"service_area": made["service_area"]}
    assert ids(dss.told("GET", path, uss="uss-2")["service_areas"]) == [name]
    changed = dss.told("PUT", f"{AREAS}/{name}/{version}", body(1, (0, 90)))["service_area"]
    assert changed["version"] != version
    dss.told("DELETE", f"{AREAS}/{name}/{version}", status=409)
    gone = dss.told("DELETE", f"{AREAS}/{name}/{changed['version']}")
    ImplicitDict.parse(gone, f3411.DeleteIdentificationServiceAreaResponse)
    dss.told("GET", f"{AREAS}/{name}", status=404)


@pytest.mark.parametrize("path", [AREAS, RID_SUBSCRIPTIONS])
def test_versions_and_owners_are_heeded(dss: Drones, path: str) -> None:
    name = fresh()
    made = dss.told("PUT", f"{path}/{name}", body(3))
    one = made.get("service_area") or made["subscription"]

    def status(method: str, last: str, uss: str = "uss-1") -> int:
        return int(dss.ask(method, f"{path}/{name}{last}", body(3), uss=uss).status_code)

    assert status("PUT", "") == 409, "it is there"
    assert status("PUT", "/") == 400
    assert status("DELETE", "/") == 400
    assert status("PUT", "/not-a-version") == 400
    assert status("DELETE", "/not-a-version") == 400
    assert status("PUT", "/" + "0" * 20) == 409
    assert status("PUT", f"/{one['version']}", "uss-2") == 403
    assert status("DELETE", f"/{one['version']}", "uss-2") == 403
    assert status("DELETE", f"/{one['version']}") == 200
    assert status("DELETE", f"/{one['version']}") == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"extents": None},
        {"extents": volume(minutes=(0, 60)) | {"time_end": None}},
        {"extents": volume(minutes=(-120, -60))},
        {"extents": volume(minutes=(-30, 60))},
        {"extents": volume(minutes=(60, 0))},
        {"extents": volume(circle(10, 20, 75_000))},
        {"extents": volume(drones.polygon(*SQUARE, SQUARE[0]))},
        {"uss_base_url": "ftp://x"},
        {"uss_base_url": "http://x.example"},
    ],
)
def test_a_service_area_that_is_not_one_is_refused(dss: Drones, changes: Any) -> None:
    assert dss.ask("PUT", f"{AREAS}/{fresh()}", body(10, **changes)).status_code == 400


def test_a_search_is_by_area_and_time(dss: Drones) -> None:
    name, here = fresh(), area(*square(5))
    dss.told("PUT", f"{AREAS}/{name}", body(5, (0, 60)))
    before, after = at(-30)["value"], at(90)["value"]

    def found(more: str = "", where: str = here) -> list[str]:
        return ids(dss.told("GET", f"{AREAS}?area={where}{more}")["service_areas"])

    assert found() == [name]
    assert found(f"&earliest_time={before}&latest_time={after}") == [name]
    assert found(f"&earliest_time={after}") == []
    assert found(f"&latest_time={before}") == []
    assert found(where=area(*square(6))) == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?area=", 400),
        ("?area=1,2,3", 400),
        ("?area=1,2,x,4,5,6", 400),
        ("?area=nan,2,3,4,5,6", 400),
        (f"?area={area((40, 5), (40, 5))}", 400),
        (f"?area={area(*SQUARE)}&earliest_time=soon", 400),
        (f"?area={area((37, 5), (37, 6), (38, 6), (38, 5))}", 413),
        (f"?area={area((10, 5), (10, 80), (38, 80), (38, 5))}", 413),
    ],
)
@pytest.mark.parametrize("path", [AREAS, RID_SUBSCRIPTIONS])
def test_a_search_that_is_none_is_refused(dss: Drones, path: str, query: str, status: int) -> None:
    if path == RID_SUBSCRIPTIONS and "earliest" in query:
        status = 200  # that search has no times
    assert dss.ask("GET", f"{path}{query}").status_code == status


def test_displays_are_told_of_areas_and_counted(dss: Drones) -> None:
    name = fresh()
    made = dss.told("PUT", f"{RID_SUBSCRIPTIONS}/{name}", body(7), uss="uss-2")
    ImplicitDict.parse(made, f3411.PutSubscriptionResponse)
    assert (made["subscription"]["notification_index"], made["service_areas"]) == (0, [])

    one = dss.told("PUT", f"{AREAS}/{fresh()}", body(7))

    assert one["subscribers"] == [
        {"url": URL, "subscriptions": [{"subscription_id": name, "notification_index": 1}]}
    ]
    again = fresh()
    later = dss.told("PUT", f"{RID_SUBSCRIPTIONS}/{again}", body(7), uss="uss-2")
    assert ids(later["service_areas"]) == [one["service_area"]["id"]]
    version = one["service_area"]["version"]
    gone = dss.told("DELETE", f"{AREAS}/{one['service_area']['id']}/{version}")
    assert sorted(
        state["notification_index"] for state in gone["subscribers"][0]["subscriptions"]
    ) == [1, 2]


def test_a_subscription_lasts_a_day_at_most_and_ten_may_overlap(dss: Drones) -> None:
    def status(minutes: tuple[float, float], **who: Any) -> int:
        path = f"{RID_SUBSCRIPTIONS}/{fresh()}"
        return int(dss.ask("PUT", path, body(9, minutes), **who).status_code)

    assert status((0, 24 * 60 + 10)) == 400
    assert [status((0, 60), uss="uss-9") for _ in range(11)] == [200] * 10 + [429]
    assert status((0, 60), uss="uss-8") == 200, "each USS has ten"


def test_a_subscription_without_times_lasts_a_day(dss: Drones) -> None:
    asked = {"extents": volume(circle(12, 12), minutes=None), "uss_base_url": URL}

    made = dss.told("PUT", f"{RID_SUBSCRIPTIONS}/{fresh()}", asked)["subscription"]

    assert made["time_end"]["value"][10:] == made["time_start"]["value"][10:]


def test_every_operation_of_a_dss_in_the_standard_is_there() -> None:
    known = {
        (method.upper(), _bare(path))
        for path, methods in described()["paths"].items()
        for method in methods
    }

    for one in f3411.OPERATIONS.values():
        if one.path.startswith("/dss/"):
            assert (one.verb, _bare(f"/rid/v2{one.path}")) in known, one.path


def _bare(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def test_the_interface_is_off_unless_the_settings_name_it(tmp_path: Any) -> None:
    with drones.serving(tmp_path, dss_keys=[], dss_audiences=[]) as made:
        assert made.installation.drones is None
        answer = made.client.get(f"{AREAS}/{fresh()}")
        assert answer.status_code == 404
        assert "identification" not in json.dumps(made.client.get("/openapi.json").json())
