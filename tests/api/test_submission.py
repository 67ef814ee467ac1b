"""The way in over HTTP: signed answers, the same answer again, and nothing lost to a kill."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.api.server import running
from tests.api.world import World, payload_of
from tests.support.assembly import Assembly, agreed, founded, report

from truceline.ledger import tree
from truceline.records import envelope, keys
from truceline.records.receipt import read_receipt


def test_a_submission_is_answered_by_a_signed_receipt_for_exactly_what_was_sent(
    fresh: World,
) -> None:
    sent = report(fresh.assembly, "north-1")
    answer = fresh.submit(sent).json()
    signed = envelope.from_tree(answer["receipt"])
    mechanism = fresh.installation.book.register.mechanism_public

    envelope.verify(signed, keys.key_id(mechanism), mechanism)
    receipt = read_receipt(signed)
    assert receipt.index == answer["index"]
    assert receipt.pae == envelope.read(sent).digest()
    assert receipt.leaf == tree.leaf_hash(base64.b64decode(answer["entry"]))


def test_the_same_envelope_again_gets_the_same_receipt(fresh: World) -> None:
    sent = report(fresh.assembly, "north-1")

    assert fresh.submit(sent).json() == fresh.submit(sent).json()


def test_a_refusal_is_signed_and_names_reason_rule_and_remedy(fresh: World) -> None:
    body = {"zone": "Z9", "content": "0" * 64}
    sent = fresh.assembly.hand("north-1").sign("zone.consented/1", body)
    answer = fresh.submit(sent)
    told = answer.json()
    signed = envelope.from_tree(told["refusal"])
    mechanism = fresh.installation.book.register.mechanism_public

    assert answer.status_code in (404, 409, 422)
    assert told["failure"] == "refused"
    assert told["reason"]
    assert told["detail"]
    assert told["where"]
    envelope.verify(signed, keys.key_id(mechanism), mechanism)
    assert payload_of(told["refusal"])["pae"] == envelope.read(sent).digest().hex()


def test_records_sent_together_are_answered_one_by_one(fresh: World) -> None:
    good = [report(fresh.assembly, "north-1") for _ in range(3)]
    bad = fresh.assembly.hand("far-agency").sign(
        "zone.consented/1", {"zone": "Z1", "content": "0" * 64}
    )
    sent = [{"envelope": json.loads(one)} for one in (good[0], bad, *good[1:])]
    told = fresh.client.post("/api/records/batch", json={"submissions": sent}).json()["answers"]

    assert [one["status"] for one in told] == [200, 403, 200, 200]
    indexes = [one["index"] for one in told if one["status"] == 200]
    assert indexes == list(range(indexes[0], indexes[0] + 3))
    assert told[1]["refusal"]
    many = {"submissions": [{"envelope": {}}] * 65}
    assert fresh.client.post("/api/records/batch", json=many).status_code == 413


def test_the_next_sequence_number_counts_on_and_names_the_holder(fresh: World) -> None:
    key = fresh.assembly.hand("north-1").key.id
    before = fresh.get("/api/next-seq", key=key)
    fresh.submit(report(fresh.assembly, "north-1"))
    after = fresh.get("/api/next-seq", key=key)

    assert before["holder"] == "north-1"
    assert before["body"] == "north"
    assert after["seq"] == before["seq"] + 1


def test_a_body_deposits_a_file_and_gets_its_name(fresh: World) -> None:
    name = fresh.deposit(b"%PDF-1.7 the text", "application/pdf")

    assert name == {
        "sha256": name["sha256"],
        "length": 17,
        "type": "application/pdf",
    }


@pytest.mark.slow
def test_two_parties_at_once_each_get_every_receipt(tmp_path: Path) -> None:
    assembly = _founded(tmp_path)
    with running(tmp_path / "data") as server:
        answers: dict[str, list[Any]] = {"north-1": [], "south-1": []}
        sent = {who: [report(assembly, who) for _ in range(40)] for who in answers}

        def send(who: str) -> None:
            with server.client() as client:
                for one in sent[who]:
                    answers[who].append(_post(client, one))

        threads = [threading.Thread(target=send, args=(who,)) for who in answers]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

        refused = [one.text for given in answers.values() for one in given if one.is_error]
        assert not refused
        indexes = [one.json()["index"] for given in answers.values() for one in given]
        assert len(set(indexes)) == 80
        assert sorted(indexes) == list(range(min(indexes), min(indexes) + 80))
        assert server.stop() == 0
        assert not (tmp_path / "data" / "server.json").exists()


@pytest.mark.slow
def test_every_receipt_holds_after_the_server_was_killed(tmp_path: Path) -> None:
    assembly = _founded(tmp_path)
    sent = [report(assembly, "north-1") for _ in range(30)]
    with running(tmp_path / "data") as server, server.client() as client:
        given = [_post(client, one).json() for one in sent]
        server.kill()

    with running(tmp_path / "data") as again, again.client() as client:
        assert [_post(client, one).json()["receipt"] for one in sent] == [
            one["receipt"] for one in given
        ]
        health = client.get("/healthz").json()
        assert health["size"] > given[-1]["index"]
        for one in given[::10]:
            proof = client.get("/api/proofs/inclusion", params={"index": one["index"]}).json()
            assert proof["leaf"] == payload_of(one["receipt"])["leaf"]


@pytest.mark.slow
def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    _founded(tmp_path)
    command = [sys.executable, "-m", "truceline.cli", "up", "--data", str(tmp_path / "data")]
    with running(tmp_path / "data"):
        second = subprocess.run(
            [*command, "--port", "0"], capture_output=True, text=True, timeout=30, check=False
        )

    assert second.returncode == 5
    assert "not_the_writer" in second.stderr


def _founded(place: Path) -> Assembly:
    assembly = Assembly()
    with founded(place, assembly) as installation:
        for one in agreed(installation, assembly):
            installation.door.submit(one).taken()
    return assembly


def _post(client: Any, sent: bytes) -> Any:
    return client.post("/api/records", json={"envelope": json.loads(sent), "disclosures": []})
