"""The drone interface's one commit point, failed both ways, and a server killed in the middle."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api import drones
from tests.api.drones import INTENTS, SUBSCRIPTIONS, Drones, circle, fresh, intent, volume
from tests.api.server import running

from truceline.dss import kept
from truceline.dss.entities import Intent, Subscription
from truceline.dss.world import World
from truceline.errors import Reason, Unavailable
from truceline.mechanism.installation import Installation
from truceline.store import dss as rows
from truceline.store import fence
from truceline.store.store import Store


@pytest.fixture
def dss(tmp_path: Path, database: str) -> Iterator[Drones]:
    """An interface of one's own, on either store."""
    with drones.serving(tmp_path, database=database) as made:
        yield made


def stored(dss: Drones) -> dict[str, str]:
    """What the store holds, by id."""
    with dss.installation.store.reading() as look:
        return {one.id: one.body for one in rows.entities(look)}


def remembered(dss: Drones) -> dict[str, str]:
    """What the memory holds, by id."""

    def question(world: World) -> dict[str, str]:
        return {one.id: kept.encode(one) for sort in kept.SORTS.values() for one in world.all(sort)}

    return dss.interface.desk.ask(question)


def test_a_write_that_fails_changes_nothing(dss: Drones, monkeypatch: pytest.MonkeyPatch) -> None:
    there = dss.intent()
    before = stored(dss)

    def full(*_: Any) -> None:
        raise Unavailable(Reason.DISK_FULL, where="store", detail="full")

    with monkeypatch.context() as broken:
        broken.setattr(rows, "add_notices", full)
        body = intent(key=[there["ovn"]])
        assert dss.ask("PUT", f"{INTENTS}/{fresh()}", body).status_code == 503

    assert stored(dss) == remembered(dss) == before


def test_a_write_whose_answer_was_lost_is_seen_by_the_next_request(
    dss: Drones, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, name = Store.writing, fresh()

    @contextmanager
    def lost(store: Store) -> Iterator[Any]:
        with writing(store) as tx:
            yield tx
        raise Unavailable(Reason.BUSY, where="store", detail="the connection broke")

    with monkeypatch.context() as broken:
        broken.setattr(Store, "writing", lost)
        assert dss.ask("PUT", f"{INTENTS}/{name}", intent()).status_code == 503

    assert dss.ask("GET", f"{INTENTS}/{name}").status_code == 200
    assert dss.ask("PUT", f"{INTENTS}/{fresh()}", intent()).status_code == 409
    assert stored(dss) == remembered(dss)


def test_a_writer_that_was_overtaken_changes_nothing(dss: Drones) -> None:
    before = stored(dss)
    with dss.installation.store.writing() as tx:
        fence.take(tx)

    assert dss.ask("PUT", f"{INTENTS}/{fresh()}", intent()).status_code == 503
    assert stored(dss) == before


@pytest.mark.slow
def test_a_server_that_is_killed_leaves_whole_changes(tmp_path: Path) -> None:
    """Every intent that was answered is there, each with its subscription, and none half."""
    with drones.serving(tmp_path):
        pass
    key = tmp_path / "authority.pem"
    options = ("--dss-key", str(key), "--dss-audience", drones.AUDIENCE)
    taken: list[str] = []

    with running(tmp_path / "data", *options) as server:
        enough = threading.Event()
        hands = [
            threading.Thread(target=_plan, args=(server.url, lane, taken, enough))
            for lane in range(4)
        ]
        for hand in hands:
            hand.start()
        assert enough.wait(60)
        server.kill()
        for hand in hands:
            hand.join()

    with Installation.open(tmp_path / "data") as again, again.store.reading() as look:
        found = [kept.decode(one.sort, one.body) for one in rows.entities(look)]
    intents = {one.id: one for one in found if isinstance(one, Intent)}
    subscriptions = {one.id for one in found if isinstance(one, Subscription)}
    assert len(taken) >= 40
    assert set(taken) <= set(intents)
    assert {one.subscription for one in intents.values()} == subscriptions


def _plan(url: str, lane: int, taken: list[str], enough: threading.Event) -> None:
    """Plan one flight after another, each somewhere else, until nobody answers."""
    headers = {"authorization": f"Bearer {drones.token(f'uss-{lane}')}"}
    with httpx.Client(base_url=url, headers=headers, timeout=10) as client:
        for number in range(10_000):
            name, place = fresh(), circle(-60 + lane * 30, -170 + number % 3_400 / 10, 100)
            try:
                answer = client.put(f"{INTENTS}/{name}", json=intent(extents=[volume(place)]))
            except httpx.HTTPError:
                return
            assert answer.status_code == 201, answer.text
            taken.append(name)
            if len(taken) >= 40:
                enough.set()


def test_an_installation_reads_back_what_it_held(tmp_path: Path, database: str) -> None:
    with drones.serving(tmp_path, database=database) as dss:
        name = fresh()
        dss.told("PUT", f"{SUBSCRIPTIONS}/{name}", drones.subscription())
        made = dss.intent()
        dss.told(
            "PUT", f"{drones.AREAS}/{fresh()}", {"extents": volume(), "uss_base_url": drones.URL}
        )
        path = "/dss/v1/uss_availability/x"
        dss.told("PUT", path, {"old_version": "", "availability": "Down"})
        before, assembly = remembered(dss), dss.assembly

    with drones.reopened(tmp_path, assembly) as again:
        assert remembered(again) == before
        assert len(before) == 5
        found = again.told("GET", f"{SUBSCRIPTIONS}/{name}")["subscription"]
        assert found["notification_index"] == 1
        assert made["ovn"] in json.dumps(again.told("GET", f"{INTENTS}/{made['id']}"))
