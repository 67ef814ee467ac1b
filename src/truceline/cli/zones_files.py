"""`truceline zones convert` and `truceline zones compare`: zone files, without a server.

Both read any format of zones by its content, and print what was mended, refused or
lost. Exit code 0: everything was read; 1: the answer stands, but parts of the input
were refused (they are listed); otherwise as every command ends.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truceline.cli import shown
from truceline.errors import Malformed, Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truceline.zones.boundary import ZoneContent
    from truceline.zones.comparison import Comparison, VertexBack
    from truceline.zones.formats.reading import Reading, Written
    from truceline.zones.gazetteer import Gazetteer

app = typer.Typer(no_args_is_help=True, help="Zone files: convert between formats, compare two.")

PARTLY = 1
"""Exit code where parts of the input were refused and the rest was used."""

_SHOWN_NOTES = 20

Beside = Annotated[
    list[Path] | None,
    typer.Option(
        "--beside",
        help="AIXM: a file that it refers to, such as the data set that an update changes.",
    ),
]
"""Documents that are read beside the one that is asked for."""


@app.command("convert")
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The zone file to read.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The zone file to write.")],
    read_as: Annotated[
        str | None, typer.Option("--from", help="Its format, if not by content.")
    ] = None,
    write_as: Annotated[
        str | None, typer.Option("--to", help="The format, if not by name.")
    ] = None,
    zone: Annotated[
        list[str] | None, typer.Option("--zone", help="Only this zone (repeatable).")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Write nothing if anything is lost.")
    ] = False,
    beside: Beside = None,
    everything: Annotated[bool, typer.Option("--all-notes", help="Print every note.")] = False,
) -> None:
    """Read zones in one format and write them in another; say what could not be carried."""
    from truceline.zones.formats import known

    if source.resolve() == target.resolve():
        raise Refused(Reason.CONTRADICTS, where=str(target), detail="input and output are one file")
    asked = write_as or known.for_file(target.name)
    reading = _read(source, read_as, beside)
    chosen = _chosen(reading, zone, source)
    written = known.write(chosen, format=asked)
    if strict and (written.losses or reading.refused()):
        _print_reading(reading, source, everything=everything)
        _print_losses(written, asked)
        raise Refused(
            Reason.WRONG_STATE,
            where=str(target),
            detail="not everything can be carried, and --strict was asked for; nothing was written",
        )
    _save(target, written.data)
    _print_reading(reading, source, everything=everything)
    shown.say(f"{target}: {asked}, {len(chosen)} zones, {len(written.data)} bytes")
    _print_losses(written, asked)
    if reading.refused():
        raise typer.Exit(PARTLY)


@app.command("compare")
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="One position: a zone file.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The other position: a zone file.")],
    zone: Annotated[
        str | None, typer.Option("--zone", help="The zone, where a file has several.")
    ] = None,
    places: Annotated[
        Path | None,
        typer.Option("--places", help="CSV: pcode, name_en, name_ar, lat, lon, population, area."),
    ] = None,
    areas: Annotated[
        Path | None,
        typer.Option(
            "--areas", help="GeoJSON of sub-districts: pcode, name_en, name_ar, population."
        ),
    ] = None,
    crossings: Annotated[
        Path | None, typer.Option("--crossings", help="CSV: code, name_en, kind, lat, lon.")
    ] = None,
    label_a: Annotated[str, typer.Option("--label-a", help="What to call the first.")] = "A",
    label_b: Annotated[str, typer.Option("--label-b", help="What to call the second.")] = "B",
    vertices: Annotated[bool, typer.Option("--read-back", help="Print vertex by vertex.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what two positions agree on, what they do not, what lies there, and what would settle it."""
    from truceline.zones.comparison import compare as compared
    from truceline.zones.comparison import read_back

    readings = _read(first, None), _read(second, None)
    a, b = (
        _one(reading, zone, path) for reading, path in zip(readings, (first, second), strict=True)
    )
    found = compared(a, b, _gazetteer(places, areas, crossings), label_a=label_a, label_b=label_b)
    rows = read_back(a, b) if vertices else ()
    if as_json:
        shown.as_json(comparison_tree(found, rows))
    else:
        for reading, path in zip(readings, (first, second), strict=True):
            _print_reading(reading, path, everything=False)
        _print_comparison(found)
        _print_vertices(rows)
    if any(reading.refused() for reading in readings):
        raise typer.Exit(PARTLY)


# -- files ----------------------------------------------------------------------


def _read(path: Path, read_as: str | None, beside: list[Path] | None = None) -> Reading:
    from truceline.zones.formats import known

    return known.read(read_bytes(path), name=path.name, format=read_as, beside=read_beside(beside))


def read_beside(paths: list[Path] | None) -> list[tuple[str, bytes]]:
    """Return the documents that are read beside another, by their names."""
    return [(one.name, read_bytes(one)) for one in paths or ()]


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a zone file; refuses a large one before it is read."""
    from truceline.zones.formats.reading import MAX_BYTES, check_size

    size = path.stat().st_size
    if size > MAX_BYTES:
        raise Malformed(
            Reason.TOO_LARGE,
            where=str(path),
            detail=f"the file has {size} bytes; the most is {MAX_BYTES}",
            remedy="Split it into several files",
        )
    data = path.read_bytes()
    check_size(data, path.name)
    return data


def _save(path: Path, data: bytes) -> None:
    """Write beside, then rename: a half-written file never stands under the name."""
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(data)
    beside.replace(path)


def _chosen(reading: Reading, codes: list[str] | None, path: Path) -> tuple[ZoneContent, ...]:
    found = tuple(one for one in reading.zones if not codes or one.code in codes)
    missing = [code for code in codes or () if code not in {one.code for one in reading.zones}]
    if missing:
        raise Refused(
            Reason.NOT_FOUND,
            where=str(path),
            detail=f"there is no zone {missing[0]!r}",
            remedy=_codes(reading),
        )
    if not found:
        told = "; ".join(str(note) for note in reading.refused()[:3])
        raise Malformed(
            Reason.BAD_FORMAT, where=str(path), detail=f"no zone could be read. {told}".strip()
        )
    return found


def _one(reading: Reading, code: str | None, path: Path) -> ZoneContent:
    found = _chosen(reading, [code] if code else None, path)
    if len(found) > 1:
        raise Refused(
            Reason.TOO_MANY,
            where=str(path),
            detail=f"the file holds {len(found)} zones",
            remedy=_codes(reading),
        )
    return found[0]


def _codes(reading: Reading) -> str:
    return "Choose one with --zone: " + ", ".join(one.code for one in reading.zones[:20])


def _gazetteer(places: Path | None, areas: Path | None, crossings: Path | None) -> Gazetteer:
    from truceline.zones import gazetteer

    return gazetteer.build(
        places=[gazetteer.place_from_row(row) for row in _rows(places, ("pcode", "lat", "lon"))],
        areas=[
            gazetteer.area_from_geometry(properties, geometry)
            for properties, geometry in _features(areas)
        ],
        crossings=[
            gazetteer.crossing_from_row(row) for row in _rows(crossings, ("code", "lat", "lon"))
        ],
    )


_COLUMNS = {
    "PP_PCODE": "pcode",
    "PP_NAME_EN": "name_en",
    "ADM3_PCODE": "area",
    "PCODE": "pcode",
    "NAME_EN": "name_en",
    "NAME_AR": "name_ar",
    "id": "code",
    "type": "kind",
}
"""Names that OCHA and others use for ours."""


def _rows(path: Path | None, needed: tuple[str, ...]) -> list[dict[str, str]]:
    if path is None:
        return []
    import csv
    import io

    rows = list(csv.DictReader(io.StringIO(_text(path))))
    made = [{_COLUMNS.get(key, key): value for key, value in row.items() if key} for row in rows]
    lacking = [name for name in needed if made and name not in made[0]]
    if lacking:
        raise Malformed(
            Reason.MISSING_FIELD, where=str(path), detail=f"there is no column {lacking[0]!r}"
        )
    return made


def _features(path: Path | None) -> list[tuple[dict[str, Any], Mapping[str, Any]]]:
    if path is None:
        return []
    from truceline.zones.formats import json_text

    tree = json_text.parse_text(_text(path), where=str(path))
    listed = tree.get("features") if isinstance(tree, dict) else None
    if not isinstance(listed, list):
        raise Malformed(
            Reason.BAD_FORMAT, where=str(path), detail="not a GeoJSON feature collection"
        )
    made = []
    for number, one in enumerate(listed, start=1):
        named = {
            _COLUMNS.get(key, key): value for key, value in (one.get("properties") or {}).items()
        }
        if "pcode" not in named:
            raise Malformed(
                Reason.MISSING_FIELD,
                where=f"{path}, feature {number}",
                detail="there is no `pcode`",
            )
        made.append((named, one.get("geometry") or {}))
    return made


def _text(path: Path) -> str:
    import gzip

    data = path.read_bytes()
    try:
        return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError) as error:
        raise Malformed(
            Reason.BAD_TEXT, where=str(path), detail=f"not readable text: {error}"
        ) from None


# -- printing -------------------------------------------------------------------


def _print_reading(reading: Reading, path: Path, *, everything: bool) -> None:
    refused = len(reading.refused())
    shown.say(
        f"{path}: {reading.format}, {len(reading.zones)} zones read"
        + (f", {refused} refused" if refused else "")
    )
    first = sorted(reading.report, key=lambda note: note.level != "refused")
    listed = first if everything else first[:_SHOWN_NOTES]
    for note in listed:
        shown.say(f"  {note}")
    if len(listed) < len(first):
        shown.say(f"  and {len(first) - len(listed)} more notes (--all-notes)")


def _print_losses(written: Written, asked: str) -> None:
    if not written.losses:
        shown.say("  nothing was lost")
        return
    shown.say(f"  {asked} could not carry:")
    for loss in written.losses:
        shown.say(f"  - {loss}")


def _print_comparison(found: Comparison) -> None:
    shown.say(f"{found.label_a} and {found.label_b}: {found.verdict}")
    if found.agreed_km2 is not None:
        shown.facts(
            {
                f"area of {found.label_a}": f"{found.area_a_km2:,.3f} km2",
                f"area of {found.label_b}": f"{found.area_b_km2:,.3f} km2",
                "agreed": f"{found.agreed_km2:,.3f} km2",
                "disputed": f"{found.disputed_km2:,.3f} km2 in {len(found.pieces)} pieces",
                "greatest distance": f"{found.gap.metres:,.1f} m" if found.gap else None,
                "left aside": f"{found.slivers} slivers, {found.sliver_m2:,.1f} m2 in all"
                if found.slivers
                else None,
            }
        )
    for piece in found.pieces:
        has = found.label_a if piece.included_by == "a" else found.label_b
        shown.say(
            f"piece {piece.number}: {piece.area_km2:,.3f} km2, up to {piece.greatest_m:,.1f} m, included by {has}"
        )
        shown.facts(
            {
                "  places": [place.name_en or place.pcode for place in piece.places],
                "  sub-districts": [
                    f"{one.name_en or one.pcode} {one.share_ppm / 10_000:.1f} %"
                    for one in piece.subdistricts
                ],
                "  crossings": [one.name_en or one.code for one in piece.crossings],
                "  people": _people(piece.people.counted, piece.people.estimated),
            }
        )
    for title, lines in (
        ("other differences", found.other_differences),
        ("what would settle it", found.settled_by),
    ):
        if lines:
            shown.say(f"{title}:")
        for line in lines:
            shown.say(f"- {line}")


def _people(counted: int | None, estimated: int | None) -> str | None:
    parts = []
    if counted is not None:
        parts.append(f"{counted:,} counted")
    if estimated is not None:
        parts.append(f"about {estimated:,} by the census of the sub-districts")
    return ", ".join(parts) or None


def _print_vertices(rows: tuple[VertexBack, ...]) -> None:
    if rows:
        shown.table(
            [
                {
                    "at": f"{row.volume}.{row.polygon}.{row.ring}.{row.number}",
                    "lat": f"{row.position.lat:.7f}",
                    "lon": f"{row.position.lon:.7f}",
                    "same": "-" if row.same_m is None else f"{row.same_m:,.2f}",
                    "line": f"{row.line_m:,.2f}",
                }
                for row in rows
            ],
            {
                "at": "vertex",
                "lat": "latitude",
                "lon": "longitude",
                "same": "m to same vertex",
                "line": "m to line",
            },
            empty="no vertices",
        )


def comparison_tree(found: Comparison, rows: tuple[VertexBack, ...] = ()) -> dict[str, Any]:
    """Return a comparison as JSON for programs: degrees as decimal numbers, pieces as GeoJSON."""
    from truceline.geo.geojson import area_geometry

    def point(at: Any) -> dict[str, float]:
        return {"lat": at.lat, "lon": at.lon}

    return {
        "verdict": str(found.verdict),
        "labels": {"a": found.label_a, "b": found.label_b},
        "area_a_km2": found.area_a_km2,
        "area_b_km2": found.area_b_km2,
        "agreed_km2": found.agreed_km2,
        "disputed_km2": found.disputed_km2,
        "greatest_m": found.gap.metres if found.gap else None,
        "greatest_between": [point(found.gap.start), point(found.gap.end)] if found.gap else None,
        "sampled_m": found.sampled_m,
        "slivers": found.slivers,
        "sliver_m2": found.sliver_m2,
        "agreed": [area_geometry(one) for one in found.agreed],
        "pieces": [
            {
                "number": one.number,
                "included_by": str(one.included_by),
                "area_km2": one.area_km2,
                "greatest_m": one.greatest_m,
                "geometry": area_geometry(one.polygon),
                "places": [
                    {
                        "pcode": at.pcode,
                        "name_en": at.name_en,
                        "name_ar": at.name_ar,
                        "population": at.population,
                    }
                    | point(at.position)
                    for at in one.places
                ],
                "subdistricts": [
                    {
                        "pcode": at.pcode,
                        "name_en": at.name_en,
                        "name_ar": at.name_ar,
                        "share_ppm": at.share_ppm,
                        "population": at.population,
                    }
                    for at in one.subdistricts
                ],
                "crossings": [
                    {"code": at.code, "name_en": at.name_en, "name_ar": at.name_ar, "kind": at.kind}
                    | point(at.position)
                    for at in one.crossings
                ],
                "roads": [{"code": at.code, "name": at.name} for at in one.roads],
                "people": {
                    "counted": one.people.counted,
                    "places_without_count": one.people.places_without_count,
                    "estimated": one.people.estimated,
                },
            }
            for one in found.pieces
        ],
        "other_differences": list(found.other_differences),
        "settled_by": list(found.settled_by),
        "read_back": [
            {"volume": row.volume, "polygon": row.polygon, "ring": row.ring, "number": row.number}
            | point(row.position)
            | {"same_m": row.same_m, "line_m": row.line_m}
            for row in rows
        ],
    }
