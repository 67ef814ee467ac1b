"""Whose hand is in a sealed leaf: what a verifier tells that opens it, and one that cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.simulators.log_host import MECHANISM, key

from truceline.records import keys, sealed
from truceline.records.kinds import KINDS

ANSWER = {"notice": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "answer": "approved"}


def closed(kind: str, author: str, body: dict[str, object]) -> tuple[sealed.Disclosure, ...]:
    """The disclosures of a sealed leaf."""
    inside = {"kind": kind, "author": author, "refs": [], "body": body}
    return sealed.seal(inside, lambda: b"a fixed salt, 16")


@pytest.fixture
def forged(host, tmp_path):
    """A log whose host made itself a pseudonym, and approves a flight with it; the parts beside."""
    public = {"public": keys.public_to_text(key("nobody").public)}
    host.say("pseudonym.enrolled/1", "mechanism", public, MECHANISM)
    parts = closed("flight.answered/1", "south-1", ANSWER)
    host.take(host.envelope("sealed/1", "", {}, key("nobody"), sealed=sealed.digests(parts)))
    host.publish(tmp_path / "log")
    mine = tmp_path / "mine"
    mine.mkdir()
    held = {"index": 21, "disclosures": [one.text() for one in parts]}
    (mine / "21.disclosures.json").write_text(json.dumps(held))
    return tmp_path


def test_an_approval_under_a_pseudonym_is_a_contradiction_to_whoever_opens_it(host, forged, verify):
    run = verify(forged / "log", genesis=host.genesis, receipts=[forged / "mine"])

    assert run.code == 1
    assert "leaf 21: flight.answered/1 stands under a pseudonym" in run.says("broken")
    assert "its author's own key has to sign" in run.says("broken")


def test_who_cannot_open_a_pseudonyms_leaf_is_told_what_is_not_proved(host, forged, verify):
    run = verify(forged / "log", genesis=host.genesis)

    assert run.code == 0
    assert "1 sealed leaves under pseudonyms are closed to you" in run.says("not_proved")


def test_an_answer_under_ones_own_key_is_as_it_should_be(host, tmp_path, verify):
    parts = closed("flight.answered/1", "south-1", {**ANSWER, "answer": "noted"})
    host.take(host.envelope("sealed/1", "", {}, key("south-1"), sealed=sealed.digests(parts)))
    host.publish(tmp_path)
    mine = host.keep_receipts(tmp_path / "mine", 20)
    texts = [one.text() for one in parts]
    (mine / "20.disclosures.json").write_text(json.dumps({"index": 20, "disclosures": texts}))

    run = verify(tmp_path, genesis=host.genesis, receipts=[mine])

    assert run.says("broken") == ""
    assert "closed to you" not in run.says("not_proved")


def test_the_protocol_names_every_kind_that_ones_own_key_has_to_sign():
    page = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
    section = page.partition("## 4. Sealed parts")[2].partition("## 5.")[0]

    missing = [one.name for one in KINDS.values() if one.own_key and one.name not in section]

    assert missing == []
