"""How a zone is written as a NOTAM. Reading is `notam.py`.

Item Q is computed to contain the zone: its centre in whole minutes, its radius in
whole nautical miles, its levels in hundreds of feet, each outwards. Item E names the
vertices to a hundredth of a second. A NOTAM that was read and not changed since is
written as it stood. The number and the FIR are the NOTAM office's to give; where a
zone has none, A0000 and ZZZZ stand for them.
"""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from truceline.errors import Reason, Refused, TrucelineError
from truceline.geo.altitude import FOOT_MM, Altitude, Datum, Unit
from truceline.geo.flatten import arc_vertices, flatten, on_geodesics
from truceline.geo.geodesic import distance_m
from truceline.geo.position import E7, Position
from truceline.geo.ring import lonlat
from truceline.geo.schedule import ClockTime, Daily, Day, Moment, Period, SunEvent, SunTime
from truceline.geo.volume import (
    Arc,
    ArcBetween,
    ArcRing,
    Circle,
    Corridor,
    Edge,
    MultiPolygon,
    Operation,
    Polygon,
    Shape,
)
from truceline.zones.boundary import Limit, ZoneContent, ZoneKind, ZoneVolume
from truceline.zones.formats import ed, json_text, notam
from truceline.zones.formats.reading import Loss, Written, lost_dataset, lost_extras, lost_fields

MAX_LINE = 69
"""The length of a line in the fixed network's messages."""

NO_NUMBER, NO_PLACE = "A0000", "ZZZZ"
NM_MM = 1_852_000

_CODES = {
    ZoneKind.NO_FLY: ("QRPCA", "PROHIBITED AREA"),
    ZoneKind.RESTRICTED: ("QRRCA", "RESTRICTED AREA"),
    ZoneKind.DANGER: ("QRDCA", "DANGER AREA"),
}
_OTHER = ("QRTCA", "TEMPO RESTRICTED AREA")
_KEPT = frozenset(
    (
        "code",
        "kind",
        "names",
        "ids",
        "raw_kinds",
        "messages",
        "volumes",
        "applicability",
        "extras",
        "original",
    )
)
_KEPT_OF_VOLUME = frozenset(("shape", "lower", "upper", "edge", "operation"))
_WEEK = [str(one) for one in Day][:7]


def write(zones: tuple[ZoneContent, ...]) -> Written:
    """Return the zones as NOTAM, one for each, with a blank line between.

    A zone without a geometry or without a beginning is left out and named; refuses
    where nothing is left.
    """
    made: list[str] = []
    losses: list[Loss] = []
    refusals: list[TrucelineError] = []
    for content in zones:
        if (kept := _as_it_stood(content)) is not None:
            made.append(kept)
            continue
        lost = ed.Losses(content.code)
        try:
            made.append(_notam(content, lost))
        except TrucelineError as error:
            refusals.append(error)
            losses.append(Loss(content.code, "zone", f"it was left out: {error.detail}"))
            continue
        lost.found += lost_fields(content, kept=_KEPT, kept_of_volume=_KEPT_OF_VOLUME)
        lost.found += lost_extras(content, "notam")
        losses += dict.fromkeys(lost.found)
    if refusals and not made:
        raise refusals[0]
    losses += lost_dataset(zones, "notam")
    return Written(("\n\n".join(made) + "\n").encode(), tuple(losses))


def _as_it_stood(content: ZoneContent) -> str | None:
    """The text that the zone was read from, where it still says the same."""
    found = next((one for one in content.extras if one.key == "notam:text"), None)
    if found is None:
        return None
    kept = str(json_text.parse_text(found.json, where=found.key))
    return next((text for text in (f"({kept})", kept) if _reads_as(text, content)), None)


def _reads_as(text: str, content: ZoneContent) -> bool:
    try:
        zones = notam.read(text.encode()).zones
    except TrucelineError:
        return False
    again = [replace(one, code=content.code, original=content.original) for one in zones]
    return again == [content]


def _notam(content: ZoneContent, lost: ed.Losses) -> str:
    if content.unresolved:
        raise Refused(Reason.BAD_GEOMETRY, where=content.code, detail="it has no geometry")
    begin, end = _bounds(content, lost)
    volumes = _sayable(content, lost)
    if not any(one.operation is Operation.UNION for one in volumes):
        raise Refused(Reason.BAD_GEOMETRY, where=content.code, detail="nothing of it adds airspace")
    place = _place(content, "notam.location", lost)
    code, title = _CODES.get(content.kind, _OTHER)
    raw = content.raw_kind("notam.qcode")
    if content.kind not in _CODES and not raw:
        lost("kind", f"{content.kind} is written as a {title.lower()}")
    low, high = _levels(volumes)
    items = [
        f"{_number(content, begin, lost)} NOTAMN",
        f"Q) {_place(content, 'notam.fir', lost)}/{raw or code}/IV/BO/W/{low}/{high}/{envelope(volumes)}",
        f"A) {place} B) {begin:%y%m%d%H%M} C) {end}",
        *_item_d(content.applicability, lost),
        _wrapped(f"E) {_text(content, title, volumes, lost)}"),
        _item_fg(volumes, lost),
    ]
    return "(" + "\n".join(items) + ")"


def _number(content: ZoneContent, begin: datetime, lost: ed.Losses) -> str:
    known = content.id_in("notam.id")
    if known and not any(one.key == "notam:text" for one in content.extras):
        return known
    if known:
        lost("number", f"it has changed since {known}: the NOTAM office gives another number")
    else:
        lost("number", f"{NO_NUMBER} stands for the number that the NOTAM office gives")
    return f"{NO_NUMBER}/{begin:%y}"


def _place(content: ZoneContent, scheme: str, lost: ed.Losses) -> str:
    known = content.id_in(scheme) or content.id_in("notam.fir")
    if re.fullmatch(r"[A-Z]{4}(?: [A-Z]{4})*", known):
        return known
    lost("FIR", f"{NO_PLACE} stands for the FIR that the NOTAM office gives")
    return NO_PLACE


# -- when ------------------------------------------------------------------------------------


def _bounds(content: ZoneContent, lost: ed.Losses) -> tuple[datetime, str]:
    """Items B and C: from the first beginning to the last end, in whole minutes, outwards."""
    windows = [one.window for one in content.applicability] or [
        one.window for one in content.volumes
    ]
    starts = [one.start for one in windows if one.start]
    if len(starts) < len(windows) or not starts:
        raise Refused(
            Reason.BAD_TIME,
            where=content.code,
            detail="it has no beginning, and a NOTAM needs one (item B)",
            remedy="Give the zone a time of applicability",
        )
    if len(set(windows)) > 1:
        lost("applicability", "several windows are written as one, from the first to the last")
    begin = min(starts).astimezone(UTC).replace(second=0, microsecond=0)
    ends = [one.end for one in windows]
    if None in ends:
        return begin, "PERM"
    last = max(one for one in ends if one is not None).astimezone(UTC)
    if last.second or last.microsecond:
        last = last.replace(second=0, microsecond=0) + timedelta(minutes=1)
    if begin != min(starts) or last != max(one for one in ends if one is not None):
        lost("applicability", "times are written in whole minutes, outwards")
    estimated = any(one.end_estimated for one in content.applicability)
    if not begin.year >= 2000 or last.year > 2099:
        raise Refused(
            Reason.BAD_TIME, where=content.code, detail="a NOTAM knows the years 2000 to 2099 alone"
        )
    return begin, f"{last:%y%m%d%H%M}{'EST' if estimated else ''}"


def _item_d(periods: Sequence[Period], lost: ed.Losses) -> Iterator[str]:
    schedules = {one.schedule for one in periods}
    if not periods or schedules == {()}:
        if any(one.text for one in periods):
            lost("hours", "hours in words are not told; it is written for the whole time")
        return
    texts = [_daily(one) for one in periods[0].schedule]
    if len(schedules) > 1 or any(one is None for one in texts):
        lost(
            "hours", "hours that a NOTAM cannot say are left out; it is written for the whole time"
        )
        return
    yield _wrapped(f"D) {', '.join(one for one in texts if one)}")


def _daily(daily: Daily) -> str | None:
    """`MON-FRI 0700-1700`; None for hours in another zone than UTC, holidays and twilight."""
    if Day.HOLIDAY in daily.days:
        return None
    days = (
        "DAILY"
        if Day.ANY in daily.days
        else " ".join(name for name in _WEEK if Day(name) in daily.days)
    )
    if daily.start is None and daily.end is None:
        return f"{days} H24"
    start, end = _clock(daily.start, "0000"), _clock(daily.end, "2400")
    return f"{days} {start}-{end}" if start and end else None


def _clock(at: Moment | None, none: str) -> str | None:
    match at:
        case None:
            return none
        case SunTime():
            if at.event not in (SunEvent.SR, SunEvent.SS) or at.offset_s % 60:
                return None
            minutes = abs(at.offset_s) // 60
            sign = "MINUS" if at.offset_s < 0 else "PLUS"
            return f"{at.event}{f' {sign}{minutes}' if minutes else ''}" if minutes < 1000 else None
        case ClockTime():
            minutes, rest = divmod(at.micros, 60_000_000)
            if rest or at.zone not in ("Z", "UTC", ""):
                return None
            return f"{minutes // 60:02d}{minutes % 60:02d}"


# -- where -----------------------------------------------------------------------------------


def _sayable(content: ZoneContent, lost: ed.Losses) -> list[ZoneVolume]:
    """The volumes that English words can say: what adds and what is taken away."""
    made = []
    for number, one in enumerate(content.volumes, start=1):
        if one.operation is Operation.INTERSECT:
            lost(
                f"volume {number}",
                "a NOTAM cannot intersect; the zone is written without it, larger",
            )
        elif one.operation is Operation.SUBTRACT and (
            one.lower != content.volumes[0].lower or one.upper != content.volumes[0].upper
        ):
            lost(f"volume {number}", "what is taken away between other limits is left out; larger")
        else:
            made.append(one)
    return made


def _text(content: ZoneContent, title: str, volumes: list[ZoneVolume], lost: ed.Losses) -> str:
    name = _plain(content.name(), lost, silent=not content.names)
    areas = [
        (one, words)
        for number, one in enumerate(volumes, start=1)
        for words in _areas(one, number, lost)
    ]
    if len({(one.lower, one.upper) for one in volumes}) > 1:
        lost("limits", "areas with limits of their own are written between the widest of them")
    parts = [
        f"{'EXC' if one.operation is Operation.SUBTRACT else 'AREA'} {words}"
        for one, words in areas
    ]
    if content.messages:
        lost("messages", "remarks are not told")
    if len(content.names) > 1 or any(one.lang for one in content.names):
        lost("names", "one name without a language is told")
    return f"{title} {name} ACT WI " + " AND WI ".join(parts).replace("AND WI EXC", "EXC") + "."


def _plain(text: str, lost: ed.Losses, *, silent: bool) -> str:
    """The letters that the fixed network carries."""
    flat = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    made = " ".join(re.sub(r"[^A-Z0-9 /,.'-]", " ", flat).split())
    # A name such as "3300N03600E" or "2NM RADIUS" would be read as a part of the area.
    made = " ".join(word for word in made.split() if not re.search(r"\d", word) or len(word) < 6)
    if made != text.upper() and not silent:
        lost("names", "letters that the aeronautical network cannot carry are left out")
    return made[:60].strip() or "ZONE"


def _areas(volume: ZoneVolume, number: int, lost: ed.Losses) -> Iterator[str]:
    place, shape = f"volume {number}", volume.shape
    match shape:
        case Circle():
            yield f"CIRCLE RADIUS {_length(shape.radius_mm, place, lost)} CENTRED ON {_point(shape.centre, place, lost)}"
        case Corridor() if volume.edge is Edge.GEODESIC and shape.width_mm % 2 == 0:
            line = " - ".join(_point(one, place, lost) for one in shape.centreline)
            yield f"{_length(shape.width_mm // 2, place, lost)} EITHER SIDE OF LINE {line}"
        case ArcRing() if volume.edge is Edge.GEODESIC:
            yield _arcs(shape, place, lost)
        case _:
            for polygon in _polygons(shape, volume.edge, place, lost):
                if polygon.holes:
                    lost(place, "holes are left out; the zone is written larger")
                yield _points(polygon.outer, place, lost)


def _polygons(shape: Shape, edge: Edge, place: str, lost: ed.Losses) -> tuple[Polygon, ...]:
    if isinstance(shape, (Polygon, MultiPolygon)) and edge is Edge.GEODESIC:
        return shape.polygons if isinstance(shape, MultiPolygon) else (shape,)
    lost(
        place,
        f"a {type(shape).__name__.lower()} with {edge} edges is drawn with vertices, within a metre",
    )
    flat = flatten(shape, edge=edge)
    if edge is not Edge.LONLAT:
        return flat
    return tuple(Polygon(on_geodesics((*p.outer, p.outer[0]))[:-1], p.holes) for p in flat)


def _points(ring: Sequence[Position], place: str, lost: ed.Losses) -> str:
    return " - ".join(_point(one, place, lost) for one in ring) + " - TO POINT OF ORIGIN"


def _arcs(shape: ArcRing, place: str, lost: ed.Losses) -> str:
    """Vertices and arcs; an arc begins at the vertex before it."""
    words: list[str] = []
    for one in shape.segments:
        if isinstance(one, Position):
            words.append(_point(one, place, lost))
            continue
        start, end = _ends(one)
        first = _point(start, place, lost)
        if not words or words[-1] != first:
            words.append(first)
        turn = "CLOCKWISE" if one.clockwise else "ANTICLOCKWISE"
        radius = f"{distance_m(one.centre, start) / 1852:.2f}NM"
        arc = f"THENCE {turn} ARC RADIUS {radius} CENTRED ON {_point(one.centre, place, lost)} TO {_point(end, place, lost)}"
        words[-1] = f"{words[-1]} {arc}"
        words.append("")
    text = " - ".join(one for one in words if one)
    return f"{text} - TO POINT OF ORIGIN"


def _ends(one: Arc | ArcBetween) -> tuple[Position, Position]:
    if isinstance(one, ArcBetween):
        return one.start, one.end
    vertices = arc_vertices(ArcRing((one,)), tolerance_m=100.0)
    return vertices[0], vertices[-1]


def _point(at: Position, place: str, lost: ed.Losses) -> str:
    """`331530N0361530E`, with hundredths of a second where they are needed."""
    lat, exact_lat = _angle(at.lat_e7, 2)
    lon, exact_lon = _angle(at.lon_e7, 3)
    if not (exact_lat and exact_lon):
        lost(place, "positions are written to a hundredth of a second")
    return f"{lat}{'S' if at.lat_e7 < 0 else 'N'}{lon}{'W' if at.lon_e7 < 0 else 'E'}"


def _angle(value_e7: int, wide: int) -> tuple[str, bool]:
    hundredths = round(abs(value_e7) * 360_000 / E7)
    degrees, rest = divmod(hundredths, 360_000)
    minutes, rest = divmod(rest, 6_000)
    seconds, parts = divmod(rest, 100)
    text = f"{degrees:0{wide}d}{minutes:02d}{seconds:02d}" + (f".{parts:02d}" if parts else "")
    return text, round(hundredths * E7 / 360_000) == abs(value_e7)


def _length(mm: int, place: str, lost: ed.Losses) -> str:
    """A length in hundredths of a nautical mile where it is one, else in metres, outwards."""
    if mm * 100 % NM_MM == 0:
        return f"{mm / NM_MM:.2f}".rstrip("0").rstrip(".") + "NM"
    if mm % 1000:
        lost(place, "lengths are written in whole metres, outwards")
    return f"{math.ceil(mm / 1000)}M"


# -- the envelope and the limits -----------------------------------------------------------------


def envelope(volumes: Sequence[ZoneVolume]) -> str:
    """Return the centre and radius of item Q: `3330N03618E020`, around all that adds to a zone."""
    rings = [
        polygon.outer
        for one in volumes
        if one.operation is Operation.UNION
        for polygon in flatten(one.shape, edge=one.edge, tolerance_m=100.0)
    ]
    points = [at for ring in rings for at in ring]
    coords = lonlat(points)
    (west, south), (east, north) = coords.min(axis=0), coords.max(axis=0)
    lat, lon = round((south + north) * 30), round((west + east) * 30)
    centre = Position(round(lat * E7 / 60), round(lon * E7 / 60))
    # The chords of a flattened circle lie up to 100 m within it.
    far = max(distance_m(centre, at) for at in points) + 200.0
    radius = min(999, math.ceil(far / 1852))
    return (
        f"{abs(lat) // 60:02d}{abs(lat) % 60:02d}{'S' if lat < 0 else 'N'}"
        f"{abs(lon) // 60:03d}{abs(lon) % 60:02d}{'W' if lon < 0 else 'E'}{radius:03d}"
    )


def _levels(volumes: Sequence[ZoneVolume]) -> tuple[str, str]:
    """The levels of item Q in hundreds of feet, outwards; 000 and 999 where they cannot be known."""
    lows = [_hundreds(one.lower, up=False) for one in volumes]
    highs = [_hundreds(one.upper, up=True) for one in volumes]
    return f"{max(0, min(lows)):03d}", f"{min(999, max(highs)):03d}"


def _hundreds(limit: Limit, *, up: bool) -> int:
    at = limit.altitude
    if at is None or at.datum in (Datum.AGL, Datum.SFC, Datum.WGS84):
        return 999 if up else 0
    value = at.mm / FOOT_MM / 100
    return math.ceil(value - 1e-6) if up else math.floor(value + 1e-6)


def _item_fg(volumes: Sequence[ZoneVolume], lost: ed.Losses) -> str:
    added = [one for one in volumes if one.operation is Operation.UNION]
    low = _widest([one.lower for one in added], "lower", lost)
    high = _widest([one.upper for one in added], "upper", lost)
    return f"F) {_limit(low, 'SFC', lost)} G) {_limit(high, 'UNL', lost)}"


def _widest(limits: list[Limit], side: str, lost: ed.Losses) -> Limit:
    """The limit that holds all; where they have different datums, none."""
    if len(set(limits)) == 1:
        return limits[0]
    heights = [one.altitude for one in limits]
    if any(one is None for one in heights) or len({one.datum for one in heights if one}) > 1:
        if side == "lower" and all(
            one and (one.datum is Datum.SFC or (one.datum is Datum.AGL and one.mm >= 0))
            for one in heights
        ):
            return Limit(Altitude(0, Datum.SFC, Unit.M))
        lost(f"{side} limits", "they cannot be compared; it is written without a limit")
        return Limit()
    pick = min if side == "lower" else max
    return pick(limits, key=lambda one: one.altitude.mm if one.altitude else 0)


def _limit(limit: Limit, none: str, lost: ed.Losses) -> str:
    at = limit.altitude
    if (
        limit.geoid
        or limit.inclusive is not None
        or (limit.text and at and at.datum is not Datum.SFC)
    ):
        lost("limits", "geoid, inclusion and words of the limit are not kept")
    if at is None:
        if limit.unreadable:
            lost("limits", f"{limit.text!r} is no height; it is written without a limit")
        return none
    if at.datum is Datum.SFC:
        return "GND" if limit.text == "GND" else "SFC"
    if at.datum is Datum.WGS84:
        lost("limits", "a height above WGS 84 has no place; it is written without a limit")
        return none
    up = none == "UNL"
    if at.datum is Datum.STD:
        level = at.mm / (100 * FOOT_MM)
        whole = math.ceil(level - 1e-6) if up else math.floor(level + 1e-6)
        if abs(level - whole) > 1e-6 or at.unit is not Unit.FL:
            lost("limits", "a pressure altitude is written as a whole flight level, outwards")
        return f"FL{whole:03d}" if 0 <= whole <= 999 else none
    scale = 1000.0 if at.unit is Unit.M else FOOT_MM
    value = at.mm / scale
    whole = math.ceil(value - 1e-6) if up else math.floor(value + 1e-6)
    if abs(value - whole) > 1e-6:
        lost("limits", "heights are written as whole feet or metres, outwards")
    if whole < 0:
        lost("limits", "a height under zero is written as none")
        return none
    return f"{whole}{'M' if at.unit is Unit.M else 'FT'} {at.datum}"


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, MAX_LINE, break_long_words=False, break_on_hyphens=False))
