"""A sealed segment is the batch again, to the bit; altered bytes are found."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from truceline.airspace.fix import COLUMNS, Fixes, fixes
from truceline.archive import segment
from truceline.errors import Malformed, Refused, TrucelineError, Unproven


@st.composite
def batches(draw: st.DrawFn) -> Fixes:
    count = draw(st.integers(1, 40))

    def column(low: float, high: float, *, absent: bool = False):
        values = st.floats(low, high)
        return draw(hnp.arrays(np.float64, count, elements=values | st.just(np.nan) if absent else values))  # fmt: skip

    return fixes(
        seen_at=draw(hnp.arrays(np.int64, count, elements=st.integers(0, 2**52))),
        aircraft=draw(hnp.arrays(np.int32, count, elements=st.integers(0, 2))),
        lat=column(-90, 90),
        lon=column(-180, 180),
        baro_ft=column(-1500, 60_000, absent=True),
        geo_ft=column(-1500, 60_000, absent=True),
        ground=draw(hnp.arrays(np.bool_, count)),
        sigma_m=column(0, 5000, absent=True),
        speed_kt=column(0, 2000, absent=True),
        track_deg=column(0, 360, absent=True),
        climb_ft_min=column(-20_000, 20_000, absent=True),
        qnh_hpa=column(900, 1060, absent=True),
        kind=draw(hnp.arrays(np.int8, count, elements=st.integers(0, 7))),
        nacp=draw(hnp.arrays(np.int8, count, elements=st.integers(-1, 11))),
        callsign=draw(hnp.arrays(np.int32, count, elements=st.integers(-1, 1))),
        sequence=np.arange(count, dtype=np.int64) + draw(st.integers(0, 2**40)),
        names=["abc123", "~f00001", "def456"],
        callsigns=["TEST 1", "ДЕЛЬТА"],
        source="sbs:north",
    )


def words(batch: Fixes) -> list[tuple[str, str]]:
    return [
        (batch.names[one], batch.callsigns[two] if two >= 0 else "")
        for one, two in zip(batch.aircraft.tolist(), batch.callsign.tolist(), strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(batches())
def test_what_was_written_is_read_again_exactly(batch: Fixes):
    settled = segment.settled(batch)
    again = segment.read(segment.write(settled).data)
    for name in COLUMNS:
        if name not in ("aircraft", "callsign"):
            np.testing.assert_array_equal(getattr(again, name), getattr(settled, name), name)
    assert words(again) == words(settled)
    assert again.source == settled.source


@settings(max_examples=30, deadline=None)
@given(batches())
def test_settling_twice_is_settling_once_and_moves_nothing_far(batch: Fixes):
    once = segment.settled(batch)
    twice = segment.settled(once)
    np.testing.assert_array_equal(once.lat, twice.lat)
    np.testing.assert_array_equal(once.baro_ft, twice.baro_ft)
    assert np.abs(once.lat - batch.lat).max() <= 0.51e-7


@settings(max_examples=20, deadline=None)
@given(batches())
def test_a_segment_says_its_hash_and_what_it_spans(batch: Fixes):
    made = segment.write(batch)
    assert made.sha256 == hashlib.sha256(made.data).hexdigest()
    assert (made.count, made.source) == (len(batch), "sbs:north")
    assert (made.first_at, made.last_at) == (batch.seen_at.min(), batch.seen_at.max())
    assert made.last_sequence - made.first_sequence == len(batch) - 1
    assert segment.write(batch).data == made.data


@settings(max_examples=30, deadline=None)
@given(batches(), st.integers(0, 10_000), st.integers(1, 255))
def test_one_altered_byte_is_found(batch: Fixes, place: int, change: int):
    made = segment.write(batch)
    data = bytearray(made.data)
    data[place % len(data)] ^= change
    with pytest.raises(Unproven):
        segment.read(bytes(data), sha256=made.sha256)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_other_bytes_are_refused_in_words(data: bytes):
    with pytest.raises(TrucelineError):
        segment.read(data)


def test_a_parquet_file_that_is_no_segment_is_refused(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    with pytest.raises(Malformed):
        segment.read((tmp_path / "a.parquet").read_bytes())


def test_nothing_and_no_number_are_refused():
    from tests.airspace.skies import flight

    empty = flight([(0, 1, 1)]).take(slice(0, 0))
    with pytest.raises(Refused):
        segment.write(empty)
    with pytest.raises(Refused):
        segment.settled(flight([(0, np.nan, 1)]))


@settings(max_examples=30, deadline=None)
@given(batches(), st.integers(0, 40))
def test_the_pieces_in_which_fixes_were_fed_are_kept(batch: Fixes, first: int):
    first = min(first, len(batch))
    fed = [(first, 1_500_000_000_000_000), (len(batch) - first, None)]
    again = list(segment.pieces(segment.write(segment.settled(batch), fed).data))
    assert [(len(one), now) for one, now in again] == fed


def test_a_stranger_reads_the_fixes_as_points():
    import geopandas
    from tests.airspace.skies import flight

    batch = segment.settled(flight([(0, 36.25, 33.5), (10, 36.3, 33.6)]))
    read = geopandas.read_parquet(io.BytesIO(segment.write(batch).data))
    assert read.crs.to_string() == "OGC:CRS84"
    assert read.geometry.x.tolist() == batch.lon.tolist()
    assert read.geometry.y.tolist() == batch.lat.tolist()
