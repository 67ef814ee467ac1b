"""Between fixes, over gaps and under interference: what is told, and how surely."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.airspace.skies import NOON_US, at, box, feet, flight, found, seconds
from tests.airspace.test_live import ZONES, alike, pieces, wandering

from truceline.airspace.crossing import Cause, Crossing
from truceline.airspace.engine import crossings_of
from truceline.airspace.fix import Fixes
from truceline.airspace.interference import AREA_S, Evidence, Interference, Sign
from truceline.airspace.live import LiveWatch
from truceline.airspace.quality import Kind
from truceline.airspace.rules import STANDARD
from truceline.airspace.verdict import Verdict
from truceline.geo.altitude import Datum
from truceline.geo.volume import Window

DEGREE_M = 111_320.0
BOX = box(1, 0, 2, 1)


def turning(
    *, radius_m: float = 6_000.0, speed_m_s: float = 100.0, every: float = 30.0, span: float = 180.0
) -> Fixes:
    """A level left turn about (1, 0.5), first eastward, with the speed and track it states."""
    when = np.arange(0, span + 1e-9, every)
    angle = speed_m_s * when / radius_m - np.pi / 2
    batch = flight(
        [
            (t, 1 + radius_m * np.cos(a) / DEGREE_M, 0.5 + radius_m * np.sin(a) / DEGREE_M)
            for t, a in zip(when, angle, strict=True)
        ],
        sigma_m=10.0,
    )
    knots = np.full(len(when), speed_m_s / 0.514444)
    return replace(
        batch,
        speed_kt=knots,
        track_deg=np.degrees(np.pi / 2 - (angle + np.pi / 2)) % 360,
        climb_ft_min=np.zeros(len(when)),
    )


def without_velocity(batch: Fixes) -> Fixes:
    return replace(batch, track_deg=np.full(len(batch), np.nan))


def test_a_turn_between_two_fixes_is_flown_as_the_aircraft_says():
    """The chord passes the box by; the turn, with the stated speed and track, enters it."""
    arc = turning(every=60.0, span=120.0)
    lon, lat = arc.lon[:2].mean(), arc.lat[:2].mean()
    away = np.array([lon - 1, lat - 0.5])
    away /= np.hypot(*away)
    outer = (1 + away[0] * 6_000 / DEGREE_M, 0.5 + away[1] * 6_000 / DEGREE_M)
    zone = box(outer[0] - 3e-4, outer[1] - 3e-4, outer[0] + 3e-4, outer[1] + 3e-4)
    (bent,) = found(arc, zone, rules=STANDARD)
    assert bent.max_depth_m > 0
    assert seconds(bent.entry.at) == pytest.approx(30, abs=2)
    straight = found(without_velocity(arc), zone, rules=STANDARD)
    assert all(one.max_depth_m == 0 for one in straight)


def test_a_stated_velocity_that_does_not_fit_the_way_flown_is_not_followed():
    arc = turning(every=60.0, span=120.0)
    held = replace(arc, speed_kt=arc.speed_kt * 3)
    one = found(held, BOX, rules=STANDARD)
    other = found(without_velocity(arc), BOX, rules=STANDARD)
    assert [c.entered_at for c in one] == [c.entered_at for c in other]


def test_what_only_some_paths_enter_is_possible_with_its_probability():
    beside = box(1.0, 0.502, 1.2, 0.6)
    (one,) = found(flight([(0, 0.9, 0.5), (60, 1.1, 0.5)], sigma_m=10), beside, rules=STANDARD)
    assert one.verdict is Verdict.POSSIBLE
    assert one.cause_in is one.cause_out is Cause.CROSSED_BETWEEN_FIXES
    assert 0.05 <= one.doubt.likely < 0.5
    assert one.max_depth_m == 0


def test_a_zone_beyond_the_band_is_not_named():
    far = box(1.0, 0.6, 1.2, 0.7)
    assert not found(flight([(0, 0.9, 0.5), (60, 1.1, 0.5)], sigma_m=10), far, rules=STANDARD)


def test_a_crossing_that_every_path_of_the_band_makes_is_confirmed_without_a_fix_inside():
    wide = box(0.98, 0.3, 1.02, 0.7)
    (one,) = found(flight([(0, 0.95, 0.5), (40, 1.05, 0.5)], sigma_m=10), wide, rules=STANDARD)
    assert one.cause_in is Cause.CROSSED_BETWEEN_FIXES
    assert one.verdict is Verdict.CONFIRMED


def test_a_clip_that_not_every_path_makes_is_suspected_at_most():
    clip = box(0.98, 0.4985, 1.02, 0.7)
    (one,) = found(flight([(0, 0.95, 0.5), (40, 1.05, 0.5)], sigma_m=10), clip, rules=STANDARD)
    assert one.verdict is Verdict.SUSPECTED
    assert one.doubt.firm < 0.5 < one.doubt.capped


def test_over_a_gap_of_minutes_only_what_every_path_does_is_more_than_possible():
    small, huge = box(1.05, 0, 1.15, 1, zone_id="small"), box(0.98, -20, 1.22, 20, zone_id="huge")
    crossings = found(flight([(0, 0.9, 0.5), (150, 1.3, 0.5)], sigma_m=10), small, huge, rules=STANDARD)  # fmt: skip
    told = {one.zone_id: one.verdict for one in crossings}
    assert told == {"small": Verdict.POSSIBLE, "huge": Verdict.CONFIRMED}


def test_possible_paths_before_a_real_crossing_are_part_of_it():
    path = flight(
        [(0, 0.9, 0.9995), (30, 0.96, 1.001), (60, 1.02, 0.9), (90, 1.08, 0.8)], sigma_m=10
    )
    crossings = found(path, box(0.9, 0, 1.5, 1.0, window=Window(at(10), None)), rules=STANDARD)
    assert len(crossings) == 1


@pytest.mark.parametrize("cuts", [[1], [2], [1, 2, 3], [3]])
def test_possible_crossings_are_the_same_in_pieces(cuts: list[int]):
    path = flight([(t, 0.9 + t / 600, 0.5 + 0.003 * (t % 120 == 60)) for t in range(0, 301, 60)], sigma_m=10)  # fmt: skip
    zones = (box(1.0, 0.502, 1.1, 0.6, zone_id="near"), box(1.2, 0, 1.3, 1, zone_id="through"))
    bounds = [0, *cuts, len(path)]
    parts = [path.take(slice(a, b)) for a, b in pairwise(bounds)]
    assert found(path, *zones, rules=STANDARD) == found(parts, *zones, rules=STANDARD)


def test_the_height_between_fixes_is_in_doubt_as_the_place_is():
    """Level at 100 ft over the ceiling at both fixes, a minute apart: it may have dipped."""
    under = box(0.98, 0.3, 1.02, 0.7, upper=feet(10_000))
    path = flight([(0, 0.95, 0.5), (40, 1.05, 0.5)], sigma_m=10, feet=10_100)
    (one,) = found(path, under, rules=STANDARD)
    assert one.verdict is Verdict.POSSIBLE
    assert one.doubt.across > 0.99 > one.doubt.upright


def test_a_height_that_is_another_aircrafts_makes_no_crossing():
    high = box(0, 0, 3, 1, lower=feet(20_000))
    path = [(t, 1 + t / 500, 0.5) for t in range(10)]
    heights = [3000.0] * 10
    heights[5] = 36_850.0
    assert not found(flight(path, feet=heights), high, rules=STANDARD)


def test_a_height_that_lasts_is_believed_from_its_second_fix_on():
    high = box(0, 0, 3, 1, lower=feet(20_000))
    path = [(t, 1 + t / 500, 0.5) for t in range(10)]
    (one,) = found(flight(path, feet=[3000.0] * 5 + [36_850.0] * 5), high, rules=STANDARD)
    assert 5 <= seconds(one.entered_at) <= 6


# -- interference --------------------------------------------------------------------------------


def signs(
    count: int, *, sign: Sign = Sign.JUMP, lat: float = 0.5, lon: float = 1.5
) -> list[Evidence]:
    return [
        Evidence(sign, f"f0000{n}", NOON_US - 60_000_000 + n, lat, lon, 9_000.0)
        for n in range(count)
    ]


def inside(*, kind: Kind = Kind.ADSB) -> Fixes:
    path = flight([(t, 1.4 + t / 500, 0.5) for t in range(20)], sigma_m=10)
    return replace(path, kind=np.full(20, kind, dtype=np.int8))


def watched(batch: Fixes, evidence: list[Evidence]) -> Crossing:
    watch = LiveWatch([BOX])
    watch.interference.take(evidence)
    (one,) = crossings_of([*watch.feed(batch), *watch.finish()])
    return one


def test_in_a_degraded_area_a_crossing_is_at_most_suspected():
    assert watched(inside(), []).verdict is Verdict.CONFIRMED
    assert watched(inside(), signs(3)).verdict is Verdict.SUSPECTED


def test_two_aircraft_make_no_degraded_area():
    assert watched(inside(), signs(2)).verdict is Verdict.CONFIRMED


@pytest.mark.parametrize("kind", [Kind.MLAT, Kind.RADAR, Kind.OBSERVER])
def test_a_sensor_of_another_kind_is_believed_in_a_degraded_area(kind: Kind):
    assert watched(inside(kind=kind), signs(3)).verdict is Verdict.CONFIRMED


def test_another_kind_of_sensor_on_the_same_path_vouches_for_it():
    batch = inside()
    batch.kind[3] = Kind.MLAT
    assert watched(batch, signs(3)).verdict is Verdict.CONFIRMED


def test_an_area_ends_a_quarter_of_an_hour_after_its_last_sign_and_names_its_evidence():
    area = Interference()
    area.take(signs(4))
    (one,) = area.areas(NOON_US)
    assert (one.south, one.west, one.aircraft, one.signs) == (0, 1, 4, {"jump": 4})
    assert len(one.evidence) == 4
    assert not area.areas(NOON_US + AREA_S * 1_000_000)


def test_a_collapse_of_accuracy_over_several_aircraft_degrades_the_area():
    watch = LiveWatch([BOX])
    for number in range(3):
        batch = flight([(t, 1.5, 0.5 + t / 900) for t in range(2)], name=f"a0000{number}")
        watch.feed(replace(batch, nacp=np.array([9, 0], dtype=np.int8)))
    assert watch.interference.areas(NOON_US + 2_000_000)[0].signs == {"accuracy_lost": 3}


def test_geometric_minus_barometric_height_that_steps_is_a_sign():
    watch = LiveWatch([])
    batch = flight([(t, 1.5, 0.5 + t / 900) for t in range(3)])
    watch.feed(replace(batch, geo_ft=np.array([10_200.0, 10_225.0, 12_000.0])))
    assert watch.interference.counted == {"height_step": 1}


def test_a_position_that_stands_still_while_the_rest_goes_on_is_a_sign():
    watch = LiveWatch([])
    path = flight([(0, 1, 0.5), *((t, 1.01, 0.5) for t in range(5, 200, 5))], speed_kt=400)
    moving = path.speed_kt + np.arange(len(path)) % 3
    watch.feed(replace(path, speed_kt=moving))
    assert watch.interference.counted["frozen"] == 1


def test_interference_remembers_a_bounded_number_of_cells_and_signs():
    from truceline.airspace.interference import MOST_CELLS, MOST_SIGNS

    area = Interference()
    many = (
        Evidence(Sign.JUMP, "abc", NOON_US + n, n % 170 - 85.0, n // 170 % 350 - 175.0, 1.0)
        for n in range(3 * MOST_CELLS)
    )
    area.take(many)
    assert len(area._cells) <= MOST_CELLS
    area.take(Evidence(Sign.JUMP, f"{n}", NOON_US + n, 1.0, 1.0, 1.0) for n in range(500))
    assert max(len(cell.signs) for cell in area._cells.values()) <= MOST_SIGNS


def disturbed(seed: int) -> Fixes:
    """Sparse fixes with velocities, settings and accuracies, some of them disturbed."""
    rng = np.random.default_rng(seed)
    batch = wandering(seed, aircraft=5, count=60)
    count = len(batch)
    return replace(
        batch,
        speed_kt=rng.uniform(150, 450, count),
        track_deg=rng.uniform(0, 360, count),
        climb_ft_min=rng.normal(0, 1500, count),
        geo_ft=batch.baro_ft + rng.choice([300.0, 1_500.0], count, p=[0.95, 0.05]),
        qnh_hpa=np.where(rng.random(count) < 0.2, rng.uniform(1000, 1030, count), np.nan),
        nacp=rng.choice(np.array([9, 8, 0, -1], dtype=np.int8), count, p=[0.7, 0.1, 0.1, 0.1]),
        kind=rng.choice(np.array([1, 3], dtype=np.int8), count, p=[0.98, 0.02]),
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 10_000), max_size=30))
def test_a_disturbed_stream_in_any_pieces_gives_the_crossings_of_the_whole(
    seed: int, cuts: list[int]
):
    zones = (*ZONES, box(1.2, 0.8, 1.9, 1.4, zone_id="amsl", upper=feet(9_000, Datum.AMSL)))
    batch = disturbed(seed)
    alike(found(batch, *zones, rules=STANDARD), found(pieces(batch, cuts), *zones, rules=STANDARD))
