"""The sightings of a log, followed: the same warnings for whoever follows them, and from anew."""

from __future__ import annotations

from pathlib import Path

from tests.support.assembly import OFFICE, Assembly, founded

from truceline.airspace.sightings import record as sighting_record
from truceline.airspace.sightings.sighting import Band, Craft, Means, Sighting
from truceline.airspace.sightings.warning import Place
from truceline.geo.plane import Plane
from truceline.geo.position import from_degrees
from truceline.mechanism.installation import Installation
from truceline.mechanism.sightings import BEFORE_US, SightingWatch
from truceline.store.views import records

SECOND = 1_000_000
PLANE = Plane(from_degrees(lat=35.0, lon=37.0))
TOWN = Place("SY1", PLANE.position(130_000, 0))


def told(installation: Installation, assembly: Assembly, *, count: int = 5) -> int:
    """A jet on its way east is reported by the watch; returns when."""
    installation.door.submit(assembly.appoint(OFFICE, "office-watch", "watch")).taken()
    now = installation.clock.now()
    for nth in range(count):
        one = Sighting(
            "", "", PLANE.position(13_200 * nth, -5_000), 50.0, 0.0, 15.0, Band.MIDDLE, 90.0,
            15.0, Craft.JET, 1, Means.SEEN, now - (count - nth) * 60 * SECOND, now,
        )  # fmt: skip
        hand = assembly.hand("office-watch")
        signed, parts = hand.sign_sealed(sighting_record.KIND, sighting_record.body(one))
        installation.door.submit(signed, parts).taken()
    return installation.clock.now()


def test_who_begins_to_watch_later_sees_the_same(tmp_path: Path):
    assembly = Assembly()
    with founded(tmp_path, assembly) as installation:
        now = told(installation, assembly)
        first, second = (SightingWatch(installation, [TOWN]) for _ in range(2))
        first.at(now)
        later = now + 60 * SECOND
        a, b = first.at(later), second.at(later)
        assert [one.place for one in a.standing] == ["SY1"]
        assert [one.place for one in b.standing] == ["SY1"]
        assert [one.probability for one in a.standing] == [one.probability for one in b.standing]


def test_a_warning_ends_by_itself_and_is_remembered_as_taken_back(tmp_path: Path):
    assembly = Assembly()
    with founded(tmp_path, assembly) as installation:
        now = told(installation, assembly)
        watch = SightingWatch(installation, [TOWN])
        assert watch.at(now).standing
        after = watch.at(now + 1_200 * SECOND)
        assert not after.standing
        assert not after.fans
        assert [one.place for one in after.ended] == ["SY1"]


def test_old_sightings_are_passed_over(tmp_path: Path):
    assembly = Assembly()
    with founded(tmp_path, assembly) as installation:
        now = told(installation, assembly, count=2)
        found = SightingWatch(installation, [TOWN]).at(now + BEFORE_US + 60 * SECOND)
        assert not found.standing
        assert not found.ended


def test_what_else_is_sealed_is_no_sighting_and_counts_as_nothing(tmp_path: Path):
    assembly = Assembly()
    with founded(tmp_path, assembly) as installation:
        code = next(iter(assembly.codes))
        appointed = installation.door.submit(assembly.appoint(OFFICE, "scribe", "watch")).taken()
        with installation.store.reading() as look:
            about = records.by_index(look, appointed)
        assert about
        now = told(installation, assembly)
        handed = {"record": about.id, "part": "name", "to": code, "purpose": "as asked"}
        installation.door.state("disclosure.made/1", handed).taken()
        found = SightingWatch(installation, [TOWN]).at(now)
        assert [one.place for one in found.standing] == ["SY1"]
        assert not found.left_out


def test_nothing_sighted_needs_no_tracking_library(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "stonesoup.base", None)
    monkeypatch.delitem(
        __import__("sys").modules, "truceline.airspace.sightings.filter", raising=False
    )
    with founded(tmp_path, Assembly()) as installation:
        assert SightingWatch(installation, [TOWN]).at(installation.clock.now()).standing == ()
