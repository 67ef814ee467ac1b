"""Zones as KML 2.2 and KMZ (OGC 07-147r2), the format of desktop globes.

KML knows lines that follow the ground and absolute heights above the sea (EGM96).
What a globe shows is a polygon at its upper limit; limits, kinds and the zone
document itself travel in `ExtendedData`. In files that are not ours edges are taken
as geodesics (15.11 of the standard leaves it to the viewer; globes draw geodesics),
placemarks without an area are refused one by one, and elements that we do not
interpret are kept verbatim.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from truceline.errors import Malformed, Reason, TrucelineError
from truceline.geo.altitude import Datum, Unit, altitude
from truceline.geo.geojson import pair, position
from truceline.geo.position import Position
from truceline.geo.ring import check_polygon, tidy
from truceline.geo.volume import Edge, Polygon, Ring
from truceline.zones import document
from truceline.zones.boundary import (
    Extra,
    Limit,
    Named,
    Original,
    Text,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
    area_of,
    polygons_of,
)
from truceline.zones.formats import json_text
from truceline.zones.formats.carried import Area, Face, Seen, face, grouped, reconcile, shown_losses
from truceline.zones.formats.limits import limit_tree, read_limit
from truceline.zones.formats.reading import (
    MAX_FEATURES,
    Loss,
    Reading,
    Report,
    Written,
    check_size,
    original_of,
)
from truceline.zones.formats.safe_files import parse_xml, unpack_one

FORMAT = "kml"
MEDIA_TYPE = "application/vnd.google-earth.kml+xml"
KMZ_TYPE = "application/vnd.google-earth.kmz"
NAMESPACE = "http://www.opengis.net/kml/2.2"

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FIELDS = ("zone", "volume", "kind", "lower", "upper", "truceline")
_READ = ("name", "ExtendedData", "Polygon", "MultiGeometry")


@dataclass(frozen=True, slots=True)
class _Placemark:
    element: Any
    number: int

    @property
    def data(self) -> dict[str, str]:
        """Fields of `ExtendedData`, by name."""
        found = {}
        for one in _all(self.element, "Data"):
            found[one.get("name", "")] = _text(_child(one, "value"))
        for one in _all(self.element, "SimpleData"):
            found[one.get("name", "")] = _text(one)
        return found

    @property
    def name(self) -> str:
        return _text(_child(self.element, "name"))

    @property
    def where(self) -> str:
        named = self.element.get("id") or self.name
        return f"placemark {self.number}" + (f" ({named})" if named else "")


def read(data: bytes, *, name: str = "zones.kml") -> Reading:
    """Return the zones of a KML or KMZ document, with a report by placemark.

    Refuses what could not be parsed safely (`safe_files.py`) and what is not KML.
    """
    check_size(data, name)
    packed = data[:4] == b"PK\x03\x04"
    text = (
        unpack_one(data, name=name, wanted=lambda one: one.lower().endswith(".kml"))[1]
        if packed
        else data
    )
    root = parse_xml(text, name=name)
    if _local(root) != "kml" and not _all(root, "Placemark"):
        raise Malformed(
            Reason.BAD_FORMAT, where=name, detail=f"not KML: the root element is {_local(root)}"
        )
    original = original_of(data, name=name, media_type=KMZ_TYPE if packed else MEDIA_TYPE)
    marks = [_Placemark(one, number) for number, one in enumerate(_all(root, "Placemark"), start=1)]
    if len(marks) > MAX_FEATURES:
        raise Malformed(Reason.TOO_LARGE, where=name, detail=f"more than {MAX_FEATURES} placemarks")
    report, zones = Report(), list[ZoneContent]()
    if not marks:
        report.noted(name, "the document has no placemark")
    for group in _groups(marks):
        with report.feature(group[0].where):
            report.take(_zone(group, original, report), group[0].where, zones)
    return Reading(tuple(zones), tuple(report.notes), FORMAT, original.sha256)


def write(zones: tuple[ZoneContent, ...], *, packed: bool = False) -> Written:
    """Return the zones as KML 2.2, or as KMZ."""
    root = etree.Element(_name("kml"), nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # the default namespace
    folder = etree.SubElement(root, _name("Document"))
    _leaf(folder, "name", "Zones")
    losses: list[Loss] = []
    for content in zones:
        losses += shown_losses(content)
        for number, seen in enumerate(face(content).seen, start=1):
            _write_placemark(folder, content, seen, number)
    data = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return Written(_packed(data) if packed else data, tuple(losses))


def _packed(data: bytes) -> bytes:
    """A KMZ: a zip with `doc.kml` first. Its clock is fixed, so equal zones give equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            zipfile.ZipInfo("doc.kml", (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED
        )
    return out.getvalue()


def _write_placemark(folder: Any, content: ZoneContent, seen: Seen, number: int) -> None:
    mark = etree.SubElement(folder, _name("Placemark"))
    _leaf(mark, "name", content.name())
    for extra in content.extras if number == 1 else ():
        if extra.key.startswith("kml:"):
            _put_back(mark, extra)
    fields = {
        "zone": content.code,
        "volume": str(number),
        "kind": str(content.kind),
        "lower": json_text.dump(limit_tree(seen.lower)),
        "upper": json_text.dump(limit_tree(seen.upper)),
    }
    if number == 1:
        fields |= _kept_fields(content)
        fields["truceline"] = json.dumps(
            document.to_tree(content)
        )  # ASCII: every XML reader takes it
    kept = etree.SubElement(mark, _name("ExtendedData"))
    for key, value in fields.items():
        _leaf(etree.SubElement(kept, _name("Data"), name=key), "value", value)
    if seen.area is not None:
        _write_area(mark, seen)


def _kept_fields(content: ZoneContent) -> dict[str, str]:
    """Fields of somebody's `ExtendedData`, as they stood."""
    return {
        one.key.removeprefix("kml.data:"): str(json_text.parse_text(one.json, where=one.key))
        for one in content.extras
        if one.key.startswith("kml.data:")
    }


def _put_back(mark: Any, extra: Extra) -> None:
    value = json_text.parse_text(extra.json, where=extra.key)
    try:
        mark.append(etree.fromstring(value if isinstance(value, str) else ""))
    except etree.XMLSyntaxError:
        return


def _write_area(mark: Any, seen: Seen) -> None:
    assert seen.area is not None  # noqa: S101 -- the caller looked
    polygons = polygons_of(seen.area)
    parent = mark if len(polygons) == 1 else etree.SubElement(mark, _name("MultiGeometry"))
    top = seen.upper.altitude
    flying = top is not None and top.datum in (Datum.AMSL, Datum.AGL)
    height = f",{top.mm / 1000}" if flying and top else ""
    for polygon in polygons:
        made = etree.SubElement(parent, _name("Polygon"))
        _leaf(made, "extrude" if height else "tessellate", "1")
        if height and top:
            _leaf(
                made, "altitudeMode", "absolute" if top.datum is Datum.AMSL else "relativeToGround"
            )
        for kind, ring in (
            ("outerBoundaryIs", polygon.outer),
            *(("innerBoundaryIs", one) for one in polygon.holes),
        ):
            border = etree.SubElement(etree.SubElement(made, _name(kind)), _name("LinearRing"))
            _leaf(border, "coordinates", " ".join(_tuple(at) + height for at in (*ring, ring[0])))


def _tuple(at: Position) -> str:
    return ",".join(f"{value:.7f}" for value in pair(at))


# -- reading --------------------------------------------------------------------


def _groups(marks: list[_Placemark]) -> list[list[_Placemark]]:
    items: list[tuple[str, int, _Placemark]] = []
    for one in marks:
        zone, volume = one.data.get("zone"), one.data.get("volume", "")
        ours = zone is not None and volume.isdigit()
        items.append(
            (f"zone {zone}" if ours else f"placemark {one.number}", int(volume) if ours else 1, one)
        )
    return list(grouped(items).values())


def _zone(group: list[_Placemark], original: Original, report: Report) -> ZoneContent:
    first = group[0]
    seen = tuple(_seen(one, report) for one in group)
    text = first.data.get("truceline")
    if text is not None:
        try:
            carried = document.from_tree(json_text.parse_text(text, where="truceline"))
        except TrucelineError as error:
            report.repaired(
                first.where,
                f"its zone document could not be read ({error.detail}); the placemark counts",
            )
        else:
            drawn = carried.name()
            shown = Face(
                drawn if first.name == _legal(drawn).strip() else first.name,
                first.data.get("kind", ""),
                seen,
            )
            return reconcile(carried, shown, where=first.where, report=report)
    return _foreign(first, seen, original, report)


def _foreign(
    mark: _Placemark, seen: tuple[Seen, ...], original: Original, report: Report
) -> ZoneContent:
    if all(one.area is None for one in seen):
        raise Malformed(
            Reason.BAD_GEOMETRY,
            detail="the placemark has no polygon; a point or a line has no inside",
            remedy="Draw an area",
        )
    data, code = mark.data, mark.element.get("id") or mark.name
    if not code:
        code = f"placemark-{mark.number}"
        report.repaired(mark.where, f"it has no id and no name; it is called {code!r}")
    report.noted(mark.where, "KML does not say what its edges are; they were taken as geodesics")
    kind = data.get("kind", "")
    fields = [
        Extra(f"kml.data:{key}", json_text.dump(one))
        for key, one in data.items()
        if key not in _FIELDS
    ]
    elements = [
        Extra(f"kml:{_local(one)}", json_text.dump(_verbatim(one)))
        for one in mark.element
        if isinstance(one.tag, str) and _local(one) not in _READ
    ]
    return ZoneContent(
        code=code.strip()[:200],
        kind=ZoneKind(kind) if kind in set(ZoneKind) else ZoneKind.OTHER,
        names=(Text("", mark.name),) if mark.name else (),
        raw_kinds=(Named("kml.kind", kind),) if kind and kind not in set(ZoneKind) else (),
        volumes=tuple(
            ZoneVolume(one.area, one.lower, one.upper, Edge.GEODESIC)
            for one in seen
            if one.area is not None
        ),
        extras=(*elements, *fields),
        original=replace(original, place=mark.where),
    )


def _seen(mark: _Placemark, report: Report) -> Seen:
    polygons = [
        _polygon(one, f"polygon {number}", mark, report)
        for number, one in enumerate(_all(mark.element, "Polygon"), start=1)
    ]
    area: Area | None = area_of(polygons) if polygons else None
    if any(key in mark.data for key in ("lower", "upper")):
        lower, upper = (
            read_limit(json_text.parse_text(mark.data.get(key) or "null", where=key), where=key)
            for key in ("lower", "upper")
        )
        return Seen(area, lower, upper)
    return Seen(area, Limit(), _top(mark, report))


def _top(mark: _Placemark, report: Report) -> Limit:
    """The height at which a foreign polygon is drawn, where it is one height above a known datum."""
    modes = {_text(one) for one in _all(mark.element, "altitudeMode")}
    datum = {"absolute": Datum.AMSL, "relativeToGround": Datum.AGL}.get(next(iter(modes), ""))
    heights = {
        part[2]
        for one in _all(mark.element, "coordinates")
        for text in _text(one).split()
        if len(part := text.split(",")) > 2
    }
    if len(modes) != 1 or datum is None or not heights:
        return Limit()
    values = {_float(one, "height") for one in heights}
    if len(values) > 1:
        report.repaired(
            mark.where, "its vertices have different heights; they are no limit and were left out"
        )
        return Limit()
    report.repaired(
        mark.where, f"the height at which it is drawn was taken as the upper limit, above {datum}"
    )
    return Limit(altitude(values.pop(), Unit.M, datum))


def _polygon(element: Any, where: str, mark: _Placemark, report: Report) -> Polygon:
    outer = _all(element, "outerBoundaryIs")
    if len(outer) != 1:
        raise Malformed(
            Reason.BAD_GEOMETRY, where=where, detail="a polygon needs one outer boundary"
        )
    polygon = Polygon(
        _ring(outer[0], f"{where}, outer ring", mark, report),
        tuple(
            _ring(one, f"{where}, hole {number}", mark, report)
            for number, one in enumerate(_all(element, "innerBoundaryIs"), start=1)
        ),
    )
    check_polygon(polygon, where=where)
    return polygon


def _ring(element: Any, where: str, mark: _Placemark, report: Report) -> Ring:
    texts = _all(element, "coordinates")
    if len(texts) != 1:
        raise Malformed(Reason.BAD_GEOMETRY, where=where, detail="the ring has no coordinates")
    points = []
    for number, text in enumerate(_text(texts[0]).split(), start=1):
        at, parts = f"{where}, vertex {number}", text.split(",")
        if len(parts) < 2:
            raise Malformed(
                Reason.BAD_GEOMETRY, where=at, detail=f"{text!r} is not longitude,latitude"
            )
        points.append(position(lon=_float(parts[0], at), lat=_float(parts[1], at), where=at))
    ring, done = tidy(points)
    for one in done:
        report.repaired(f"{mark.where}, {where}", one)
    return ring


def _float(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Malformed(
            Reason.BAD_GEOMETRY, where=where, detail=f"{text!r} is not a number"
        ) from None


# -- elements, whatever their namespace -----------------------------------------


def _name(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"


def _local(element: Any) -> str:
    return str(etree.QName(element).localname)


def _all(element: Any, tag: str) -> list[Any]:
    return [one for one in element.iter() if isinstance(one.tag, str) and _local(one) == tag]


def _child(element: Any, tag: str) -> Any:
    return next((one for one in element if isinstance(one.tag, str) and _local(one) == tag), None)


def _text(element: Any) -> str:
    return "" if element is None else "".join(element.itertext()).strip()


def _leaf(parent: Any, tag: str, text: str) -> None:
    etree.SubElement(parent, _name(tag)).text = _legal(text)


def _legal(text: str) -> str:
    """The text without characters that XML 1.0 cannot hold."""
    return _ILLEGAL.sub("\ufffd", text)


def _verbatim(element: Any) -> str:
    return etree.tostring(element, encoding="unicode", with_tail=False)
