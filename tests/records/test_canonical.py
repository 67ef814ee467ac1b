"""Canonical bytes are RFC 8785, and nothing else is taken."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import Malformed, Reason
from truceline.records import canonical

text = st.text(
    alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30
)
keys = st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=126), max_size=12)
numbers = st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=25,
)


@given(values)
def test_our_bytes_are_those_of_the_rfc_8785_package(value):
    assert canonical.encode(value) == rfc8785.dumps(value)


@given(values)
def test_canonical_bytes_decode_to_the_value_they_were_made_from(value):
    assert canonical.decode(canonical.encode(value)) == value


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a":1.5}', Reason.FLOAT),
        (b'{"a":1e3}', Reason.FLOAT),
        (b'{"a":9007199254740992}', Reason.INTEGER_TOO_LARGE),
        (b'{"a":-9007199254740992}', Reason.INTEGER_TOO_LARGE),
        (b'{"a":99999999999999999999999}', Reason.FLOAT),
        (b'{"b":1,"a":2}', Reason.NOT_CANONICAL),
        (b'{"a": 1}', Reason.NOT_CANONICAL),
        (b'{"a":1,"a":2}', Reason.NOT_CANONICAL),
        (b'{"a":"\\u0041"}', Reason.NOT_CANONICAL),
        (b'{"a":1}\n', Reason.NOT_CANONICAL),
        (b'\xef\xbb\xbf{"a":1}', Reason.NOT_JSON),
        (b'{"a":"\\u0000"}', Reason.BAD_TEXT),
        (b'{"a":"\\ud800"}', Reason.NOT_JSON),
        (b'{"\xc3\xa4":1}', Reason.BAD_TEXT),
        (b'{"a":NaN}', Reason.NOT_JSON),
        (b"", Reason.NOT_JSON),
        (b"[" * 100_000, Reason.NOT_JSON),
        (b"[" * 60 + b"]" * 60, Reason.TOO_DEEP),
    ],
)
def test_other_bytes_are_refused_with_their_reason(data, reason):
    with pytest.raises(Malformed) as failure:
        canonical.decode(data)
    assert failure.value.reason is reason
    assert failure.value.detail


def test_the_place_of_a_float_is_named():
    with pytest.raises(Malformed) as failure:
        canonical.decode(b'{"body":{"ring":[1,2.5]}}', where="record")
    assert failure.value.where == "record.body.ring[1]"
