"""Two positions on one boundary, side by side: what is agreed, what is not, and about whom.

The comparison is symmetric: exchanging the sides exchanges the words and nothing
else (`tests/zones/test_comparison.py` holds it to that). Areas are on the ellipsoid.
Distances are geodesic, between points of one line and the nearest point of the other,
taken at every vertex and every `sampled_m` metres between.

Where a side has only a rule in words, nothing is measured: a rule is not a polygon.
Volumes are compared by their footprint; limits, times and kinds are compared apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from truceline.geo.flatten import flatten, from_shapely
from truceline.geo.ring import looks_swapped
from truceline.geo.volume import Polygon, Ring
from truceline.zones.boundary import ZoneContent
from truceline.zones.differences import limit_words, other_differences
from truceline.zones.gazetteer import EMPTY, Crossing, Gazetteer, Place, Road, areas_m2
from truceline.zones.lines import Gap, footprint, polygonal, widths
from truceline.zones.read_back import VertexBack, read_back

__all__ = [
    "EMPTY",
    "Comparison",
    "Gap",
    "People",
    "Piece",
    "Share",
    "Side",
    "Verdict",
    "VertexBack",
    "compare",
    "footprint",
    "limit_words",
    "other_differences",
    "read_back",
]

SLIVER_M = 0.5
"""A piece nowhere wider than this is no dispute: twice the tolerance."""


type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]


class Side(StrEnum):
    """Which of the two positions includes a piece."""

    A = "a"
    B = "b"


class Verdict(StrEnum):
    """How two positions stand to each other."""

    SAME = "same"  # no disputed piece wider than `SLIVER_M`
    DIFFERENT = "different"
    APART = "apart"  # they share no area
    UNRESOLVED = "unresolved"  # a side has no geometry


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a sub-district lies in a piece, in parts per million of its area."""

    pcode: str
    name_en: str
    name_ar: str
    share_ppm: int
    population: int | None


@dataclass(frozen=True, slots=True)
class People:
    """How many people a piece is about, and how that is known.

    `counted` adds the places whose population is known; `estimated` takes, for each
    sub-district, its census figure times the share of its places (of its area, where
    it has none) in the piece. None: nothing is known.
    """

    counted: int | None
    places_without_count: int
    estimated: int | None


@dataclass(frozen=True, slots=True)
class Piece:
    """One connected piece that one side includes and the other leaves out.

    `greatest_m` is how far apart the lines are here; 0 where the other side covers no
    ground at all, so that there is no line to measure to.
    """

    number: int
    included_by: Side
    polygon: Polygon
    area_km2: float
    greatest_m: float
    places: tuple[Place, ...] = ()
    subdistricts: tuple[Share, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    roads: tuple[Road, ...] = ()
    people: People = People(None, 0, None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer. Areas in km2; pieces from the largest down; `settled_by` in words."""

    verdict: Verdict
    label_a: str
    label_b: str
    area_a_km2: float | None = None
    area_b_km2: float | None = None
    agreed_km2: float | None = None
    disputed_km2: float | None = None
    agreed: tuple[Polygon, ...] = ()
    pieces: tuple[Piece, ...] = ()
    gap: Gap | None = None
    sampled_m: float = 0.0
    slivers: int = 0
    sliver_m2: float = 0.0
    other_differences: tuple[str, ...] = ()
    settled_by: tuple[str, ...] = ()


def compare(
    a: ZoneContent,
    b: ZoneContent,
    gazetteer: Gazetteer = EMPTY,
    *,
    label_a: str = "A",
    label_b: str = "B",
) -> Comparison:
    """Return how two positions differ, piece by piece, with what lies in each piece.

    A side without geometry gives `Verdict.UNRESOLVED` and no figure at all.
    """
    others = other_differences(a, b, label_a=label_a, label_b=label_b)
    if a.unresolved or b.unresolved:
        words = _unresolved_words(a, label_a) + _unresolved_words(b, label_b)
        return Comparison(
            Verdict.UNRESOLVED, label_a, label_b, other_differences=others, settled_by=words
        )
    one, other = footprint(a), footprint(b)
    agreed = polygonal(shapely.intersection(one, other))
    shapes, sides = _disputed(one, other)
    apart, gap, step = widths(shapes, one, other)
    sizes = areas_m2(shapes) if len(shapes) else np.zeros(0)
    counts = ((apart >= SLIVER_M) | (gap is None)) & (sizes >= 1.0)
    pieces = _pieces(shapes[counts], sides[counts], sizes[counts], apart[counts], gazetteer)
    totals = areas_m2(np.array([one, other, agreed], dtype=object)) / 1e6
    verdict = Verdict.DIFFERENT if pieces else Verdict.SAME
    return Comparison(
        verdict=Verdict.APART if agreed.is_empty else verdict,
        label_a=label_a,
        label_b=label_b,
        area_a_km2=float(totals[0]),
        area_b_km2=float(totals[1]),
        agreed_km2=float(totals[2]),
        disputed_km2=float(sizes[counts].sum() / 1e6),
        agreed=tuple(from_shapely(part) for part in _parts(agreed)),
        pieces=pieces,
        gap=gap,
        sampled_m=step,
        slivers=int((~counts).sum()),
        sliver_m2=float(sizes[~counts].sum()),
        other_differences=others,
        settled_by=_words(pieces, label_a, label_b) + _swapped_words(a, b, label_a, label_b),
    )


def _parts(shape: Any) -> Any:
    found = shapely.get_parts(polygonal(shape))
    return found[~shapely.is_empty(found)]


def _disputed(one: Any, other: Any) -> tuple[Any, Any]:
    first, second = _parts(shapely.difference(one, other)), _parts(shapely.difference(other, one))
    sides = np.array([Side.A] * len(first) + [Side.B] * len(second), dtype=object)
    return np.concatenate([first, second]), sides


# -- what lies in a piece -------------------------------------------------------


def _pieces(
    shapes: Any, sides: Any, sizes: Floats, widths: Floats, gazetteer: Gazetteer
) -> tuple[Piece, ...]:
    order = np.argsort(-sizes, kind="stable")
    shapes, sides, sizes, widths = shapes[order], sides[order], sizes[order], widths[order]
    places = _found(gazetteer.place_tree, shapes)
    crossings = _found(gazetteer.crossing_tree, shapes)
    roads = _found(gazetteer.road_tree, shapes)
    shares = _shares(shapes, sizes, gazetteer)
    made = []
    for number in range(len(shapes)):
        inside = tuple(gazetteer.places[at] for at in places.get(number, ()))
        touched = shares.get(number, ())
        made.append(
            Piece(
                number=number + 1,
                included_by=sides[number],
                polygon=from_shapely(shapes[number]),
                area_km2=float(sizes[number] / 1e6),
                greatest_m=float(widths[number]),
                places=inside,
                subdistricts=touched,
                crossings=tuple(gazetteer.crossings[at] for at in crossings.get(number, ())),
                roads=tuple(gazetteer.roads[at] for at in roads.get(number, ())),
                people=_people(inside, touched, gazetteer),
            )
        )
    return tuple(made)


def _found(tree: Any, shapes: Any) -> dict[int, list[int]]:
    """For each piece, the numbers of what meets it; a place on the line itself counts."""
    if tree is None or not len(tree) or not len(shapes):
        return {}
    made: dict[int, list[int]] = {}
    for piece, item in zip(
        *(column.tolist() for column in tree.query(shapes, "intersects")), strict=True
    ):
        made.setdefault(piece, []).append(item)
    return {piece: sorted(items) for piece, items in made.items()}


def _shares(shapes: Any, sizes: Floats, gazetteer: Gazetteer) -> dict[int, tuple[Share, ...]]:
    if (
        gazetteer.area_tree is None
        or gazetteer.area_m2 is None
        or not len(gazetteer.areas)
        or not len(shapes)
    ):
        return {}
    piece, area = gazetteer.area_tree.query(shapes)
    meets = shapely.intersects(gazetteer.outlines[area], shapes[piece])
    piece, area = piece[meets], area[meets]
    common = sizes[piece].copy()
    partly = ~shapely.contains_properly(gazetteer.outlines[area], shapes[piece])
    clipped = _clip(gazetteer.outlines[area[partly]], shapes[piece[partly]])
    common[partly] = areas_m2(clipped) if len(clipped) else 0
    made: dict[int, list[tuple[float, Share]]] = {}
    for at, number, square in zip(piece.tolist(), area.tolist(), common.tolist(), strict=True):
        if square >= 1.0:
            named = gazetteer.areas[number]
            ppm = min(1_000_000, round(1e6 * square / float(gazetteer.area_m2[number])))
            share = Share(named.pcode, named.name_en, named.name_ar, ppm, named.population)
            made.setdefault(at, []).append((-square, share))
    return {
        at: tuple(share for _, share in sorted(found, key=lambda one: one[0]))
        for at, found in made.items()
    }


def _clip(outlines: Any, shapes: Any) -> Any:
    """The common part of each pair; the outline is cut to the piece's box first, which is quick."""
    boxes = shapely.bounds(shapes)
    cut = [
        shapely.clip_by_rect(outline, *box.tolist())
        for outline, box in zip(outlines, boxes, strict=True)
    ]
    return shapely.intersection(np.array(cut, dtype=object), shapes)


def _people(places: tuple[Place, ...], shares: tuple[Share, ...], gazetteer: Gazetteer) -> People:
    known = [one.population for one in places if one.population is not None]
    inside: dict[str, int] = {}
    for place in places:
        inside[place.area] = inside.get(place.area, 0) + 1
    estimates = []
    for share in shares:
        if share.population is not None:
            total = gazetteer.places_in_area.get(share.pcode, 0)
            part = inside.get(share.pcode, 0) / total if total else share.share_ppm / 1e6
            estimates.append(share.population * part)
    return People(
        counted=sum(known) if known else None,
        places_without_count=len(places) - len(known),
        estimated=round(sum(estimates)) if estimates else None,
    )


# -- words ----------------------------------------------------------------------


def _words(pieces: tuple[Piece, ...], label_a: str, label_b: str) -> tuple[str, ...]:
    made = []
    for one in pieces:
        has, lacks = (label_a, label_b) if one.included_by is Side.A else (label_b, label_a)
        names = [place.name_en or place.name_ar or place.pcode for place in one.places]
        names += [crossing.name_en or crossing.code for crossing in one.crossings]
        size = f"piece {one.number} ({one.area_km2:.2f} km2, up to {one.greatest_m:,.0f} m between the lines)"
        if names:
            made.append(
                f"{size}: {has} includes {_listed(names)}; {lacks} does not."
                f" Settled when both say of {'it' if len(names) == 1 else 'each'} whether it lies inside"
            )
        else:
            made.append(
                f"{size}: {has} includes it, {lacks} does not; no populated place or crossing lies in it."
                " Settled by any one line between the two"
            )
    return tuple(made)


def _listed(names: list[str]) -> str:
    shown = names[:6]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return ", ".join(shown) + more


def _unresolved_words(content: ZoneContent, label: str) -> tuple[str, ...]:
    if not content.unresolved:
        return ()
    texts = content.geometry_rule.texts if content.geometry_rule else ()
    said = f" ({texts[0].text!r})" if texts else ""
    return (
        f"{label} gives its boundary in words alone{said}: nothing can be measured until it files a line",
    )


def _swapped_words(a: ZoneContent, b: ZoneContent, label_a: str, label_b: str) -> tuple[str, ...]:
    one, other = _outer(a), _outer(b)
    if looks_swapped(one, other):
        return (
            f"the two lie far apart, but would meet if latitude and longitude of one were exchanged:"
            f" check whether {label_a} or {label_b} has swapped axes",
        )
    return ()


def _outer(content: ZoneContent) -> Ring:
    return tuple(
        point
        for volume in content.volumes
        for polygon in flatten(volume.shape, edge=volume.edge, tolerance_m=1000)
        for point in polygon.outer
    )
