"""Borders as people draw them, on round coordinates: not one membership or crossing is lost.

A prototype whose reference points lay in the middle of round cells lost 242 of 617,079
memberships in flight information regions. So the places tried here are the corners of
the borders, the middles of their edges, round coordinates, the middles of the cells of
our own table, and real positions.
"""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely
from tests.airspace.skies import NOON_US

from truceline.airspace.cells import cells
from truceline.airspace.chart import Chart, FlatVolume, WatchedZone, chart
from truceline.airspace.fix import Fixes, Names, fixes, joined
from truceline.airspace.kernel import KERNEL, members
from truceline.airspace.sweep import Sweep, Visits
from truceline.airspace.sweep import joined as all_visits

DATA = Path(__file__).parents[3] / "shared/data"
FIRS = DATA / "zones/fir_boundaries_levant_vatspy.geojson"
DONLON = DATA / "formats/aixm/EA_AIP_DS_FULL_20181206_AIRAC.xml.gz"
SWISS = DATA / "tracks/switzerland_2018-08-01.parquet"


@pytest.fixture(scope="module", autouse=True)
def _kernel():
    if not KERNEL.wait():
        pytest.fail(KERNEL.notice)


def of(areas: list[shapely.Geometry]) -> Chart:
    return chart([WatchedZone(f"{n:03d}", (FlatVolume(one),)) for n, one in enumerate(areas)])


def firs() -> Chart:
    if not FIRS.exists():
        pytest.skip("the FIR outlines are not on this machine")
    shapes = [shapely.from_geojson(json.dumps(f)) for f in json.loads(FIRS.read_text())["features"]]
    return of([area if area.is_valid else shapely.make_valid(area) for area in shapes])


def donlon() -> Chart:
    if not DONLON.exists():
        pytest.skip("the Donlon data set is not on this machine")
    from truceline.sources.zone_file import read_zones, watch

    noon = datetime(2018, 12, 6, 12, tzinfo=UTC)
    watched = watch(read_zones(DONLON), planar=True, span=(noon, noon + timedelta(hours=1)))
    areas = [volume.area for zone in watched for volume in zone.volumes]
    assert len(areas) > 20
    return of(areas)


def round_world() -> Chart:
    """58 regions that share borders along whole, half, third and odd degrees, as those of Europe do."""
    rng = np.random.default_rng(58)
    steps = np.sort(rng.choice(np.arange(0, 240), 31, replace=False)) / 6
    strips = [shapely.box(a, 35, b, 55) for a, b in itertools.pairwise(steps)]
    cuts = [39.0, 45.0, 48.5, 41 + 1 / 3]
    parts: list[shapely.Geometry] = []
    for strip in strips:
        cut = cuts[int(rng.integers(0, len(cuts)))]
        parts += [
            shapely.clip_by_rect(strip, -1, 30, 41, cut),
            shapely.clip_by_rect(strip, -1, cut, 41, 60),
        ]
    return of(parts[:58])


def trying(zones: Chart, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Places where a table of cells goes wrong if it can."""
    rng = np.random.default_rng(seed)
    west, south = zones.bounds[:, :2].min(axis=0)
    east, north = zones.bounds[:, 2:].max(axis=0)
    some = zones.edges[rng.permutation(len(zones.edges))[:2000]]
    table = cells(zones)
    column = rng.integers(0, table.columns, 2000) + 0.5
    row = rng.integers(0, table.rows, 2000) + 0.5
    anywhere = rng.uniform((west, south), (east, north), (8000, 2))
    spots = np.concatenate(
        (
            some[:, :2],
            (some[:, :2] + some[:, 2:]) / 2,
            np.round(anywhere[:2000] * 2) / 2,
            np.round(anywhere[2000:4000] * 60) / 60,
            np.column_stack((table.west + column * table.size, table.south + row * table.size)),
            np.column_stack((some[:, 0], anywhere[: len(some), 1])),
            np.column_stack((anywhere[: len(some), 0], some[:, 1])),
            anywhere,
        )
    )
    return np.ascontiguousarray(spots[:, 0]), np.ascontiguousarray(spots[:, 1])


@pytest.mark.parametrize("world", [firs, donlon, round_world])
def test_every_place_is_in_the_regions_that_shapely_says(world):
    zones = world()
    lon, lat = trying(zones, 7)
    point, volume = members(KERNEL, cells(zones), lon, lat)
    mine = np.zeros((len(zones.areas), len(lon)), dtype=bool)
    mine[volume, point] = True
    for number, area in enumerate(zones.areas):
        np.testing.assert_array_equal(mine[number], shapely.intersects_xy(area, lon, lat))


@pytest.mark.parametrize("world", [firs, donlon, round_world])
def test_flights_along_and_across_round_borders_spend_the_time_inside_that_shapely_says(world):
    zones = world()
    lon, lat = trying(zones, 11)
    order = np.random.default_rng(3).permutation(len(lon))[:2000]
    batch = fixes(
        seen_at=NOON_US + np.arange(2000, dtype=np.int64) % 50 * 60_000_000,
        aircraft=np.repeat(np.arange(40, dtype=np.int32), 50),
        lat=lat[order],
        lon=lon[order],
        names=Names(f"{k:06x}" for k in range(40)).texts,
    )
    sweep = Sweep(zones)
    visits = all_visits([sweep.feed(batch), sweep.finish()])
    np.testing.assert_allclose(inside_us(visits, zones), by_shapely(zones, batch), atol=500)


def inside_us(visits: Visits, zones: Chart) -> np.ndarray:
    spent = visits.left_at - visits.entered_at
    return np.bincount(visits.volume, spent, minlength=len(zones.areas))


def by_shapely(zones: Chart, batch: Fixes) -> np.ndarray:
    same = np.flatnonzero(np.diff(batch.aircraft) == 0)
    places = np.column_stack((batch.lon, batch.lat))
    lines = shapely.linestrings(np.stack((places[same], places[same + 1]), axis=1))
    lasts = np.diff(batch.seen_at)[same]
    whole = np.maximum(shapely.length(lines), 1e-300)
    return np.array(
        [
            float((shapely.length(shapely.intersection(lines, area)) / whole * lasts).sum())
            for area in zones.areas
        ]
    )


def test_real_positions_are_in_the_regions_that_shapely_says():
    if not SWISS.exists():
        pytest.skip("the Swiss tracks are not on this machine")
    from truceline.sources.tracks import TrackFile

    batch = joined(list(TrackFile(SWISS).batches()))
    good = np.isfinite(batch.lon) & np.isfinite(batch.lat)
    lon, lat = batch.lon[good], batch.lat[good]
    borders = [shapely.box(x, y, x + 0.5, y + 0.25) for x in np.arange(6, 10, 0.5) for y in (46, 46.25, 46.5, 47)]  # fmt: skip
    zones = of(borders)
    point, volume = members(KERNEL, cells(zones), lon, lat)
    for number, area in enumerate(zones.areas):
        mine = np.zeros(len(lon), dtype=bool)
        mine[point[volume == number]] = True
        np.testing.assert_array_equal(mine, shapely.intersects_xy(area, lon, lat))
