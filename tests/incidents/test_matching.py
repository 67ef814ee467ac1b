"""Two ledgers are linked by what both say, with a score that is a probability."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import Malformed, Reason
from truceline.incidents.matching import model
from truceline.incidents.matching.association import marginals
from truceline.incidents.matching.columns import Row

_HOUR_US = 3_600_000_000
_SPRING_US = 1_496_275_200_000_000  # 1 June 2017


def test_one_event_told_by_two_is_linked_and_a_far_one_is_not() -> None:
    a = [_row("a0", 33.51, 36.35, hour=12), _row("a1", 35.0, 36.7, hour=40)]
    b = [_row("b0", 33.52, 36.35, hour=13), _row("b1", 36.2, 37.1, hour=300)]
    links, _ = model.match(a, b)
    assert [(one.a, one.b) for one in links] == [("a0", "b0")]
    assert "same kind" in links[0].reasons


def test_what_is_not_said_neither_helps_nor_hurts() -> None:
    a = [Row("a0", 33.51, 36.35)]
    b = [Row("b0", 33.51, 36.35)]
    links, _ = model.match(a, b)
    assert [(one.a, one.b) for one in links] == [("a0", "b0")]
    assert set(links[0].reasons) >= {"a time is not said", "a kind is not said"}


def test_an_empty_ledger_has_no_links() -> None:
    assert model.match([], [_row("b0", 33.5, 36.3)])[0] == []
    assert model.match([], [])[0] == []


def test_ledgers_too_vague_to_be_matched_are_refused_and_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("truceline.incidents.matching.columns.MOST_PAIRS", 50)
    vague = [Row(f"r{at}", 33.5, 36.3, 100_000.0) for at in range(10)]
    with pytest.raises(Malformed) as refused:
        model.match(vague, vague)
    assert refused.value.reason is Reason.TOO_LARGE
    assert "times" in (refused.value.remedy or "")


def test_two_candidates_for_one_report_share_its_probability() -> None:
    a = [_row("a0", 33.51, 36.35, hour=12)]
    b = [_row("b0", 33.51, 36.35, hour=12), _row("b1", 33.51, 36.35, hour=12)]
    links, _ = model.match(a, b)
    scores = [one.score for one in links]
    assert len(scores) == 2
    assert sum(scores) <= 1.0001
    assert scores[0] == pytest.approx(scores[1])
    assert any(reason.startswith("others fit too") for reason in links[0].reasons)


def test_the_jitter_and_the_share_told_by_both_are_learned_from_the_ledgers_alone() -> None:
    a, b, true = _ledgers(seed=7, events=1_500, jitter_hours=3.0)
    scored = model.score(a, b)
    assert scored.learned.links == pytest.approx(len(true), rel=0.1)
    assert scored.learned.tau_days * 24 == pytest.approx(3.0 * 2**0.5, rel=0.25)
    right = np.array(
        [
            (scored.a.ids[i], scored.b.ids[j]) in true
            for i, j in zip(scored.at_a, scored.at_b, strict=True)
        ]
    )
    sure = scored.probability >= 0.8
    assert sure.sum() > 300
    assert abs(right[sure].mean() - scored.probability[sure].mean()) < 0.05


def test_two_ledgers_that_share_nothing_have_no_sure_link() -> None:
    chance = np.random.default_rng(3)
    a, b = (
        [
            _row(
                f"{side}{at}", *chance.uniform((32.5, 36.0), (36.0, 39.0)), chance.uniform(0, 9_600)
            )
            for at in range(500)
        ]
        for side in "ab"
    )
    assert [one for one in model.match(a, b)[0] if one.score >= 0.8] == []


def test_a_link_is_the_same_whichever_side_is_asked_first() -> None:
    a, b, _ = _ledgers(seed=11, events=120, jitter_hours=6.0)
    one = {(link.a, link.b): link.score for link in model.match(a, b)[0]}
    other = {(link.b, link.a): link.score for link in model.match(b, a)[0]}
    assert one.keys() == other.keys()
    assert all(one[pair] == pytest.approx(other[pair], abs=0.02) for pair in one)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.floats(1e-6, 1e6)),
        max_size=15,
        unique_by=lambda pair: pair[:2],
    )
)
def test_no_report_has_more_than_one_counterpart_in_all(
    pairs: list[tuple[int, int, float]],
) -> None:
    a = np.array([one[0] for one in pairs], dtype=np.int64)
    b = np.array([one[1] for one in pairs], dtype=np.int64)
    odds = np.array([one[2] for one in pairs])
    found = marginals(a, b, odds, 6, 6)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.bincount(a, found, 6) <= 1 + 1e-6).all()
    assert (np.bincount(b, found, 6) <= 1 + 1e-3).all()


def test_a_tree_of_candidates_has_its_exact_probabilities() -> None:
    """a0 fits b0 and b1, a1 fits b1: the matchings are 1, p, q, r, p r, weighed and counted."""
    p, q, r = 2.0, 3.0, 0.5
    whole = 1 + p + q + r + p * r
    found = marginals(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([p, q, r]), 2, 2)
    assert found == pytest.approx([(p + p * r) / whole, q / whole, (r + p * r) / whole])


def _row(name: str, lat: float, lon: float, hour: float = 0.0, kind: str = "air_strike") -> Row:
    at = _SPRING_US + round(hour * _HOUR_US)
    return Row(name, lat, lon, 2_000.0, at, at, kind)


def _ledgers(
    *, seed: int, events: int, jitter_hours: float
) -> tuple[list[Row], list[Row], set[tuple[str, str]]]:
    """Two ledgers of generated events: 70 % told by each side, a fifth of each of nothing else."""
    chance = np.random.default_rng(seed)
    towns = chance.uniform((32.5, 36.0), (36.0, 39.0), (40, 2))
    place, hour = chance.integers(0, 40, events), chance.uniform(0, 24 * 200, events)
    kind = chance.integers(0, 4, events)
    sides: list[list[Row]] = []
    told: list[set[int]] = []
    for side in "ab":
        heard = [int(one) for one in np.flatnonzero(chance.random(events) < 0.7)]
        rows = [_told(f"{side}{at}", towns[place[at]], hour[at], kind[at], jitter_hours, chance)
                for at in heard]  # fmt: skip
        rows += [_told(f"{side}x{at}", towns[chance.integers(0, 40)], chance.uniform(0, 4_800),
                       chance.integers(0, 4), jitter_hours, chance)
                 for at in range(len(heard) // 4)]  # fmt: skip
        sides.append(rows)
        told.append(set(heard))
    return sides[0], sides[1], {(f"a{at}", f"b{at}") for at in told[0] & told[1]}


def _told(
    name: str, town: np.ndarray, hour: float, kind: int, jitter: float, chance: np.random.Generator
) -> Row:
    lat, lon = town + chance.normal(0, 2_000 / 111_195, 2)
    said = kind if chance.random() < 0.8 else chance.integers(0, 4)
    return _row(name, float(lat), float(lon), hour + chance.normal(0, jitter), f"kind-{said}")
