"""`Volume4D`: read strictly, kept as it came, and never a reason to fall over."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.dss import kept, names, volume
from truceline.dss.entities import Intent, State
from truceline.errors import Malformed
from truceline.records.record import Micros

CIRCLE = {"center": {"lat": -56, "lng": 178}, "radius": {"value": 50, "units": "M"}}
POLYGON = {"vertices": [{"lat": 0, "lng": 0}, {"lat": 0, "lng": 0.1}, {"lat": 0.1, "lng": 0}]}


def tree(**changes: object) -> dict[str, object]:
    """A volume as the standard writes it, with changes to the inner part."""
    inner = {
        "outline_circle": CIRCLE,
        "altitude_lower": {"value": 0, "reference": "W84", "units": "M"},
        "altitude_upper": {"value": 120, "reference": "W84", "units": "M"},
        **changes,
    }
    return {
        "volume": {name: value for name, value in inner.items() if value is not None},
        "time_start": {"value": "2026-11-22T10:00:00.123456Z", "format": "RFC3339"},
        "time_end": {"value": "2026-11-22T12:00:00+01:00", "format": "RFC3339"},
    }


@pytest.mark.parametrize("shape", [{}, {"outline_circle": None, "outline_polygon": POLYGON}])
def test_a_volume_is_told_as_it_was_read(shape):
    read = volume.read(tree(**shape), where="v")

    assert volume.read(read.told(), where="v") == read
    assert read.start == 1_795_341_600_123_456


@pytest.mark.parametrize(
    "changes",
    [
        {"outline_circle": None},
        {"outline_polygon": POLYGON},
        {"outline_circle": {"center": {"lat": 91, "lng": 0}, "radius": {"value": 5, "units": "M"}}},
        {"outline_circle": {**CIRCLE, "radius": {"value": 5, "units": "FT"}}},
        {"outline_circle": {**CIRCLE, "radius": {"value": 0, "units": "M"}}},
        {"outline_circle": {**CIRCLE, "radius": {"value": 60_000, "units": "M"}}},
        {"outline_circle": {**CIRCLE, "center": {"lat": "1", "lng": 0}}},
        {"outline_circle": {**CIRCLE, "center": {"lat": True, "lng": 0}}},
        {
            "outline_circle": None,
            "outline_polygon": {"vertices": [*POLYGON["vertices"], POLYGON["vertices"][0]]},
        },
        {"altitude_lower": {"value": 0, "reference": "SFC", "units": "M"}},
        {"altitude_lower": {"value": 0, "reference": "W84", "units": "FT"}},
        {"altitude_lower": {"value": 121, "reference": "W84", "units": "M"}},
        {"altitude_upper": {"value": 1e6, "reference": "W84", "units": "M"}},
        {"altitude_upper": {"value": 10**400, "reference": "W84", "units": "M"}},
    ],
)
def test_what_the_standard_does_not_know_is_refused(changes):
    with pytest.raises(Malformed):
        volume.read(tree(**changes), where="v")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22",
        "2026-11-22T10:00:00",
        "now",
        1,
        None,
        "9999-99-99T00:00:00Z",
        "0001-01-01T00:00:00Z",
    ],
)
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(Malformed):
        volume.read_moment(text, where="t")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "volume",
                    "outline_circle",
                    "outline_polygon",
                    "vertices",
                    "center",
                    "radius",
                    "value",
                    "lat",
                    "lng",
                    "units",
                    "altitude_lower",
                    "altitude_upper",
                    "reference",
                    "time_start",
                    "time_end",
                    "format",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_no_json_makes_reading_stumble(found):
    try:
        read = volume.read(found, where="v")
    except Malformed:
        return
    assert volume.read(json.loads(json.dumps(read.told())), where="v") == read


@given(st.text(alphabet="0123456789.,-eE naif", max_size=60))
def test_no_area_text_makes_reading_stumble(text):
    try:
        volume.read_area(text, where="area")
    except Malformed:
        return


@given(st.text(max_size=40))
def test_no_text_but_a_uuid_is_an_id(text):
    with pytest.raises(Malformed):
        names.read_id(text)


def test_an_entity_is_kept_as_text_and_comes_back_the_same():
    volumes = (volume.read(tree(), where="v"), volume.read(tree(altitude_lower=None), where="v"))
    one = Intent("0" * 8, "uss", 3, "ovn", State.ACTIVATED, "https://uss.example", "", volumes)

    again = kept.decode(kept.sort(one), kept.encode(one))

    assert again == one
    assert kept.ends_at(one) == Micros(1_795_345_200_000_000)


@pytest.mark.parametrize("minutes", [-5.1, 5.1, 600])
def test_an_ovn_is_asked_for_with_a_suffix_made_now(minutes):
    now = Micros(1_790_000_000_000_000)
    good, bad = (_uuid7(now + round(off * 60e6)) for off in (minutes * 0.9 / abs(minutes), minutes))

    assert names.requested_ovn("id", good, now) == f"id_{good}"
    with pytest.raises(Malformed):
        names.requested_ovn("id", bad, now)


@pytest.mark.parametrize("suffix", ["", "x", None, 7, "00000000-0000-4000-8000-000000000000"])
def test_a_suffix_that_is_no_uuid_of_version_7_is_refused(suffix):
    with pytest.raises(Malformed):
        names.requested_ovn("id", suffix, Micros(0))


def _uuid7(at: int) -> str:
    text = f"{at // 1000:012x}7abc8def0123456789ab"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"
