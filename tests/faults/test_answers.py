"""Whoever asks is answered: whatever fails on the door's threads, and also while it closes."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from tests.support.assembly import Assembly, key_of, key_tree, report

from truceline.errors import Malformed, Reason, Unavailable
from truceline.mechanism.admission import Answer
from truceline.mechanism.installation import Installation
from truceline.mechanism.waiting import Lanes, Line, Waiting
from truceline.records import envelope
from truceline.records.sealed import Disclosure, digests
from truceline.store.vault import Vault
from truceline.zones import document

BROKEN = OSError(errno.EIO, "Input/output error")
PATIENCE_S = 20


@pytest.fixture(params=["sqlite"])
def database() -> str:
    """What is shown here has nothing to do with the store."""
    return ""


@contextmanager
def held_up(installation: Installation, envelope: bytes) -> Iterator[None]:
    """The judging thread stands at `envelope` for as long as the block runs."""
    session, go, there = installation.door._session, threading.Event(), threading.Event()
    real = session.admit_together

    def stand(batch: Sequence[Waiting]) -> None:
        there.set()
        go.wait(PATIENCE_S)
        session.admit_together = real
        real(batch)

    session.admit_together = stand
    first = installation.door.submit_nowait(envelope)
    there.wait(PATIENCE_S)
    yield
    go.set()
    first.result(PATIENCE_S)


def as_one_group(
    installation: Installation, assembly: Assembly, envelopes: list[bytes]
) -> list[Answer]:
    """Submit these so that they are judged as one group."""
    door = installation.door
    with held_up(installation, report(assembly, "south-1")):
        waiting = [door.submit_nowait(one) for one in envelopes]
        until = time.monotonic() + PATIENCE_S
        while len(door._lanes.judged) < len(envelopes) and time.monotonic() < until:
            time.sleep(0.001)
    return [one.result(PATIENCE_S) for one in waiting]


@pytest.mark.parametrize("failure", [BROKEN, MemoryError(), RuntimeError("a defect")])
def test_a_store_that_cannot_be_read_again_answers_who_comes_and_recovers(
    installation, assembly, monkeypatch, failure
):
    door, session = installation.door, installation.door._session
    signed = report(assembly, "north-1")
    real, broken = session._new_judge, threading.Event()
    broken.set()

    def new_judge():
        if broken.is_set():
            raise failure
        return real()

    def cut(*_: object) -> None:
        monkeypatch.setattr(session, "_write", real_write)
        raise failure

    real_write = session._write
    monkeypatch.setattr(session, "_new_judge", new_judge)
    monkeypatch.setattr(session, "_write", cut)
    assert isinstance(door.submit_nowait(signed).result(PATIENCE_S).failure, Unavailable)
    late = door.submit_nowait(report(assembly, "south-1")).result(PATIENCE_S)
    assert isinstance(late.failure, Unavailable)
    assert not door.healthy
    broken.clear()
    until = time.monotonic() + PATIENCE_S
    while not door.healthy and time.monotonic() < until:
        time.sleep(0.01)
    assert door.submit_nowait(signed).result(PATIENCE_S).failure is None


def test_a_sealed_part_that_cannot_be_read_at_the_new_start_is_told_with_its_folder(
    installation, assembly, monkeypatch
):
    name = Disclosure(b"1" * 16, "name", "A. Person")
    body = {"officer": "n7", "roles": ["liaison"], "key": key_tree("n7")}
    signed = assembly.hand("north").sign("officer.appointed/1", body, sealed=digests([name]))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    real = Vault.put_all
    monkeypatch.setattr("os.fsync", full)
    failure = installation.door.submit_nowait(signed, [name.text()]).result(PATIENCE_S).failure
    assert failure.reason is Reason.DISK_FULL
    assert failure.where == "data folder, sealed/"
    monkeypatch.undo()
    assert Vault.put_all is real
    installation.door.submit(signed, [name.text()]).taken()


@pytest.mark.parametrize("thread", ["reading", "weighing", "writing"])
def test_when_a_thread_of_the_door_ends_everyone_is_answered(
    installation, assembly, monkeypatch, thread
):
    door = installation.door

    def end(*_: object, **__: object) -> None:
        raise SystemExit

    place = {
        "reading": (door, "_is_heavy"),
        "weighing": (door._lanes, "weighed"),
        "writing": (door._session, "admit_together"),
    }[thread]
    if thread == "weighing":
        monkeypatch.setattr(door, "_is_heavy", lambda _: True)
    monkeypatch.setattr(*place, end)
    for _ in range(3):
        answer = door.submit_nowait(report(assembly, "north-1")).result(PATIENCE_S)
        assert answer.failure.reason is Reason.NO_WRITER
    assert not door.healthy
    assert door.trouble.reason is Reason.NO_WRITER


def test_a_submission_that_meets_the_closing_door_is_answered(installation):
    """Between the question whether the door is closed and the queue there is no gap."""
    door, futures = installation.door, []
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            futures.append(door.submit_nowait(b"{}"))
            time.sleep(0.0001)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for one in threads:
        one.start()
    time.sleep(0.02)
    door.close()
    stop.set()
    for one in threads:
        one.join()
    assert [one for one in futures if not one.done()] == []
    assert futures[-1].result().failure.reason is Reason.NO_WRITER


def test_a_line_answers_who_comes_after_it_stopped_and_who_stood_in_it():
    line, before, after = Line(), Waiting(b"1"), Waiting(b"2")
    why = Unavailable(Reason.NO_WRITER, detail="closed")
    line.put(before)
    line.stop(why)
    line.put(after)
    assert before.future.result(0).failure is why
    assert after.future.result(0).failure is why
    assert line.get() is None


def test_an_asker_who_goes_away_does_not_end_the_door(installation, assembly):
    future = installation.door.submit_nowait(report(assembly, "north-1"))
    future.cancel()
    installation.door.submit(report(assembly, "north-1")).taken()
    assert future.result(PATIENCE_S).failure is None


# -- one group -----------------------------------------------------------------------------


def test_a_badly_signed_twin_does_not_speak_for_the_rightly_signed_one(installation, assembly):
    made = assembly.hand("north-1").record(
        "post.reported/1", {"post": "P-north", "count": 1, "as_of": 1_700_000_000_000_000}
    )
    by_another = envelope.sign(made.canonical(), key_of("south-1")).encode()
    rightly = envelope.sign(made.canonical(), key_of("north-1")).encode()
    twin, good, again = as_one_group(installation, assembly, [by_another, rightly, rightly])
    assert twin.failure.reason is Reason.NO_MANDATE
    assert good.failure is None
    assert again.receipt == good.receipt


# -- what is heavy -------------------------------------------------------------------------


def big(installation: Installation, bytes_: int) -> dict[str, object]:
    """A file that says it is a zone content, and takes long to find out that it is none."""
    data = b'{"a":[' + b"[1,2]," * (bytes_ // 6) + b"1]}"
    return installation.files.put(data, document.MEDIA_TYPE).tree()


def revised(assembly: Assembly, content: dict[str, object]) -> bytes:
    body = {"zone": "Z1", "content": content}
    return assembly.hand("north-desk").sign("zone.revised/1", body)


def test_nobody_waits_for_the_reading_of_anothers_big_content(installation, assembly, monkeypatch):
    door, contents = installation.door, installation.contents
    reading, go = threading.Event(), threading.Event()
    real = contents._read

    def slow(sha256: str) -> object:
        reading.set()
        go.wait(PATIENCE_S)
        return real(sha256)

    monkeypatch.setattr(contents, "_read", slow)
    heavy = door.submit_nowait(revised(assembly, big(installation, 10_000)))
    assert reading.wait(PATIENCE_S)
    behind = door.submit_nowait(revised(assembly, big(installation, 20_000)))
    try:
        assert door.submit_nowait(report(assembly, "south-1")).result(PATIENCE_S).failure is None
        assert not heavy.done()
        assert not behind.done()
    finally:
        go.set()
    assert isinstance(heavy.result(PATIENCE_S).failure, Malformed)
    assert isinstance(behind.result(PATIENCE_S).failure, Malformed)


def test_what_a_key_signs_stays_in_order_behind_what_is_heavy(installation, assembly):
    heavy = installation.door.submit_nowait(revised(assembly, big(installation, 100_000)))
    body = {"zone": "Z1", "why": {"en": "A reason"}}
    light = assembly.hand("north-desk").sign("zone.suspended/1", body)
    after = installation.door.submit_nowait(light)
    after.add_done_callback(lambda _: done.append(heavy.done()))
    done: list[bool] = []
    after.result(PATIENCE_S)
    heavy.result(PATIENCE_S)
    until = time.monotonic() + PATIENCE_S
    while not done and time.monotonic() < until:
        time.sleep(0.001)
    assert done == [True]


def test_a_refused_content_is_read_once_however_often_it_is_put_forward(
    installation, assembly, monkeypatch
):
    content = big(installation, 10_000)
    reads: list[str] = []
    real = installation.contents._read
    monkeypatch.setattr(
        installation.contents, "_read", lambda sha256: (reads.append(sha256), real(sha256))[1]
    )
    for _ in range(5):
        answer = installation.door.submit(revised(assembly, content))
        assert isinstance(answer.failure, Malformed)
    assert reads == [content["sha256"]]


def test_a_content_over_four_mebibytes_is_refused_unread(installation, assembly):
    content = big(installation, 4 * 2**20 + 100)
    failure = installation.door.submit(revised(assembly, content)).failure
    assert failure.reason is Reason.TOO_LARGE


def test_a_boundary_under_another_media_type_is_refused(installation, assembly):
    file = installation.files.put(b'{"zone":1}', "text/plain").tree()
    failure = installation.door.submit(revised(assembly, file)).failure
    assert failure.where == "body.content.type"


def test_lanes_let_go_of_a_key_only_after_its_record_went_on(assembly):
    from truceline.mechanism.submission import read

    lanes = Lanes()
    first, second = (Waiting(read=read(report(assembly, "north-1"))) for _ in range(2))
    lanes.send(first, heavy=True)
    lanes.send(second, heavy=False)
    assert len(lanes.judged) == 0
    lanes.weighed(lanes.scales.get())
    lanes.weighed(lanes.scales.get())
    assert lanes.judged.group(9) == [first, second]
    third = Waiting(read=read(report(assembly, "north-1")))
    lanes.send(third, heavy=False)
    assert len(lanes.judged) == 1


# -- the fence -----------------------------------------------------------------------------


def test_a_writer_that_lost_its_fence_commits_nothing(installation, assembly):
    """Another writer has counted the fence up: what this one writes now must not count."""
    import sqlalchemy as sa

    from truceline.store import schema

    signed, before = report(assembly, "north-1"), installation.book.size
    with installation.store.writing() as tx:
        tx.execute(sa.update(schema.fence).values(number=schema.fence.c.number + 1))
    failure = installation.door.submit(signed).failure
    assert failure.reason is Reason.NOT_THE_WRITER
    assert installation.book.size == before


@pytest.mark.postgres
def test_a_fence_that_is_let_go_is_free_at_once(tmp_path, postgres_server):
    """Not when the server has noticed that a connection is gone: the next writer does not wait."""
    from truceline.mechanism import fence
    from truceline.store import migrate
    from truceline.store.store import Store

    url = postgres_server.database()
    first, second = (Store.at(tmp_path / "s", url) for _ in range(2))
    migrate.upgrade(first)
    for _ in range(5):
        fence.take(tmp_path / "one.lock", first).release()
        fence.take(tmp_path / "two.lock", second).release()
    first.close()
    second.close()
