"""Whatever is sent: a status from one table, a reason, sentences, and never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.api.world import World, opened, token_for
from tests.support.assembly import report

from truceline.api import failures
from truceline.errors import Malformed, Reason, Refused, TrucelineError, Unavailable, Unproven
from truceline.records import envelope
from truceline.records.record import Micros, Record, RecordId
from truceline.store.tokens import Purpose


def told(answer: Any, status: int, reason: Reason) -> dict[str, Any]:
    """The failure in an answer, held against what every failure must have."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert body["reason"] == reason
    assert body["failure"] in ("malformed", "refused", "unproven", "unavailable")
    assert len(body["detail"]) > 8
    assert "Traceback" not in answer.text
    assert 'File "' not in answer.text
    return body


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (b"", 400, Reason.NOT_JSON),
        (b"{", 400, Reason.NOT_JSON),
        (b"\xff\xfe", 400, Reason.NOT_JSON),
        (b"[]", 400, Reason.WRONG_TYPE),
        (b'{"envelope": 1, "extra": 2}', 400, Reason.WRONG_TYPE),
        (b'{"envelope": {"payload": 1}}', 400, Reason.WRONG_TYPE),
        (b'{"envelope": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", 400, Reason.NOT_JSON),
        (b'{"envelope": {}, "disclosures": [1]}', 400, Reason.WRONG_TYPE),
        (json.dumps({"envelope": {}, "disclosures": ["x"] * 65}).encode(), 413, Reason.TOO_LARGE),
        (b" " * (3 * 2**20), 413, Reason.TOO_LARGE),
    ],
)
def test_a_submission_that_cannot_be_read(
    world: World, sent: bytes, status: int, reason: Reason
) -> None:
    headers = {"content-type": "application/json"}
    told(world.client.post("/api/records", content=sent, headers=headers), status, reason)


def changed(world: World, who: str = "north-1", **changes: Any) -> bytes:
    """A report by an officer, with something wrong in it."""
    hand = world.assembly.hand(who)
    body = {"post": "P-north", "count": 1, "as_of": 1}
    seq = hand.seq
    made = hand.sign("post.reported/1", body, **changes)
    hand.seq = seq  # it will be refused: the number is not used up
    return made


def test_a_record_meant_for_another_log(world: World) -> None:
    told(world.submit(changed(world, log="log.example/other")), 422, Reason.WRONG_LOG)


def test_a_kind_that_nobody_knows(world: World) -> None:
    sent = world.assembly.hand("north-1")
    record = Record(sent.origin, "zone.bought/1", RecordId("0" * 26), "north-1", 99, Micros(1))
    told(
        world.submit(envelope.sign(record.canonical(), sent.key).encode()), 422, Reason.UNKNOWN_KIND
    )


def test_bytes_that_are_json_but_not_canonical(world: World) -> None:
    hand = world.assembly.hand("north-1")
    record = Record(hand.origin, "post.reported/1", RecordId("0" * 26), "north-1", 99, Micros(1))
    spaced = json.dumps(json.loads(record.canonical())).encode()
    told(world.submit(envelope.sign(spaced, hand.key).encode()), 400, Reason.NOT_CANONICAL)


def test_a_signature_over_other_bytes(world: World) -> None:
    sent = json.loads(changed(world))
    sent["signatures"][0]["sig"] = "A" * 86 + "=="
    told(world.submit(json.dumps(sent).encode()), 422, Reason.BAD_SIGNATURE)


def test_a_key_that_nobody_enrolled(world: World) -> None:
    told(world.submit(changed(world, "stranger")), 422, Reason.KEY_UNKNOWN)


def test_a_number_that_was_used_already(world: World) -> None:
    told(world.submit(changed(world, seq=1)), 409, Reason.SEQUENCE)


def test_a_role_that_may_not_say_it(world: World) -> None:
    body = {"zone": "Z1", "content": "0" * 64}
    hand = world.assembly.hand("far-agency")
    told(world.submit(hand.sign("zone.consented/1", body)), 403, Reason.NO_MANDATE)


def test_a_file_that_was_never_deposited(world: World) -> None:
    missing = {"sha256": "0" * 64, "length": 1, "type": "text/plain"}
    body = {"zone": "Z2", "basis": "road", "content": missing}
    hand = world.assembly.hand("north-1")
    seq = hand.seq
    told(world.submit(hand.sign("zone.position/1", body)), 422, Reason.FILE_UNKNOWN)
    hand.seq = seq


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/api/nothing", 404, Reason.NOT_FOUND),
        ("/nothing.html", 404, Reason.NOT_FOUND),
        ("/../../etc/passwd", 404, Reason.NOT_FOUND),
        ("/basemap/..%2f..%2fapp.py", 404, Reason.NOT_FOUND),
        ("/log/..%2f..%2ftruceline.toml", 404, Reason.NOT_FOUND),
        ("/log/tile/0/999", 404, Reason.NOT_FOUND),
        ("/log/snapshots/1e9.json", 404, Reason.NOT_FOUND),
        ("/api/zones/none", 404, Reason.NOT_FOUND),
        ("/api/agreements/none", 404, Reason.NOT_FOUND),
        ("/api/bodies/none", 404, Reason.NOT_FOUND),
        ("/api/records/999999", 404, Reason.NOT_FOUND),
        ("/api/records/ZZZ", 404, Reason.NOT_FOUND),
        ("/api/records?limit=0", 400, Reason.OUT_OF_RANGE),
        ("/api/records?limit=many", 400, Reason.OUT_OF_RANGE),
        ("/api/zones?at=yesterday", 400, Reason.BAD_TIME),
        ("/api/zones?at=1500-01-01T00:00Z", 400, Reason.OUT_OF_RANGE),
        ("/api/places?bbox=1,2,3", 400, Reason.BAD_FORMAT),
        ("/api/places?bbox=nan,1,2,3", 400, Reason.OUT_OF_RANGE),
        ("/api/proofs/inclusion?index=99999", 404, Reason.NOT_FOUND),
        ("/api/proofs/consistency?from=5&to=99999", 404, Reason.NOT_FOUND),
        ("/api/aircraft", 403, Reason.NOT_VISIBLE),
        ("/api/next-seq?key=00000000000000000000000000000000", 422, Reason.KEY_UNKNOWN),
        ("/api/demo", 404, Reason.NOT_FOUND),
    ],
)
def test_a_question_that_has_no_answer(
    world: World, path: str, status: int, reason: Reason
) -> None:
    told(world.client.get(path), status, reason)


def test_a_method_that_a_route_does_not_have(world: World) -> None:
    told(world.client.delete("/api/records"), 405, Reason.WRONG_STATE)


def test_tokens_that_are_none(fresh: World) -> None:
    revoked = token_for(fresh.installation, "north-1", label="old", revoked_at=Micros(5))
    over = token_for(fresh.installation, "north-1", label="over", until=Micros(5))
    for text in ("tl_nobody", revoked, over):
        answer = fresh.client.get("/api/me", headers={"authorization": f"Bearer {text}"})
        told(answer, 401, Reason.NOT_SIGNED_IN)
        assert answer.headers["www-authenticate"] == "Bearer"
    basic = fresh.client.get("/api/me", headers={"authorization": "Basic eDp5"})
    told(basic, 401, Reason.NOT_SIGNED_IN)


def test_a_token_for_reading_does_not_submit_and_nobody_deposits_unknown(fresh: World) -> None:
    fresh.tokens["reader"] = token_for(fresh.installation, "north-1", Purpose.READ)
    told(fresh.submit(report(fresh.assembly, "north-1"), "reader"), 403, Reason.NO_MANDATE)
    told(fresh.client.post("/api/files", content=b"x"), 401, Reason.NOT_SIGNED_IN)


def test_a_token_may_stand_in_the_address_for_tools_without_headers(world: World) -> None:
    key = {"key": world.tokens["north-1"]}

    entries = "/log/tile/entries/000.p/1"
    told(world.client.get(entries), 401, Reason.NOT_SIGNED_IN)
    assert world.client.get(entries, params=key).status_code != 401
    assert world.client.get("/api/me", params=key).json()["officer"] == ""


def test_a_file_over_the_limit_is_refused_before_it_is_kept(fresh: World) -> None:
    most = fresh.installation.settings.file_most_bytes
    headers = {
        "authorization": f"Bearer {fresh.tokens['north-1']}",
        "content-length": str(most + 1),
    }
    told(fresh.client.post("/api/files", content=b"x", headers=headers), 413, Reason.TOO_LARGE)


def test_a_sender_who_floods_is_told_to_wait(fresh: World) -> None:
    fresh.client.app.state.floor.taps._burst = 2.0
    fresh.client.app.state.floor.taps._rate = 0.001
    sent = report(fresh.assembly, "north-1")
    answers = [fresh.submit(sent, "north-1") for _ in range(3)]

    assert [one.status_code for one in answers] == [200, 200, 429]
    told(answers[2], 429, Reason.TOO_MANY)
    assert answers[2].headers["retry-after"]


def test_a_defect_is_one_sentence_for_the_asker(
    fresh: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble() -> int:
        raise RuntimeError("secret detail of the inside")

    monkeypatch.setattr(fresh.installation, "catch_up", stumble)
    answer = fresh.client.get("/api/zones")
    monkeypatch.undo()

    body = told(answer, 500, Reason.BUSY)
    assert "secret detail" not in answer.text
    assert "not foresee" in body["detail"]


def test_every_reason_of_every_branch_has_a_status() -> None:
    for branch in (Malformed, Refused, Unproven, Unavailable):
        for reason in Reason:
            failure: TrucelineError = branch(reason, detail="x")
            assert 400 <= failures.status_of(failure) <= 507


def test_a_server_that_takes_nothing_says_so_to_its_supervisor(tmp_path: Path) -> None:
    with opened(tmp_path) as world:
        well = world.client.get("/healthz")
        assert (well.status_code, well.json()["ok"], well.json()["trouble"]) == (200, True, None)
        world.installation.door.close()
        answer = world.client.get("/healthz")
        assert answer.status_code == 503
        assert answer.json()["ok"] is False
        assert "door" in answer.json()["trouble"]
