"""The table of kinds is whole, and a body is held to its shape."""

from __future__ import annotations

import re

import pytest

from truceline.errors import Malformed, Reason
from truceline.records.kinds import KINDS, Leaf
from truceline.records.shape import Fields, ListOf, Text, Whole, may

BODY = Fields(
    {"code": Text(8), "count": Whole(0, 9), "why": may(Text(20)), "list": ListOf(Text(3), most=2)}
)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_kind_says_who_signs_it_and_what_it_rests_on(name):
    row = KINDS[name]
    assert re.fullmatch(r"[a-z]+\.?[a-z]+/\d+", name)
    assert row.says
    assert row.rests_on
    assert row.signers or "sign" in row.rests_on, "a kind without roles says whose key signs it"


def test_the_sealed_kinds_are_those_whose_mere_existence_would_tell():
    assert {name for name, row in KINDS.items() if row.leaf is Leaf.SEALED} == {
        "air.sighting/1",
        "disclosure.made/1",
        "disclosure.recalled/1",
        "flight.notified/1",
        "flight.answered/1",
        "flight.withdrawn/1",
        "flight.matched/1",
        "flight.expected/1",
    }


@pytest.mark.parametrize(
    ("body", "reason", "where"),
    [
        ([], Reason.WRONG_TYPE, "body"),
        ({"code": "x", "count": 1, "list": [], "extra": 1}, Reason.UNKNOWN_FIELD, "body.extra"),
        ({"code": "x", "list": []}, Reason.MISSING_FIELD, "body.count"),
        ({"code": "x", "count": True, "list": []}, Reason.WRONG_TYPE, "body.count"),
        ({"code": "x", "count": 10, "list": []}, Reason.OUT_OF_RANGE, "body.count"),
        ({"code": "", "count": 1, "list": []}, Reason.WRONG_TYPE, "body.code"),
        ({"code": "x", "count": 1, "list": ["a", "b", "c"]}, Reason.WRONG_TYPE, "body.list"),
        ({"code": "x", "count": 1, "list": ["abcd"]}, Reason.WRONG_TYPE, "body.list[0]"),
        ({"code": "x", "count": 1, "list": [], "why": None}, Reason.WRONG_TYPE, "body.why"),
    ],
)
def test_a_body_of_another_shape_is_refused_by_place(body, reason, where):
    with pytest.raises(Malformed) as failure:
        BODY.check(body, "body")
    assert (failure.value.reason, failure.value.where) == (reason, where)


def test_a_body_of_its_shape_passes_with_and_without_what_may_be_absent():
    BODY.check({"code": "x", "count": 1, "list": ["a"]}, "body")
    BODY.check({"code": "x", "count": 1, "list": ["a"], "why": "so"}, "body")


def test_the_files_that_a_body_names_are_found():
    file = {"sha256": "a" * 64, "length": 3, "type": "text/plain"}
    body = KINDS["instrument.published/1"].body
    assert list(body.files({"texts": {"en": {"file": file, "equal_force": True}}})) == [file]
