"""Heights are compared with heights of the same kind, and say how well they are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.airspace.skies import NOON_US, box, feet, flight, found

from truceline.airspace import vertical
from truceline.airspace.engine import crossings_of
from truceline.airspace.fix import Fixes
from truceline.airspace.live import LiveWatch
from truceline.airspace.qnh import RegionalQnh, qnh_of_metar
from truceline.airspace.rules import STANDARD, Rules
from truceline.airspace.verdict import Verdict
from truceline.errors import Malformed
from truceline.geo.altitude import Datum

PATH = [(t, 1.2 + t / 500, 0.5) for t in range(0, 60, 5)]


def under(limit_ft: float, datum: Datum = Datum.AMSL):
    return box(1, 0, 2, 1, upper=feet(limit_ft, datum))


def test_a_given_qnh_moves_the_pressure_altitude():
    """1,033.25 hPa: 5,000 ft on the standard setting is 5,546 ft above the sea."""
    path = flight(PATH, feet=5_000)
    assert found(path, under(5_300), rules=STANDARD)
    assert not found(path, under(5_300), rules=Rules(qnh_hpa=1_033.25))


def test_without_a_qnh_a_height_near_the_limit_is_never_confirmed():
    path = flight(PATH, feet=5_000)
    (unsure,) = found(path, under(5_300), rules=STANDARD)
    (sure,) = found(path, under(5_300), rules=Rules(qnh_hpa=1_013.25))
    assert unsure.verdict is not Verdict.CONFIRMED
    assert sure.verdict.rank >= unsure.verdict.rank


def test_a_limit_above_ground_is_not_tested_and_says_so():
    (one,) = found(flight(PATH, feet=5_000), under(3_000, Datum.AGL), rules=STANDARD)
    assert not one.altitude_known
    assert one.verdict is Verdict.SUSPECTED


def test_a_geometric_altitude_is_taken_to_the_sea_by_the_geoid(monkeypatch: pytest.MonkeyPatch):
    """At 0.5 N 1.3 E the geoid lies about 20 m from the ellipsoid; a limit in between tells."""
    (geoid,) = vertical.geoid_ft(np.array([0.5]), np.array([1.3]))
    assert 20 < abs(geoid) < 200
    path = replace(flight(PATH, feet=np.nan), geo_ft=np.full(len(PATH), 5_000.0))
    above, below = under(5_000 - geoid - 5), under(5_000 - geoid + 5)
    assert not found(path, above, rules=STANDARD)
    assert found(path, below, rules=STANDARD)[0].altitude_known
    monkeypatch.setattr(vertical, "geoid_ft", lambda lat, lon: np.full(len(lat), np.nan))
    assert not found(path, below, rules=STANDARD)[0].altitude_known


# -- what crews near by have set -------------------------------------------------------------------


def crew(name: str, hpa: float, *, at_s: float = -120, height_ft: float = 3_000) -> Fixes:
    one = flight([(at_s, 1.5, 0.6)], name=name, feet=height_ft)
    return replace(one, qnh_hpa=np.array([hpa]))


def entered_under(limit_ft: float, *crews: Fixes) -> bool:
    watch = LiveWatch([under(limit_ft)])
    for one in crews:
        watch.feed(one)
    events = [*watch.feed(flight(PATH, feet=5_000)), *watch.finish()]
    return any(one.icao24 == "abc123" for one in crossings_of(events))


def test_the_setting_of_crews_near_by_is_used_where_none_is_given():
    assert entered_under(5_300)
    crews = (crew("c1", 1_033), crew("c2", 1_033), crew("c3", 1_034))
    assert not entered_under(5_300, *crews)


def test_one_crew_alone_is_not_a_region():
    assert entered_under(5_300, crew("c1", 1_033), crew("c1", 1_033, at_s=-100))


def test_settings_up_high_and_old_ones_do_not_count():
    assert entered_under(5_300, crew("c1", 1_033, height_ft=30_000), crew("c2", 1_033, height_ft=30_000))  # fmt: skip
    assert entered_under(5_300, crew("c1", 1_033, at_s=-4_000), crew("c2", 1_033, at_s=-4_000))


def test_a_regional_setting_says_of_how_many_and_how_old_it_is():
    region = RegionalQnh()
    when = NOON_US + np.array([0, 1_000_000, 2_000_000])
    region.take(np.arange(3), when, (np.full(3, 33.5), np.full(3, 36.3)), np.array([1010.0, 1012.0, 1030.0]))  # fmt: skip
    told = region.at(33.6, 36.1, NOON_US + 600_000_000)
    assert told is not None
    assert (told.hpa, told.aircraft, told.newest_at) == (1012.0, 3, int(when[2]))
    assert region.at(43.6, 36.1, NOON_US + 600_000_000) is None


@pytest.mark.parametrize(
    ("text", "hpa"),
    [
        ("OSDI 221200Z 27010KT CAVOK 31/08 Q1009 NOSIG=", 1009.0),
        ("KSGU 221156Z AUTO 00000KT 10SM CLR 24/04 A2992 RMK AO2", 1013.2),
    ],
)
def test_a_metar_tells_the_pressure_in_either_unit(text: str, hpa: float):
    assert qnh_of_metar(text) == pytest.approx(hpa, abs=0.1)


@pytest.mark.parametrize("text", ["", "OSDI 221200Z CAVOK", "Q0500", "A0001", "Q10", "\x00" * 50])
def test_a_text_without_a_pressure_is_refused(text: str):
    with pytest.raises(Malformed):
        qnh_of_metar(text)
