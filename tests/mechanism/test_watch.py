"""The watch: what goes on the record, when, and that nothing is stated twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.assembly import Assembly, agreed, founded

from truceline.airspace.fix import Fixes, fixes
from truceline.archive import segment
from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.installation import Installation
from truceline.mechanism.watch import Watch
from truceline.records.record import Micros
from truceline.store.views import crossings, records
from truceline.store.views.crossings import CrossingRow, SegmentRow
from truceline.zones.in_force import in_force

SECOND = 1_000_000
NOON = 1_700_000_000 * SECOND
"""The zone Z1 is the square 35.5 to 36.0 N, 36.5 to 37.0 E, at every height."""


@pytest.fixture
def clock() -> ScenarioClock:
    """A clock that stands still until it is moved."""
    return ScenarioClock(Micros(NOON), playing=False)


@pytest.fixture
def mechanism(tmp_path: Path, clock: ScenarioClock) -> Iterator[Installation]:
    """An installation in which the zone Z1 is in force."""
    assembly = Assembly()
    with founded(tmp_path, assembly, clock=clock) as made:
        for one in agreed(made, assembly):
            made.door.submit(one).taken()
        clock.seek(Micros(NOON + 60 * SECOND))
        yield made


def flight(
    *, start_s: int = 60, lat: float = 36.2, step: float = -0.01, count: int = 120, **other: Any
) -> Fixes:
    """An aircraft southbound along 36.75 E at 10,000 ft, a fix every 5 s; 50 s to the border."""
    rows = np.arange(count)
    return fixes(
        seen_at=NOON + (start_s + 5 * rows) * SECOND,
        aircraft=np.zeros(count, dtype=np.int32),
        lat=lat + step * rows,
        lon=np.full(count, 36.75),
        baro_ft=np.full(count, 10_000.0),
        sigma_m=np.full(count, 30.0),
        speed_kt=np.full(count, 430.0),
        callsign=np.zeros(count, dtype=np.int32),
        names=["f0beef"],
        callsigns=["NOBODY1"],
        **{"source": "DRILL", **other},
    )


def fed(watch: Watch, clock: ScenarioClock, batch: Fixes, nature: str = "synthetic") -> int:
    """Feed a batch in pieces of 50 s, the clock going along."""
    stated = 0
    for first in range(0, len(batch), 10):
        piece = batch.take(slice(first, first + 10))
        clock.seek(Micros(max(clock.now(), int(piece.seen_at.max()))))
        stated += watch.feed(piece, nature)
    return stated


def rows(mechanism: Installation) -> list[CrossingRow]:
    with mechanism.store.reading() as look:
        return crossings.crossings(look)


def sealed_segments(mechanism: Installation) -> list[SegmentRow]:
    with mechanism.store.reading() as look:
        return crossings.segments(look)


def test_a_crossing_is_on_the_record_before_it_is_over(mechanism, clock):
    watch, whole = Watch(mechanism), flight()
    fed(watch, clock, whole.take(slice(0, 40)))
    (open_still,) = rows(mechanism)
    fed(watch, clock, whole.take(slice(40, None)))
    (over,) = rows(mechanism)

    assert open_still.left_at is None
    assert (over.id, over.cause, over.left_cause) == (open_still.id, "entered", "left")
    assert over.left_verdict == "confirmed"
    assert abs(over.entered_at - (NOON + 160 * SECOND)) < SECOND
    assert abs(over.left_at - (NOON + 410 * SECOND)) < SECOND


def test_a_crossing_names_the_content_that_was_in_force(mechanism, clock):
    fed(Watch(mechanism), clock, flight())
    (one,) = rows(mechanism)
    with mechanism.reading_book() as book:
        adoption = in_force(book.zones["Z1"], Micros(one.entered_at))

    assert adoption is not None
    assert one.content == adoption.content


def test_a_segment_binds_exactly_the_fixes_that_were_judged(mechanism, clock):
    watch, whole = Watch(mechanism), flight()
    fed(watch, clock, whole)
    watch.seal()
    (crossing,), (sealed,) = rows(mechanism), sealed_segments(mechanism)
    kept = segment.read(mechanism.files.read(sealed.sha256), sha256=sealed.sha256)

    assert crossing.segment == sealed.segment
    assert (sealed.fixes, sealed.source, sealed.nature) == (len(whole), "DRILL", "synthetic")
    assert (kept.seen_at == whole.seen_at).all()
    assert (kept.lat == segment.settled(whole).lat).all()


def test_who_flew_and_where_is_in_sealed_parts_alone_at_several_precisions(mechanism, clock):
    fed(Watch(mechanism), clock, flight())
    (one,) = rows(mechanism)
    with mechanism.store.reading() as look:
        pae = records.pae_of(look, one.id)
        shown = records.by_index(look, one.index)
    parts = {part.name: part.value for part in mechanism.vault.get(pae)}

    assert "f0beef" not in str(shown.body)
    assert parts["aircraft"] == {"icao24": "f0beef", "callsign": "NOBODY1"}
    assert parts["entry"]["lat_e7"] == pytest.approx(360_000_000, abs=5_000)
    assert parts["entry.1km"] == {"lat_e7": 360_000_000, "lon_e7": 367_500_000}
    assert [fix["sequence"] for fix in parts["fixes"]] in ([19, 20], [20, 21], [20])


def test_a_copied_folder_shows_no_track(mechanism, clock, tmp_path):
    watch = Watch(mechanism)
    fed(watch, clock, flight())
    watch.finish()
    (sealed,) = sealed_segments(mechanism)
    plain = mechanism.files.read(sealed.sha256)
    assert mechanism.files.is_sealed(sealed.sha256)
    mechanism.close()  # the log's files are written on; a copy is made of what stands still
    files = [one.read_bytes() for one in (tmp_path / "data").rglob("*") if one.is_file()]

    assert not any(plain[:64] in one for one in files)
    assert not any(b"f0beef" in one for one in files)


def test_real_and_synthetic_fixes_never_share_a_segment(mechanism, clock):
    watch = Watch(mechanism)
    fed(watch, clock, flight(), "synthetic")
    fed(watch, clock, flight(start_s=900), "real")
    watch.finish()

    assert sorted(one.nature for one in sealed_segments(mechanism)) == ["real", "synthetic"]
    assert sorted(one.nature for one in rows(mechanism)) == ["real", "synthetic"]


def test_a_zone_adopted_under_an_aircraft_is_entered_at_that_instant(tmp_path, clock):
    assembly = Assembly()
    with founded(tmp_path, assembly, clock=clock) as mechanism:
        *before, last = agreed(mechanism, assembly)[:6]
        for one in before:
            mechanism.door.submit(one).taken()
        watch, whole = Watch(mechanism), flight()
        fed(watch, clock, whole.take(slice(0, 50)))
        assert rows(mechanism) == []
        mechanism.door.submit(last).taken()
        adopted_at = clock.now()
        fed(watch, clock, whole.take(slice(50, None)))
        (one,) = rows(mechanism)

    assert one.cause == "activated_under"
    assert 0 <= one.entered_at - adopted_at < SECOND


def test_a_source_fed_again_after_a_stop_states_nothing_twice(mechanism, clock):
    whole = flight()
    first = Watch(mechanism)
    fed(first, clock, whole.take(slice(0, 60)))
    first.seal()
    again = Watch(mechanism)
    fed(again, clock, whole)
    again.finish()
    third = Watch(mechanism)
    fed(third, clock, whole)
    third.finish()
    (one,) = rows(mechanism)

    assert one.left_cause == "left"
    assert one.segment in {sealed.segment for sealed in sealed_segments(mechanism)}


def test_what_was_open_at_a_stop_and_never_comes_back_is_told_as_lost(mechanism, clock):
    fed(Watch(mechanism), clock, flight().take(slice(0, 40)))
    later = Watch(mechanism)
    fed(later, clock, flight(start_s=400, lat=37.9, count=100))
    later.expire()
    (one,) = rows(mechanism)

    assert (one.left_cause, one.left_at) == ("lost_inside", one.entered_at)


def test_an_aircraft_that_falls_silent_inside_is_lost_and_the_rest_is_sealed(mechanism, clock):
    watch = Watch(mechanism)
    fed(watch, clock, flight().take(slice(0, 40)))
    clock.seek(Micros(clock.now() + 1_000 * SECOND))
    for _ in range(60):
        watch.expire()
    (one,) = rows(mechanism)

    assert one.left_cause == "lost_inside"
    assert len(sealed_segments(mechanism)) == 1


def test_nothing_is_stated_of_what_flies_past_or_of_nothing(mechanism, clock):
    watch = Watch(mechanism)
    size = mechanism.book.size

    assert watch.feed(flight().take(slice(0, 0)), "real") == 0
    assert fed(watch, clock, flight(lat=37.9)) == 0
    assert mechanism.book.size == size
