"""How a zone travels whole in a format that shows less than it knows.

GeoJSON, KML and GeoPackage show a name, a kind, limits and straight-edged polygons:
the zone's face. Beside it stands the zone document itself. A reader takes the
document, but only where the face is still what the document would show: an editor
who moved a vertex moved the zone, and that is believed and told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from truceline.errors import Malformed, Reason
from truceline.geo.flatten import flatten
from truceline.geo.volume import MultiPolygon, Polygon, Ring
from truceline.zones.boundary import (
    Limit,
    Text,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
    area_of,
    polygons_of,
)
from truceline.zones.formats.reading import Loss, Report

type Area = Polygon | MultiPolygon

_UNSEEN = "other programs see straight edges; Truceline reads the exact shape back"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one feature shows of one volume."""

    area: Area | None
    lower: Limit
    upper: Limit


@dataclass(frozen=True, slots=True)
class Face:
    """What a document shows of a zone; `seen` has one entry for each feature."""

    name: str
    kind: str
    seen: tuple[Seen, ...]


def face(content: ZoneContent) -> Face:
    """Return what a document shows of a content: one feature a volume, or one without shape."""
    seen = tuple(Seen(shown_area(one), one.lower, one.upper) for one in content.volumes)
    return Face(content.name(), str(content.kind), seen or (Seen(None, Limit(), Limit()),))


def shown_area(volume: ZoneVolume) -> Area:
    """Return the polygons that stand for a volume's shape; polygons stand for themselves."""
    if isinstance(volume.shape, (Polygon, MultiPolygon)):
        return volume.shape
    return area_of(flatten(volume.shape, edge=volume.edge))


def shown_losses(content: ZoneContent) -> tuple[Loss, ...]:
    """Name what other programs do not see of a content that travels whole."""
    found = [
        Loss(
            content.code,
            f"volume {number}",
            f"a {type(one.shape).__name__.lower()} is drawn: {_UNSEEN}",
        )
        for number, one in enumerate(content.volumes, start=1)
        if not isinstance(one.shape, (Polygon, MultiPolygon))
    ]
    return tuple(found)


def reconcile(content: ZoneContent, seen: Face, *, where: str, report: Report) -> ZoneContent:
    """Return the content, with whatever of its face was changed since it was written."""
    drawn = face(content)
    if _same_areas(drawn, seen) and [_limits(one) for one in drawn.seen] == [
        _limits(one) for one in seen.seen
    ]:
        made = content
    else:
        report.repaired(
            where, "the shape or the limits were edited after Truceline wrote them; the edit counts"
        )
        made = replace(content, volumes=_edited_volumes(content, drawn, seen))
    if drawn.name != seen.name and seen.name:
        report.repaired(
            where, f"the name was edited from {drawn.name!r} to {seen.name!r}; the edit counts"
        )
        made = replace(made, names=_renamed(content, drawn.name, seen.name))
    if drawn.kind != seen.kind and seen.kind in set(ZoneKind):
        report.repaired(where, f"the kind was edited to {seen.kind}; the edit counts")
        made = replace(made, kind=ZoneKind(seen.kind))
    return made


def check_beside(written: Mapping[str, object], found: Mapping[str, object]) -> None:
    """Refuse a feature whose other shown fields say something else than its zone document.

    Only the face can be edited beside the document (`reconcile`); two answers to one
    question, say when a zone applies, are never settled by guessing. A field that a
    program dropped contradicts nothing.
    """
    for name, value in written.items():
        if name in found and found[name] != value:
            raise Malformed(
                Reason.CONTRADICTS,
                where=name,
                detail=f"it says {found[name]!r}, the zone document beside it says {value!r}",
                remedy="Put it back, or remove the property `truceline` so that the shown fields count",
            )


def _edited_volumes(content: ZoneContent, drawn: Face, seen: Face) -> tuple[ZoneVolume, ...]:
    """Each feature's volume: as it was where the feature still shows it, else as it is shown now."""
    pairs = list(zip(content.volumes, drawn.seen, strict=False))
    made: list[ZoneVolume] = []
    for number, one in enumerate(seen.seen):
        if one.area is None:
            continue
        before, shown = pairs[number] if number < len(pairs) else (None, None)
        if before is None or shown is None:
            edge = content.volumes[0].edge if content.volumes else ZoneVolume(one.area).edge
            made.append(ZoneVolume(one.area, one.lower, one.upper, edge))
            continue
        shape = before.shape if _same_area(shown.area, one.area) else one.area
        made.append(replace(before, shape=shape, lower=one.lower, upper=one.upper))
    return tuple(made)


def _renamed(content: ZoneContent, old: str, new: str) -> tuple[Text, ...]:
    if any(one.text == old for one in content.names):
        at = next(number for number, one in enumerate(content.names) if one.text == old)
        return (*content.names[:at], replace(content.names[at], text=new), *content.names[at + 1 :])
    return (Text("en", new), *content.names)


def _limits(seen: Seen) -> tuple[Limit, Limit]:
    return seen.lower, seen.upper


def _same_areas(one: Face, other: Face) -> bool:
    return len(one.seen) == len(other.seen) and all(
        _same_area(a.area, b.area) for a, b in zip(one.seen, other.seen, strict=True)
    )


def _same_area(one: Area | None, other: Area | None) -> bool:
    """Say whether two areas have the same rings, whatever their winding and first vertex."""
    if one is None or other is None:
        return one is other
    a, b = polygons_of(one), polygons_of(other)
    return len(a) == len(b) and all(_rings(p) == _rings(q) for p, q in zip(a, b, strict=True))


def _rings(polygon: Polygon) -> list[Ring]:
    return [_turned(ring) for ring in (polygon.outer, *polygon.holes)]


def _turned(ring: Ring) -> Ring:
    """The ring from its least vertex on, towards the lesser neighbour."""
    at = ring.index(min(ring))
    one = (*ring[at:], *ring[:at])
    other = (one[0], *reversed(one[1:]))
    return min(one, other)


def grouped[T](items: Sequence[tuple[str, int, T]]) -> dict[str, list[T]]:
    """Gather features by zone code, in the order of their volume numbers."""
    found: dict[str, list[tuple[int, T]]] = {}
    for code, number, item in items:
        found.setdefault(code, []).append((number, item))
    return {
        code: [item for _, item in sorted(group, key=lambda pair: pair[0])]
        for code, group in found.items()
    }
