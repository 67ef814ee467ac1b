"""A trail grows cheaply, and no step of it ever changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from truceline.records.trail import Trail


@given(st.lists(st.tuples(st.integers(0, 9), st.integers())))
def test_every_branch_of_a_trail_is_what_a_tuple_would_be(steps):
    trails: list[Trail[int]] = [Trail()]
    tuples: list[tuple[int, ...]] = [()]
    for base, item in steps:
        number = base % len(trails)
        trails.append(trails[number].and_then(item))
        tuples.append((*tuples[number], item))
    for trail, wanted in zip(trails, tuples, strict=True):
        assert tuple(trail) == wanted
        assert tuple(trail.newest_first()) == wanted[::-1]
        assert trail.last == (wanted[-1] if wanted else None)
        assert len(trail) == len(wanted)
        assert trail == Trail(*wanted)
        assert hash(trail) == hash(Trail(*wanted))
