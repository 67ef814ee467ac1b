"""When a zone applies: days, clocks and the sun, and refusal where nobody can know."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from truceline.errors import Malformed, Refused
from truceline.geo.position import from_degrees
from truceline.geo.schedule import ClockTime, Daily, Day, Period, SunEvent, SunTime, windows
from truceline.geo.sun import sun_table
from truceline.geo.volume import Window

HOUR = 3_600_000_000
MONDAY = datetime(2017, 7, 17, tzinfo=UTC)


def week(period, **more):
    return windows(period, start=MONDAY, end=MONDAY + timedelta(days=7), **more)


def test_without_a_schedule_the_window_itself_applies():
    assert week(Period(Window(MONDAY + timedelta(days=1)))) == (
        Window(MONDAY + timedelta(days=1), MONDAY + timedelta(days=7)),
    )


def test_days_and_clock_times_are_read_on_their_own_clock():
    daily = Daily(
        (Day.SAT, Day.SUN), ClockTime(17 * HOUR, "+03:00"), ClockTime(23 * HOUR, "+03:00")
    )

    found = week(Period(schedule=(daily,)))

    assert [(one.start.isoformat(), one.end.isoformat()) for one in found] == [
        ("2017-07-22T14:00:00+00:00", "2017-07-22T20:00:00+00:00"),
        ("2017-07-23T14:00:00+00:00", "2017-07-23T20:00:00+00:00"),
    ]


def test_an_end_before_its_start_is_on_the_next_day_and_whole_days_join():
    night = Daily((Day.ANY,), ClockTime(22 * HOUR), ClockTime(4 * HOUR))

    found = week(Period(schedule=(night,)))

    assert found[0] == Window(MONDAY, MONDAY + timedelta(hours=4))
    assert all(one.end - one.start == timedelta(hours=6) for one in found[1:-1])
    assert len(week(Period(schedule=(Daily((Day.ANY,)),)))) == 1


def test_a_named_clock_follows_its_summer_time():
    daily = Daily(
        (Day.ANY,), ClockTime(12 * HOUR, "Asia/Damascus"), ClockTime(13 * HOUR, "Asia/Damascus")
    )
    summer = week(Period(schedule=(daily,)))
    winter = windows(
        Period(schedule=(daily,)),
        start=datetime(2017, 12, 1, tzinfo=UTC),
        end=datetime(2017, 12, 2, tzinfo=UTC),
    )

    assert summer[0].start.hour == 9
    assert winter[0].start.hour == 10


def test_the_sun_is_taken_from_a_table_and_never_guessed():
    period = Period(schedule=(Daily((Day.ANY,), SunTime(SunEvent.SR), SunTime(SunEvent.SS, 1800)),))
    damascus = from_degrees(lat=33.51, lon=36.29)

    found = week(period, sun=sun_table(damascus))

    assert timedelta(hours=14) < found[1].end - found[1].start < timedelta(hours=15)
    with pytest.raises(Refused, match="sun"):
        week(period)


def test_where_the_sun_does_not_rise_there_is_no_window():
    period = Period(schedule=(Daily((Day.ANY,), SunTime(SunEvent.SR), SunTime(SunEvent.SS)),))
    at = datetime(2017, 12, 20, tzinfo=UTC)

    assert (
        windows(
            period,
            start=at,
            end=at + timedelta(days=2),
            sun=sun_table(from_degrees(lat=75, lon=20)),
        )
        == ()
    )


def test_holidays_count_where_they_are_told():
    period = Period(schedule=(Daily((Day.HOLIDAY,)),))

    assert week(period) == ()
    assert len(week(period, holidays=frozenset([date(2017, 7, 19)]))) == 1


def test_hours_in_words_alone_are_refused():
    with pytest.raises(Refused, match="in words"):
        week(Period(text="HJ, except during the harvest"))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "+99:99", "../etc/passwd", "+3"])
def test_a_clock_that_nobody_knows_is_refused(zone):
    with pytest.raises(Malformed, match="not an offset"):
        week(Period(schedule=(Daily((Day.ANY,), ClockTime(0, zone)),)))
