"""How a zone is written as OpenAir, and what is lost on the way. Reading is `openair.py`."""

from __future__ import annotations

from truceline.geo.altitude import SURFACE, Altitude, Datum, Unit
from truceline.geo.position import E7, Position
from truceline.geo.schedule import Period
from truceline.geo.volume import (
    Arc,
    ArcBetween,
    ArcRing,
    Circle,
    Corridor,
    Edge,
    MultiPolygon,
    Polygon,
    Segment,
    Shape,
)
from truceline.zones.boundary import (
    Limit,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
    polygons_of,
)
from truceline.zones.formats import json_text
from truceline.zones.formats.limits import instant_text
from truceline.zones.formats.reading import (
    Loss,
    joined_volumes,
)

NM_MM = 1_852_000

_CLASSES = {ZoneKind.NO_FLY: "P", ZoneKind.RESTRICTED: "R", ZoneKind.DANGER: "Q"}


def airspaces(content: ZoneContent, losses: list[Loss]) -> list[str]:
    """Return the lines of a zone, one airspace for each of its areas; losses are added to `losses`."""
    volumes, left = joined_volumes(content)
    losses += left
    areas = [(one, shape) for one in volumes for shape in _areas(one.shape)]
    if len(areas) > 1:
        losses.append(
            Loss(content.code, "volumes", f"they became {len(areas)} airspaces of one name")
        )
    if len(content.names) > 1 or any(one.lang for one in content.names):
        losses.append(Loss(content.code, "names", "one name without a language is kept"))
    lines: list[str] = []
    for number, (volume, shape) in enumerate(areas, start=1):
        if volume.edge is not Edge.GEODESIC:
            losses.append(
                Loss(
                    content.code,
                    f"volume {number}, edge",
                    f"{volume.edge} edges will be read as geodesics",
                )
            )
        lines += _airspace(content, volume, shape, losses, number)
    return lines


def _areas(shape: Shape) -> tuple[Shape, ...]:
    return shape.polygons if isinstance(shape, MultiPolygon) else (shape,)


def _airspace(
    content: ZoneContent, volume: ZoneVolume, shape: Shape, losses: list[Loss], number: int
) -> list[str]:
    comments = [one for one in content.extras if one.key == "openair:*"]
    lines = ["", *(str(json_text.parse_text(one.json, where=one.key)) for one in comments)]
    klass = content.raw_kind("openair.AC") or _CLASSES.get(content.kind, "R")
    if not content.raw_kind("openair.AC") and content.kind not in _CLASSES and number == 1:
        losses.append(Loss(content.code, "kind", f"{content.kind} is written as class {klass}"))
    lines.append(f"AC {klass}")
    if kind := content.raw_kind("openair.AY"):
        lines.append(f"AY {kind}")
    if content.names:
        lines.append(f"AN {_one_line(content.names[0].text)}")
    if content.id_in("openair.AI") or not content.names or content.names[0].text != content.code:
        lines.append(f"AI {content.id_in('openair.AI') or _one_line(content.code)}")
    for period in content.applicability:
        lines += _period(content, period, losses)
    lines += [
        f"{one.key.removeprefix('openair:')} {json_text.parse_text(one.json, where=one.key)}".rstrip()
        for one in content.extras
        if one.key.startswith("openair:") and one.key != "openair:*"
    ]
    for word, limit in (("AH", volume.upper), ("AL", volume.lower)):
        lines += _limit(content, word, limit, losses, number)
    return lines + _border(content, shape, losses)


def _period(content: ZoneContent, period: Period, losses: list[Loss]) -> list[str]:
    if period.schedule or period.text or period.end_estimated or period.permanent is not None:
        losses.append(
            Loss(content.code, "applicability", "only the first and last instant are kept")
        )
    window = period.window
    if window.start is None and window.end is None:
        return []
    texts = [instant_text(at) if at else "NONE" for at in (window.start, window.end)]
    return [f"AA {texts[0]}/{texts[1]}"]


def _limit(
    content: ZoneContent, word: str, limit: Limit, losses: list[Loss], number: int
) -> list[str]:
    if (
        limit.geoid
        or limit.inclusive is not None
        or (limit.text and limit.altitude and limit.altitude != SURFACE)
    ):
        losses.append(
            Loss(
                content.code,
                f"volume {number}, {word}",
                "geoid, inclusion and spelling are not kept",
            )
        )
    if limit.altitude is None:
        return [f"{word} {_one_line(limit.text)}"] if limit.text else []
    text = height_text(limit.altitude)
    if text is None:
        losses.append(
            Loss(
                content.code,
                f"volume {number}, {word}",
                "a height above the ellipsoid is left out; the zone is written larger",
            )
        )
        return []
    return [f"{word} {limit.text if limit.altitude == SURFACE and limit.text else text}"]


def height_text(at: Altitude) -> str | None:
    """Return a height as OpenAir writes it; None above the ellipsoid, which it does not know."""
    if at.datum is Datum.SFC:
        return "SFC"
    if at.unit is Unit.FL:
        return f"FL{at.as_given}"
    words = {Datum.AGL: "AGL", Datum.AMSL: "MSL", Datum.STD: "STD"}
    return f"{at.as_given} {at.unit} {words[at.datum]}" if at.datum in words else None


def _border(content: ZoneContent, shape: Shape, losses: list[Loss]) -> list[str]:
    match shape:
        case Circle():
            return [f"V X={point_text(shape.centre)}", f"DC {_in_nm(shape.radius_mm)}"]
        case Corridor():
            return [
                f"V W={_in_nm(shape.width_mm)}",
                *(f"DY {point_text(one)}" for one in shape.centreline),
            ]
        case ArcRing():
            return [line for one in shape.segments for line in _segment(one)]
        case Polygon() | MultiPolygon():
            (polygon,) = polygons_of(shape)
            if polygon.holes:
                losses.append(
                    Loss(content.code, "holes", "OpenAir has none; the zone is written larger")
                )
            return [f"DP {point_text(one)}" for one in polygon.outer]


def _segment(segment: Segment) -> list[str]:
    match segment:
        case Position():
            return [f"DP {point_text(segment)}"]
        case Arc():
            turn, centre = "+" if segment.clockwise else "-", point_text(segment.centre)
            bearings = ", ".join(
                f"{one / E7:.7f}".rstrip("0").rstrip(".")
                for one in (segment.start_e7, segment.end_e7)
            )
            return [f"V D={turn}", f"V X={centre}", f"DA {_in_nm(segment.radius_mm)}, {bearings}"]
        case ArcBetween():
            turn, centre = "+" if segment.clockwise else "-", point_text(segment.centre)
            return [
                f"V D={turn}",
                f"V X={centre}",
                f"DB {point_text(segment.start)}, {point_text(segment.end)}",
            ]


def _in_nm(mm: int) -> str:
    return f"{mm / NM_MM:.7f}".rstrip("0").rstrip(".")


def point_text(at: Position) -> str:
    """Return a point as OpenAir writes it, with the digits that give back every 1e-7 degree."""
    return f"{_sexagesimal(at.lat_e7, 2)} {'S' if at.lat_e7 < 0 else 'N'} {_sexagesimal(at.lon_e7, 3)} {'W' if at.lon_e7 < 0 else 'E'}"


def _sexagesimal(e7: int, width: int) -> str:
    """Degrees, minutes and seconds, with the fewest decimals that give back every 1e-7 degree."""
    for digits in range(5):
        unit = 10**digits
        count = round(abs(e7) * 3600 * unit / E7)
        if round(count / unit / 3600 * E7) == abs(e7):
            break
    seconds, rest = divmod(count, unit)
    text = f"{seconds // 3600:0{width}d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    return f"{text}.{rest:0{digits}d}" if rest else text


def _one_line(text: str) -> str:
    return " ".join(text.split())
