"""Hours of entry and of the end of a term, counted by two hands: `clocks` and `verifier/hours.py`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulators.assembly import instant

from truceline.clocks import calendar, rule
from truceline.clocks.rule import Moments
from truceline.errors import TrucelineError
from truceline.geo.schedule import clock_zone
from truceline.records.record import Micros
from truceline.verifier import hours

ZONES = ("UTC", "Asia/Damascus", "Europe/Moscow", "Asia/Tehran", "America/New_York", "+03:30", "Z")
MOMENTS = st.integers(instant("1999-12-31 00:00"), instant("2040-01-01 00:00")).map(Micros)
LENGTHS = st.builds(
    lambda *parts: "P" + "".join(f"{n}{unit}" for n, unit in zip(parts, "YMWD", strict=True)),
    st.integers(0, 30),
    st.integers(0, 40),
    st.integers(0, 9),
    st.integers(0, 800),
)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, object]:
    """Rules of entry into force as publications have them."""
    base = draw(st.sampled_from(("instant", "signature", "day_after_signature")))
    says: dict[str, object] = {"from": base}
    if base == "instant":
        says["at"] = draw(MOMENTS)
    if draw(st.booleans()):
        says["plus"] = draw(LENGTHS)
    if draw(st.booleans()):
        says["zone"] = draw(st.sampled_from(ZONES))
    if draw(st.booleans()):
        says["local_time"] = draw(st.times()).strftime("%H:%M")
    elif "plus" in says:
        says["plus"] = f"{says['plus']}T{draw(st.integers(0, 99))}H{draw(st.integers(0, 99))}M"
    if draw(st.booleans()) and "plus" in says:
        says["plus"] = f"P{draw(st.integers(0, 40))}D"
        says["days"] = "working"
        says["weekend"] = draw(st.lists(st.sampled_from(("fri", "sat", "sun")), unique=True))
        days = draw(st.lists(st.dates(min_value=calendar.moment(Micros(0)).date()), max_size=3))
        says["holidays"] = [one.isoformat() for one in days]
    return {"rule": "so", "says": says}


@settings(max_examples=300, deadline=None)
@given(rules(), MOMENTS, st.sampled_from(ZONES))
def test_the_entry_into_force_is_the_same_by_both_hands(effective, signed_at, of_log):
    read = rule.read(effective)
    ours = rule.instant(read, Moments(signature=signed_at), zone=of_log)

    assert hours.entry(effective, signed_at, of_log) == ours


@settings(max_examples=300, deadline=None)
@given(LENGTHS, MOMENTS, st.sampled_from(ZONES))
def test_the_end_of_a_term_is_the_same_by_both_hands(term, start, zone):
    ours = calendar.add(start, calendar.duration(term), clock_zone(zone))

    assert hours.end(term, start, zone) == ours


@pytest.mark.parametrize("zone", ["Mars/Olympus_Mons", "../../etc/passwd", "/etc/passwd", "Asia"])
def test_a_clock_that_nobody_knows_is_no_answer_rather_than_a_failure(zone):
    effective = {"rule": "so", "says": {"from": "signature", "zone": zone}}

    assert hours.entry(effective, 1, "UTC") is None
    assert hours.end("P6M", 1, zone) is None


@pytest.mark.parametrize(
    "says",
    [
        {"from": "entry_into_force"},
        {"from": "signature", "plus": "P9999Y"},
        {"from": "signature", "plus": "soon"},
        {"from": "instant"},
        {"from": "instant", "at": 2**52, "plus": "P8000Y"},
        {"from": "signature", "local_time": "29:00"},
    ],
)
def test_a_rule_that_gives_no_hour_is_no_answer(says):
    assert hours.entry({"rule": "so", "says": says}, 1, "UTC") is None


def test_a_term_that_ends_in_no_year_is_no_answer():
    assert hours.end("P9999Y", instant("2017-05-04 12:00"), "UTC") is None
    with pytest.raises(TrucelineError):
        calendar.add(instant("2017-05-04 12:00"), calendar.duration("P9999Y"), clock_zone("UTC"))
