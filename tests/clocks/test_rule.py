"""From the words of an agreement to an instant, on the calendar and clock of the place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulators.assembly import DAY, HOUR, instant

from truceline.clocks import calendar, rule
from truceline.clocks.calendar import Duration
from truceline.clocks.rule import Moments
from truceline.errors import Malformed

SIGNED = instant("2017-05-04 10:00")  # 13:00 in Damascus


def of(**says) -> rule.Rule:
    renamed = {name.rstrip("_"): value for name, value in says.items()}
    return rule.read({"rule": "as the text has it", "says": renamed})


def due(moments: Moments | None = None, *, log_zone: str = "UTC", **says):
    return rule.instant(of(**says), moments or Moments(SIGNED), zone=log_zone)


# -- the memorandum of 4 May 2017 in its public versions (DOMAIN 1.1) ---------------------------

DAMASCUS = {"zone": "Asia/Damascus"}
VERSIONS = {
    # what enters into force, working group, maps
    "TASS": (
        {"from_": "signature"},
        {"from_": "signature", "plus": "P10D"},
        {"from_": "instant", "at": instant("2017-05-26 21:00")},
    ),
    "Interfax": (
        {"from_": "day_after_signature", **DAMASCUS},
        {"from_": "signature", "plus": "P2W"},
        {"from_": "instant", "at": instant("2017-06-03 21:00")},
    ),
    "text": (
        {"from_": "day_after_signature", **DAMASCUS},
        {"from_": "signature", "plus": "P2W", **DAMASCUS},
        {"from_": "instant", "at": instant("2017-06-03 21:00")},
    ),
}
EXPECTED = {
    "TASS": ("2017-05-04 10:00", "2017-05-14 10:00", "2017-05-26 21:00"),
    "Interfax": ("2017-05-04 21:00", "2017-05-18 10:00", "2017-06-03 21:00"),
    "text": ("2017-05-04 21:00", "2017-05-18 10:00", "2017-06-03 21:00"),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_each_public_version_of_one_memorandum_gives_its_own_instants(version):
    assert tuple(due(**says) for says in VERSIONS[version]) == tuple(
        instant(text) for text in EXPECTED[version]
    )


def test_the_versions_disagree_on_entry_by_hours_and_on_the_working_group_by_days():
    entry = [due(**VERSIONS[version][0]) for version in ("TASS", "text")]
    group = [due(**VERSIONS[version][1]) for version in ("TASS", "text")]
    assert entry[1] - entry[0] == 11 * HOUR
    assert group[1] - group[0] == 4 * DAY


def test_noon_in_damascus_on_the_ninth_of_july_is_one_instant_whoever_reads_it():
    noon = due(from_="instant", at=instant("2017-07-08 21:00"), local_time="12:00", **DAMASCUS)
    assert noon == instant("2017-07-09 09:00")


# -- clock changes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("Asia/Damascus", 25),  # fell back on 27 October 2017
        ("Asia/Amman", 25),
        ("Europe/Moscow", 24),
        ("Europe/Istanbul", 24),
    ],
)
def test_in_october_2017_a_day_had_an_hour_more_in_syria_and_jordan_alone(zone, hours):
    noon = calendar.micros(datetime(2017, 10, 26, 12, tzinfo=ZoneInfo(zone)))
    later = due(Moments(noon), from_="signature", plus="P1D", zone=zone)
    assert later - noon == hours * HOUR


def test_elapsed_hours_are_hours_whatever_the_clock_on_the_wall_says():
    noon = instant("2017-10-26 09:00")
    for zone in ("Asia/Damascus", "Europe/Moscow"):
        assert due(Moments(noon), from_="signature", plus="PT48H", zone=zone) == noon + 48 * HOUR


def test_a_term_that_begins_in_summer_ends_at_the_same_hour_of_the_winter_clock():
    started = instant("2017-05-04 21:00")  # midnight in Damascus, UTC+3
    ends = calendar.add(started, Duration(months=6), ZoneInfo("Asia/Damascus"))
    assert ends == instant("2017-11-04 22:00")  # midnight, UTC+2
    ends = calendar.add(started, Duration(months=6), ZoneInfo("Europe/Moscow"))
    assert ends == instant("2017-11-04 21:00")


def test_a_local_time_left_out_is_read_with_the_offset_before_and_one_that_is_twice_is_the_first():
    berlin = {"zone": "Europe/Berlin", "local_time": "02:30"}
    spring = due(from_="instant", at=instant("2017-03-25 22:00"), plus="P1D", **berlin)
    assert spring == instant("2017-03-26 01:30")  # 03:30 on the new clock
    autumn = due(from_="instant", at=instant("2017-10-28 12:00"), plus="P1D", **berlin)
    assert autumn == instant("2017-10-29 00:30")  # the first 02:30


# -- months and working days ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2017, 1, 31), 1, date(2017, 2, 28)),
        (date(2016, 1, 31), 1, date(2016, 2, 29)),
        (date(2017, 8, 31), 6, date(2018, 2, 28)),
        (date(2017, 5, 5), 6, date(2017, 11, 5)),
        (date(2016, 2, 29), 12, date(2017, 2, 28)),
        (date(2017, 12, 31), 2, date(2018, 2, 28)),
    ],
)
def test_a_month_that_ends_on_a_missing_day_ends_on_its_last(start, months, end):
    assert calendar.add_months(start, months) == end


def test_twice_a_month_from_the_thirty_first_is_the_thirty_first():
    january = instant("2017-01-31 12:00")
    assert calendar.add(january, Duration(months=1), UTC, times=2) == instant("2017-03-31 12:00")


@pytest.mark.parametrize(
    ("weekend", "day"),
    [
        (["fri", "sat"], "2017-05-09 10:00"),
        (["sat", "sun"], "2017-05-09 10:00"),
        ([], "2017-05-07 10:00"),
    ],
)
def test_working_days_pass_over_the_weekend_that_the_agreement_names(weekend, day):
    # 4 May 2017 was a Thursday
    found = due(from_="signature", plus="P3D", days="working", weekend=weekend, **DAMASCUS)
    assert found == instant(day)


def test_working_days_pass_over_named_holidays():
    found = due(
        from_="signature",
        plus="P1D",
        days="working",
        weekend=["fri", "sat"],
        holidays=["2017-05-07"],
        **DAMASCUS,
    )
    assert found == instant("2017-05-08 10:00")


# -- what is refused, and what is not known yet -----------------------------------------------------


@pytest.mark.parametrize(
    "says",
    [
        {"from_": "instant"},
        {"from_": "signature", "at": SIGNED},
        {"from_": "signature", "plus": "14 days"},
        {"from_": "signature", "plus": "PT"},
        {"from_": "signature", "local_time": "25:00"},
        {"from_": "signature", "local_time": "12:00", "plus": "PT2H"},
        {"from_": "signature", "zone": "Asia/Atlantis"},
        {"from_": "signature", "plus": "P3D", "days": "working"},
        {"from_": "signature", "plus": "P1M", "days": "working", "weekend": []},
        {"from_": "signature", "weekend": ["sat"]},
        {
            "from_": "signature",
            "plus": "P1D",
            "days": "working",
            "weekend": [],
            "holidays": ["2017-02-30"],
        },
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(says):
    with pytest.raises(Malformed):
        of(**says)


def test_a_rule_beyond_the_year_9999_is_refused_not_crashed():
    with pytest.raises(Malformed):
        due(from_="signature", plus="P9999Y")
    with pytest.raises(Malformed):
        due(from_="signature", plus="P99999D", days="calendar", zone="UTC") and due(
            Moments(instant("9990-01-01 00:00")), from_="signature", plus="P99999D"
        )


def test_nothing_is_due_before_what_it_counts_from_has_happened():
    assert due(Moments(), from_="signature", plus="P14D") is None
    assert due(Moments(SIGNED), from_="day_after_entry") is None


def test_a_rule_without_a_zone_reads_the_clock_of_the_log():
    assert due(from_="day_after_signature", log_zone="Asia/Damascus") == instant("2017-05-04 21:00")
    assert due(from_="day_after_signature") == instant("2017-05-05 00:00")


@given(
    st.integers(0, 4_000_000_000), st.integers(0, 400), st.sampled_from(["UTC", "Europe/Moscow"])
)
def test_without_clock_changes_days_are_elapsed_days(seconds, days, zone):
    start = seconds * 1_000_000
    if zone == "Europe/Moscow":
        start = max(start, instant("2014-11-01 00:00"))
    assert due(Moments(start), from_="signature", plus=f"P{days}D", zone=zone) == start + days * DAY


@given(
    st.integers(0, 4_000_000_000),
    st.integers(1, 60),
    st.sampled_from(["Asia/Damascus", "Europe/Berlin", "America/New_York"]),
)
def test_months_keep_the_hour_and_never_skip_a_month(seconds, months, zone):
    clock = ZoneInfo(zone)
    start = seconds * 1_000_000
    end = calendar.moment(calendar.add(start, Duration(months=months), clock), clock)
    local = calendar.moment(start, clock)
    assert (end.year * 12 + end.month) - (local.year * 12 + local.month) == months
    shift = timedelta(hours=end.hour, minutes=end.minute) - timedelta(
        hours=local.hour, minutes=local.minute
    )
    assert shift in (timedelta(0), timedelta(hours=1)), "but for an hour that a change left out"
