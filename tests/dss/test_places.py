"""The coarse look finds everything that the exact one would, wherever it lies, and forgets what went."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from truceline.dss.places import Places
from truceline.dss.volume import Volume4D, overlaps
from truceline.geo import sphere
from truceline.records.record import Micros

TIME = st.none() | st.integers(0, 20).map(Micros)
VOLUME = st.builds(
    lambda lat, lon, radius, start, end: Volume4D(
        sphere.circle(lat=lat, lon=lon, radius_m=radius), {}, None, None, start, end
    ),
    st.sampled_from([-90, -56, 0, 33.5, 89.999, 90]) | st.floats(-90, 90),
    st.sampled_from([-180, 0, 178, 180]) | st.floats(-180, 180),
    st.floats(1, 50_000),
    TIME,
    TIME,
)


@given(st.lists(VOLUME, max_size=90), VOLUME, st.sets(st.integers(0, 89)))
def test_everything_that_overlaps_is_found_and_nothing_that_went(there, asked, gone):
    places = Places()
    for number, one in enumerate(there):
        places.add(str(number), (one,))
    for number in gone:
        places.remove(str(number))
    for number in sorted(gone)[::2]:
        if number < len(there):
            places.add(f"again {number}", (there[number],))

    found = places.near((asked,))

    names = {str(n): one for n, one in enumerate(there) if n not in gone}
    names |= {f"again {n}": there[n] for n in sorted(gone)[::2] if n < len(there)}
    assert found >= {name for name, one in names.items() if overlaps((one,), (asked,))}
    assert found <= set(names)
