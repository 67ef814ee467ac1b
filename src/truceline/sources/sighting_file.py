"""Files of sightings and of places: CSV in, and GeoJSON for places.

A row that cannot be read is left out and counted with its reason; a file without the
columns that are needed is refused.
"""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from truceline.airspace.sightings.sighting import Band, Craft, Means, Sighting
from truceline.airspace.sightings.warning import Place
from truceline.errors import Malformed, Reason, TrucelineError, Unavailable
from truceline.geo.position import Position, from_degrees

MOST_BYTES = 64 * 1024 * 1024
NEEDED = ("lat", "lon", "bearing_deg", "band", "seen_at")
COLUMNS = (
    "name", "observer", *NEEDED, "place_sigma_m", "bearing_sigma_deg", "heading_deg",
    "heading_sigma_deg", "type", "count", "means", "received_at",
)  # fmt: skip
"""The columns of a file of sightings; those beyond `NEEDED` have the defaults below."""

PLACE_SIGMA_M, BEARING_SIGMA_DEG, HEADING_SIGMA_DEG = 100.0, 15.0, 15.0


class SightingFile:
    """A file of sightings; it counts what it left out and why."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows_read = 0
        self.dropped: Counter[str] = Counter()

    def sightings(self) -> Iterator[Sighting]:
        """Yield the sightings that can be read, in the order of the file."""
        for row in _rows(self.path, NEEDED):
            self.rows_read += 1
            try:
                yield of_row(row, f"row-{self.rows_read}")
            except (TrucelineError, ValueError) as error:
                where = error.where if isinstance(error, TrucelineError) else ""
                self.dropped[where or "not a number, a word or a time that is known"] += 1


def of_row(row: Mapping[str, str], name: str) -> Sighting:
    """Return the sighting of one row. Raises `Malformed` or `ValueError`."""
    seen = _time(row["seen_at"])
    received = row.get("received_at") or ""
    heading = row.get("heading_deg") or ""
    return Sighting(
        row.get("name") or name,
        row.get("observer") or f"{row['lat']},{row['lon']}",
        from_degrees(lat=float(row["lat"]), lon=float(row["lon"])),
        float(row.get("place_sigma_m") or PLACE_SIGMA_M),
        float(row["bearing_deg"]),
        float(row.get("bearing_sigma_deg") or BEARING_SIGMA_DEG),
        Band(row["band"].strip().lower()),
        float(heading) if heading else None,
        float(row.get("heading_sigma_deg") or HEADING_SIGMA_DEG),
        Craft((row.get("type") or "unknown").strip().lower()),
        int(row.get("count") or 1),
        Means((row.get("means") or "seen").strip().lower()),
        seen,
        _time(received) if received else seen,
    )


def read_places(path: Path) -> list[Place]:
    """Return the places of a CSV (code, lat, lon) or of a GeoJSON file of points.

    Refuses a place without a code or with one that stands twice: a warning names it.
    """
    text = _text(path)
    made = _geojson(text, path) if text.lstrip()[:1] in ("{", "[") else _table(path)
    places = list(made)
    twice = [code for code, count in Counter(one.code for one in places).items() if count > 1]
    if twice:
        raise Malformed(Reason.BAD_FORMAT, where=path.name, detail=f"place {twice[0]} stands twice")
    if not places:
        raise Malformed(Reason.BAD_FORMAT, where=path.name, detail="there is no place in it")
    return places


def _table(path: Path) -> Iterator[Place]:
    for number, row in enumerate(_rows(path, ("lat", "lon")), start=1):
        where = f"{path.name}: row {number}"
        code = row.get("code") or row.get("name") or row.get("place") or ""
        try:
            at = from_degrees(lat=float(row["lat"]), lon=float(row["lon"]))
        except ValueError:
            raise Malformed(Reason.WRONG_TYPE, where=where, detail="lat, lon: numbers") from None
        yield Place(_code(code, where), at)


def _geojson(text: str, path: Path) -> Iterator[Place]:
    try:
        features = json.loads(text)["features"]
        for number, one in enumerate(features):
            where = f"{path.name}: feature {number}"
            said = one.get("properties") or {}
            code = said.get("code") or said.get("name") or one.get("id") or ""
            yield Place(_code(str(code), where), _point(one["geometry"], where))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Malformed(
            Reason.BAD_FORMAT, where=path.name, detail="not a GeoJSON FeatureCollection of points"
        ) from None


def _point(geometry: Mapping[str, Any], where: str) -> Position:
    if geometry["type"] != "Point":
        raise Malformed(
            Reason.BAD_GEOMETRY, where=where, detail=f"a {geometry['type']} is not a point"
        )
    lon, lat = (float(value) for value in geometry["coordinates"][:2])
    return from_degrees(lat=lat, lon=lon)


def _code(code: str, where: str) -> str:
    if not 0 < len(code.strip()) <= 200:
        raise Malformed(Reason.MISSING_FIELD, where=where, detail="a place needs a code or a name")
    return code.strip()


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    reader = csv.DictReader(_text(path).splitlines(), restval="")
    present = [(name or "").strip() for name in reader.fieldnames or ()]
    missing = [name for name in needed if name not in present]
    if missing:
        raise Malformed(
            Reason.MISSING_FIELD, where=path.name, detail=f"no column {', '.join(missing)}"
        )
    reader.fieldnames = present
    try:
        for row in reader:
            yield {name: value for name, value in row.items() if isinstance(value, str)}
    except csv.Error as error:
        raise Malformed(Reason.BAD_FORMAT, where=path.name, detail=str(error)) from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise Malformed(Reason.NOT_FOUND, where=str(path), detail="no such file") from None
    except IsADirectoryError:
        raise Malformed(Reason.BAD_FORMAT, where=str(path), detail="this is a folder") from None
    except OSError as error:
        raise Unavailable(Reason.BUSY, where=str(path), detail=str(error.strerror)) from None
    if len(data) > MOST_BYTES:
        raise Malformed(
            Reason.TOO_LARGE, where=str(path), detail=f"more than {MOST_BYTES} bytes",
            remedy="Split the file by day",
        )  # fmt: skip
    return data.decode("utf-8-sig", errors="replace")


def _time(text: str) -> int:
    """Return microseconds since 1970 of ISO 8601 (UTC where no offset stands) or of such a number."""
    said = text.strip()
    if said.isascii() and said.isdigit():
        return int(said)
    try:
        read = datetime.fromisoformat(said)
        aware = read if read.tzinfo else read.replace(tzinfo=UTC)
        seconds = aware.timestamp()
    except (ValueError, OverflowError, OSError):
        raise Malformed(Reason.BAD_TIME, where="time", detail=f"{text!r} is no time") from None
    if not math.isfinite(seconds):
        raise Malformed(Reason.BAD_TIME, where="time", detail=f"{text!r} is no time")
    return round(seconds * 1_000_000)
