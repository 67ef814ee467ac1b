"""Several sources of one aircraft become one track, and one picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.airspace.fix import Fixes, fixes
from truceline.airspace.fusion import AHEAD_US, Fusion, judged
from truceline.airspace.quality import Kind

NOON = 1_717_243_200_000_000
SECOND = 1_000_000


def said(
    *rows: tuple[str, float, float, float],
    source: str = "north",
    kind: Kind = Kind.ADSB,
    **more: Any,
) -> Fixes:
    """A batch: aircraft, seconds after noon, latitude, longitude of each row."""
    names = sorted({row[0] for row in rows})
    return fixes(
        seen_at=np.array([NOON + round(row[1] * SECOND) for row in rows], dtype=np.int64),
        aircraft=np.array([names.index(row[0]) for row in rows], dtype=np.int32),
        lat=np.array([row[2] for row in rows]),
        lon=np.array([row[3] for row in rows]),
        kind=np.full(len(rows), kind, dtype=np.int8),
        names=names,
        source=source,
        **more,
    )


def take(fusion: Fusion, batch: Fixes, at: float | None = None) -> list[bool]:
    """Take a batch as it arrives: at the time of its last row."""
    now = int(batch.seen_at.max()) if at is None else NOON + round(at * SECOND)
    return fusion.take(batch, now).tolist()


def shown(fusion: Fusion, at: float, aircraft: str = "abc123") -> dict[str, Any]:
    [one] = [one for one in fusion.picture(NOON + round(at * SECOND)) if one["hex"] == aircraft]
    return one


def test_one_source_alone_carries_every_row_the_late_ones_too():
    rows = [("abc123", 2, 33.0, 36.0), ("abc123", 1, 33.0, 36.0), ("abc123", 2, 33.0, 36.0)]
    assert take(Fusion(), said(*rows)) == [True, True, True]


def test_a_less_reliable_source_never_replaces_what_is_fresh():
    fusion = Fusion()
    take(fusion, said(("abc123", 0, 33.0, 36.0)))
    assert take(fusion, said(("abc123", 19, 33.001, 36.0), source="m", kind=Kind.MLAT)) == [False]
    assert shown(fusion, 19)["lat"] == 33.0


def test_a_less_reliable_source_replaces_what_is_stale():
    fusion = Fusion()
    take(fusion, said(("abc123", 0, 33.0, 36.0)))
    assert take(fusion, said(("abc123", 21, 33.001, 36.0), source="m", kind=Kind.MLAT)) == [True]
    one = shown(fusion, 21)
    assert (one["lat"], one["type"], one["sources"]["lat"]["source"]) == (33.001, "mlat", "m")


def test_a_more_reliable_source_replaces_at_once():
    fusion = Fusion()
    take(fusion, said(("abc123", 0, 33.0, 36.0), source="m", kind=Kind.MLAT))
    assert take(fusion, said(("abc123", 0.5, 33.001, 36.0))) == [True]
    assert take(fusion, said(("abc123", 1, 33.002, 36.0), source="m", kind=Kind.MLAT)) == [False]


def test_of_two_alike_the_one_that_speaks_goes_on_until_it_is_silent():
    fusion = Fusion()
    take(fusion, said(("abc123", 0, 33.0, 36.0)))
    assert take(fusion, said(("abc123", 2, 33.0, 36.0), source="south")) == [False]
    assert take(fusion, said(("abc123", 3.5, 33.0, 36.0), source="south")) == [True]
    assert take(fusion, said(("abc123", 4, 33.0, 36.0))) == [False]


def test_each_thing_known_has_a_source_and_an_age_of_its_own():
    fusion = Fusion()
    take(fusion, said(("abc123", 0, 33.0, 36.0), baro_ft=np.array([12_000.0])))
    radar = said(("abc123", 5, 33.0, 36.0), source="r", kind=Kind.RADAR, speed_kt=np.array([420.0]))
    assert take(fusion, radar) == [False]
    one = shown(fusion, 10)
    assert (one["alt_baro"], one["gs"]) == (12_000.0, 420.0)
    assert one["sources"]["alt_baro"] == {"source": "north", "kind": "adsb", "age": 10.0}
    assert one["sources"]["gs"] == {"source": "r", "kind": "radar", "age": 5.0}


def test_an_address_that_is_no_icao_one_stays_with_its_source():
    fusion = Fusion()
    take(fusion, said(("~2f3a1b", 0, 33.0, 36.0)))
    assert take(fusion, said(("~2f3a1b", 100, 34.0, 37.0), source="south")) == [False]
    assert take(fusion, said(("~2f3a1b", 301, 34.0, 37.0), source="south")) == [True]


def test_what_is_from_the_future_carries_nothing():
    fusion = Fusion()
    batch = said(("abc123", 0, 33.0, 36.0), ("abc123", 500, 33.0, 36.0))
    assert take(fusion, batch, at=500 - AHEAD_US / SECOND - 1) == [True, False]
    assert fusion.left_out["from_the_future"] == 1


def test_what_comes_late_carries_when_nothing_newer_is_known():
    fusion = Fusion()
    late = said(("abc123", 0, 33.0, 36.0), ("abc123", 5, 33.0, 36.0))
    assert take(fusion, late, at=300) == [True, True]
    assert take(fusion, said(("abc123", 3, 33.0, 36.0), source="south"), at=301) == [False]


def test_an_own_word_that_a_radar_contradicts_is_told_and_stops_carrying():
    fusion = Fusion()
    take(fusion, said(("abc123", 0, 33.0, 36.0)))
    radar = said(("abc123", 1, 34.0, 36.0), source="r", kind=Kind.RADAR)
    assert take(fusion, radar) == [True]
    [told] = fusion.contradictions()
    assert (told.aircraft, told.one, told.other) == ("abc123", Kind.RADAR, Kind.ADSB)
    assert 110_000 < told.metres < 112_000
    assert take(fusion, said(("abc123", 2, 33.0, 36.0))) == [False]
    assert shown(fusion, 2)["lat"] == 34.0
    assert fusion.contradictions()  # the radar's word is contradicted again
    assert not fusion.contradictions()


def test_sensors_that_agree_within_their_errors_are_no_contradiction():
    fusion = Fusion()
    take(fusion, said(("abc123", 0, 33.0, 36.0)))
    take(fusion, said(("abc123", 5, 33.015, 36.0), source="r", kind=Kind.RADAR))
    take(fusion, said(("abc123", 6, 33.015, 36.0), source="r", kind=Kind.RADAR))
    assert not fusion.contradictions()
    assert fusion.witnesses() == [("abc123", NOON + 5 * SECOND)]
    assert not fusion.witnesses()


def test_no_source_is_a_witness_of_its_own_word():
    fusion = Fusion()
    take(fusion, said(("abc123", 0, 33.0, 36.0)))
    take(fusion, said(("abc123", 5, 33.01, 36.0), kind=Kind.RADAR))
    assert not fusion.witnesses()


def test_two_of_a_sort_that_contradict_each_other_are_both_kept_apart_and_told():
    fusion = Fusion()
    take(fusion, said(("abc123", 0, 33.0, 36.0)))
    batch = said(("abc123", 4, 35.0, 36.0), source="liar")
    assert take(fusion, batch) == [False]
    assert fusion.apart.tolist() == [True]
    [told] = fusion.contradictions()
    assert (told.one, told.other, told.lat) == (Kind.ADSB, Kind.ADSB, 33.0)
    assert judged(batch, np.array([False]), fusion.apart).names[-1] == "abc123@liar"
    assert take(fusion, said(("abc123", 5, 33.0, 36.0))) == [True]


def test_who_brings_a_flood_of_names_forgets_his_own_and_not_those_of_others():
    fusion = Fusion(most=2_000)
    take(fusion, said(("abc123", 0, 33.0, 36.0)))
    for first in range(0, 6_000, 500):
        ahead = {"squawk": ("7700", NOON + 119 * SECOND)}
        fusion.tell("liar", Kind.ADSB, {f"{n:06x}": ahead for n in range(first, first + 500)}, NOON)
        rows = [(f"{n:06x}", 1.0, 33.0, 36.0) for n in range(first + 10_000, first + 10_500)]
        take(fusion, said(*rows, source="flood"))
    assert len(fusion) <= 2_000
    assert shown(fusion, 2)["lat"] == 33.0


def test_what_is_told_besides_places_is_in_the_picture_by_its_source():
    fusion = Fusion()
    take(fusion, said(("abc123", 0, 33.0, 36.0), callsign=np.array([0]), callsigns=["RYR1427"]))
    told = {"abc123": {"squawk": ("7700", NOON), "category": ("A3", NOON), "nonsense": (1, NOON)}}
    fusion.tell("north", Kind.ADSB, told, NOON)
    fusion.tell(
        "north", Kind.ADSB, {"abc123": {"squawk": (7600, NOON), "gs": ("fast", NOON)}}, NOON
    )
    one = shown(fusion, 1)
    assert (one["flight"], one["squawk"], one["category"]) == ("RYR1427", "7700", "A3")
    assert "nonsense" not in one
    assert fusion.left_out["told_wrongly"] == 2


def test_an_aircraft_on_the_ground_says_so():
    fusion = Fusion()
    take(fusion, said(("abc123", 0, 33.0, 36.0), ground=np.array([True])))
    assert shown(fusion, 0)["alt_baro"] == "ground"


def test_who_is_silent_leaves_the_picture():
    fusion = Fusion()
    take(fusion, said(("abc123", 0, 33.0, 36.0)))
    assert len(fusion.picture(NOON + 60 * SECOND)) == 1
    assert not fusion.picture(NOON + 61 * SECOND)


def test_a_flood_of_addresses_does_not_fill_the_memory():
    fusion = Fusion(most=2_000)
    for second in range(12):
        rows = [(f"{second * 500 + k:06x}", second, 33.0, 36.0) for k in range(500)]
        take(fusion, said(*rows))
    assert len(fusion) <= 2_000
    assert fusion.left_out["aircraft_forgotten"] > 0
    assert len({one["hex"] for one in fusion.picture(NOON + 12 * SECOND)}) == len(fusion)


def test_a_sort_of_sensor_that_nobody_knows_counts_as_unknown():
    batch = said(("abc123", 0, 33.0, 36.0))
    batch.kind[:] = 99
    fusion = Fusion()
    assert take(fusion, batch) == [True]
    assert shown(fusion, 0)["type"] == "unknown"


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(["n", "s"]), st.sampled_from([Kind.ADSB, Kind.MLAT]), st.integers(0, 400)),
        min_size=1,
        max_size=30,
    )
)  # fmt: skip
def test_a_fresh_more_reliable_place_is_never_replaced(events: list[tuple[str, Kind, int]]):
    fusion, adsb_at = Fusion(), -10_000.0
    for source, kind, tenths in sorted(events, key=lambda one: one[2]):
        at = tenths / 10
        carried = take(fusion, said(("abc123", at, 33.0, 36.0), source=source, kind=kind))[0]
        if kind is Kind.ADSB and carried:
            adsb_at = at
        if kind is Kind.MLAT and carried:
            assert at - adsb_at > 20
