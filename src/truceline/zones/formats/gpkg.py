"""Zones as GeoPackage 1.3 (OGC 12-128r17), the format of desktop GIS.

One feature table `zones`, one row for each volume, in WGS 84; the zone document
travels in the column `truceline` (see `carried.py`). In files that are not ours every
polygon layer is read and each row is a zone, with edges straight in longitude and
latitude. A database from strangers is read in memory with writing, functions of the
schema and long queries shut off.
"""

from __future__ import annotations

import json
import re
import sqlite3
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import shapely
import shapely.geometry

from truceline.errors import Malformed, Reason, TrucelineError
from truceline.geo.flatten import to_shapely
from truceline.geo.geojson import read_area
from truceline.geo.volume import Edge
from truceline.zones import document
from truceline.zones.boundary import (
    Extra,
    Named,
    Original,
    Text,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
    polygons_of,
)
from truceline.zones.formats import json_text
from truceline.zones.formats.carried import (
    Area,
    Face,
    Seen,
    check_beside,
    face,
    grouped,
    reconcile,
    shown_losses,
)
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

FORMAT = "gpkg"
MEDIA_TYPE = "application/geopackage+sqlite3"

_APPLICATION_ID = 0x47504B47  # "GPKG"
_VERSION = 10300
_CHANGED = "1970-01-01T00:00:00.000Z"  # this package knows no clock; equal zones give equal files
_STEPS = 300
_STEP_OPCODES = 100_000
_ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_OWN = ("fid", "geom", "code", "name", "kind", "volume", "lower", "upper", "edge", "truceline")
_IDENTIFIER = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")
_WGS84_WKT = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],'
    'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],'
    'UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]'
)
_SCHEMA = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY,
  organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
"""


@dataclass(frozen=True, slots=True)
class _Row:
    """One feature of one layer, by column name; its geometry column apart."""

    layer: str
    number: int
    geometry: Any
    fields: Mapping[str, Any]

    @property
    def where(self) -> str:
        named = self.fields.get("code") or self.fields.get("name")
        return f"layer {self.layer}, row {self.number}" + (f" ({named})" if named else "")

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""


def read(data: bytes, *, name: str = "zones.gpkg") -> Reading:
    """Return the zones of a GeoPackage, with a report by row.

    Refuses a file that is no GeoPackage, one whose schema does not answer in a sane
    time, and a layer that is not in WGS 84.
    """
    check_size(data, name)
    original = original_of(data, name=name, media_type=MEDIA_TYPE)
    report, zones = Report(), list[ZoneContent]()
    rows = _rows(data, name, report)
    for group in _groups(rows):
        with report.feature(group[0].where):
            report.take(_zone(group, original, report), group[0].where, zones)
    return Reading(tuple(zones), tuple(report.notes), FORMAT, original.sha256)


def write(zones: tuple[ZoneContent, ...]) -> Written:
    """Return the zones as a GeoPackage that GIS programs open."""
    base = sqlite3.connect(":memory:", isolation_level=None)
    try:
        base.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        base.execute(f"PRAGMA user_version = {_VERSION}")
        base.executescript(_SCHEMA)
        _write_table(base, zones)
        data = bytes(base.serialize())
    finally:
        base.close()
    losses: list[Loss] = [loss for content in zones for loss in shown_losses(content)]
    return Written(data, tuple(losses))


# -- writing --------------------------------------------------------------------


def _write_table(base: sqlite3.Connection, zones: tuple[ZoneContent, ...]) -> None:
    systems = [
        ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", "undefined Cartesian"),
        ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic"),
        ("WGS 84 geodetic", 4326, "EPSG", 4326, _WGS84_WKT, "longitude, latitude in degrees"),
    ]
    base.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)", systems)
    others = _other_columns(zones)
    declared = "".join(f', "{column}" {kind}' for column, kind in others.items())
    base.execute(
        "CREATE TABLE zones (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON, code TEXT, name TEXT,"
        f" kind TEXT, volume INTEGER, lower TEXT, upper TEXT, edge TEXT, truceline TEXT{declared})"
    )
    shapes, rows = [], []
    for content in zones:
        for number, seen in enumerate(face(content).seen, start=1):
            shape = _shape(seen.area)
            shapes.append(shape)
            rows.append(_values(content, seen, number, shape, list(others)))
    bounds = (
        shapely.total_bounds([one for one in shapes if one is not None])
        if any(shapes)
        else [None] * 4
    )
    base.execute(
        "INSERT INTO gpkg_contents VALUES ('zones','features','zones','',?,?,?,?,?,4326)",
        (_CHANGED, *(None if one is None else float(one) for one in bounds)),
    )
    base.execute(
        "INSERT INTO gpkg_geometry_columns VALUES ('zones','geom','MULTIPOLYGON',4326,0,0)"
    )
    marks = ",".join("?" * (10 + len(others)))
    base.executemany(f"INSERT INTO zones VALUES ({marks})", [(None, *row) for row in rows])  # noqa: S608 -- marks alone


def _other_columns(zones: tuple[ZoneContent, ...]) -> dict[str, str]:
    """Columns of somebody's layer, put back with their kind of value; odd names stay in the document."""
    made: dict[str, str] = {}
    taken = {one.lower() for one in _OWN}
    for content in zones:
        for name, value in _own_extras(content).items():
            kind = {int: "INTEGER", float: "REAL", str: "TEXT"}.get(type(value))
            if (
                kind
                and _IDENTIFIER.match(name)
                and name.lower() not in taken
                and made.get(name, kind) == kind
            ):
                made[name] = kind
    lowered = [name.lower() for name in made]
    return {name: kind for name, kind in made.items() if lowered.count(name.lower()) == 1}


def _own_extras(content: ZoneContent) -> dict[str, Any]:
    return {
        one.key[5:]: json.loads(one.json) for one in content.extras if one.key.startswith("gpkg:")
    }


def _values(
    content: ZoneContent, seen: Seen, number: int, shape: Any, others: list[str]
) -> tuple[Any, ...]:
    limits = [json_text.dump(limit_tree(one)) for one in (seen.lower, seen.upper)]
    edge = str(content.volumes[number - 1].edge) if content.volumes else None
    whole = json.dumps(document.to_tree(content)) if number == 1 else None
    extras = _own_extras(content) if number == 1 else {}
    blob = None if shape is None else _blob(shape)
    plain = (blob, content.code, content.name(), str(content.kind), number, *limits, edge, whole)
    return plain + tuple(extras.get(one) for one in others)


def _shape(area: Area | None) -> Any:
    if area is None:
        return None

    return shapely.multipolygons([to_shapely(one) for one in polygons_of(area)])


def _blob(shape: Any) -> bytes:
    """GeoPackageBinary: header, envelope (min x, max x, min y, max y), well-known binary."""
    west, south, east, north = shapely.bounds(shape).tolist()
    header = struct.pack("<2sBBi4d", b"GP", 0, 0b0000_0011, 4326, west, east, south, north)
    return header + bytes(shapely.to_wkb(shape, byte_order=1))


# -- reading --------------------------------------------------------------------


def _rows(data: bytes, name: str, report: Report) -> list[_Row]:
    base = sqlite3.connect(":memory:")
    try:
        base.deserialize(data)
        _lock(base)
        return [
            row
            for layer in _layers(base, name, report)
            for row in _layer_rows(base, *layer, report)
        ]
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        raise Malformed(
            Reason.BAD_FORMAT,
            where=name,
            detail=f"not a readable GeoPackage: {error}",
            remedy="Export the layer again",
        ) from None
    finally:
        base.close()


def _lock(base: sqlite3.Connection) -> None:
    """Only reading, nothing that the schema itself calls, and an end to long queries."""
    base.execute("PRAGMA trusted_schema = OFF")
    base.execute("PRAGMA query_only = ON")
    base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 64 * 2**20)
    left = [_STEPS]

    def spent() -> bool:
        left[0] -= 1
        return left[0] <= 0

    base.set_progress_handler(spent, _STEP_OPCODES)
    allowed = {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
    base.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY
    )


def _layers(base: sqlite3.Connection, name: str, report: Report) -> list[tuple[str, str]]:
    """Names of table and geometry column of the layers in WGS 84."""
    query = (
        "SELECT g.table_name, g.column_name, s.organization, s.organization_coordsys_id"
        " FROM gpkg_geometry_columns g JOIN gpkg_spatial_ref_sys s USING (srs_id) ORDER BY 1"
    )
    found = []
    for table, column, organisation, number in base.execute(query):
        if (str(organisation).upper(), number) in (
            ("EPSG", 4326),
            ("EPSG", 4979),
            ("OGC", "CRS84"),
        ):
            found.append((str(table), str(column)))
            continue
        with report.feature(f"layer {table}"):
            raise Malformed(
                Reason.BAD_GEOMETRY,
                detail=f"the layer is in {organisation}:{number}, not in WGS 84",
                remedy="Export it in EPSG:4326",
            )
    if not found and not report.notes:
        report.noted(name, "the GeoPackage has no feature layer")
    return found


def _layer_rows(base: sqlite3.Connection, table: str, column: str, report: Report) -> list[_Row]:
    quoted = table.replace('"', '""')
    cursor = base.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 -- a quoted name of the file itself
    names = [one[0] for one in cursor.description]
    made = []
    for number, values in enumerate(cursor.fetchmany(MAX_FEATURES), start=1):
        fields = dict(zip(names, values, strict=True))
        made.append(_Row(table, number, fields.pop(column, None), fields))
    if cursor.fetchone() is not None:
        report.repaired(f"layer {table}", f"only the first {MAX_FEATURES} rows were read")
    return made


def _groups(rows: list[_Row]) -> list[list[_Row]]:
    items: list[tuple[str, int, _Row]] = []
    for row in rows:
        code, volume = row.fields.get("code"), row.fields.get("volume")
        ours = "truceline" in row.fields and isinstance(code, str) and isinstance(volume, int)
        key = f"zone {row.layer} {code}" if ours else f"row {row.layer} {row.number}"
        items.append((key, volume if ours and isinstance(volume, int) else 1, row))
    return list(grouped(items).values())


def _zone(group: list[_Row], original: Original, report: Report) -> ZoneContent:
    first = group[0]
    seen = tuple(_seen(one, report) for one in group)
    text = first.fields.get("truceline")
    if isinstance(text, str):
        try:
            carried = document.from_tree(json_text.parse_text(text, where="truceline"))
        except TrucelineError as error:
            report.repaired(
                first.where, f"its zone document could not be read ({error.detail}); the row counts"
            )
        else:
            if carried.volumes:
                check_beside({"edge": str(carried.volumes[0].edge)}, first.fields)
            made = reconcile(
                carried,
                Face(first.text("name"), first.text("kind"), seen),
                where=first.where,
                report=report,
            )
            return _with_columns(made, first, report)
    return _foreign(first, seen, original, report)


def _with_columns(content: ZoneContent, row: _Row, report: Report) -> ZoneContent:
    """The content with its other columns as they stand now."""
    now = {one.key: one for one in _columns(row)}
    made = []
    for one in content.extras:
        current = now.get(one.key)
        if current is not None and current.json != one.json and one.key.startswith("gpkg:"):
            report.repaired(row.where, f"the column {one.key[5:]} was edited; the edit counts")
            made.append(current)
        else:
            made.append(one)
    known = {one.key for one in content.extras}
    made.extend(one for key, one in now.items() if key not in known and one.json != "null")
    return replace(content, extras=tuple(made))


def _columns(row: _Row) -> tuple[Extra, ...]:
    return tuple(
        Extra(f"gpkg:{key}", json_text.dump(value.hex() if isinstance(value, bytes) else value))
        for key, value in row.fields.items()
        if key not in _OWN
    )


def _seen(row: _Row, report: Report) -> Seen:
    limits = []
    for side in ("lower", "upper"):
        value = row.fields.get(side)
        tree = (
            json_text.parse_text(value, where=side)
            if isinstance(value, str) and value[:1] in "{n"
            else None
        )
        limits.append(read_limit(tree, where=side))
    return Seen(_area(row, report), limits[0], limits[1])


def _area(row: _Row, report: Report) -> Area | None:
    if row.geometry is None:
        return None
    blob = row.geometry
    if (
        not isinstance(blob, bytes)
        or len(blob) < 8
        or blob[:2] != b"GP"
        or (blob[3] >> 1) & 7 not in _ENVELOPES
    ):
        raise Malformed(Reason.BAD_GEOMETRY, where="geometry", detail="not a GeoPackage geometry")
    if blob[3] & 0b0010_0000:
        raise Malformed(
            Reason.BAD_GEOMETRY,
            where="geometry",
            detail="an extended geometry type is not known here",
        )
    try:
        shape = shapely.from_wkb(blob[8 + _ENVELOPES[(blob[3] >> 1) & 7] :])
    except (shapely.errors.ShapelyError, ValueError) as error:
        raise Malformed(
            Reason.BAD_GEOMETRY, where="geometry", detail=f"not well-known binary: {error}"
        ) from None
    if shape is None or shape.is_empty:
        return None
    if shape.has_z:
        report.repaired(row.where, "heights of vertices were left out")
    notes: list[str] = []
    area = read_area(shapely.geometry.mapping(shape), where="geometry", notes=notes)
    report.repairs(f"{row.where}, {one}" for one in notes)
    return area


def _foreign(row: _Row, seen: tuple[Seen, ...], original: Original, report: Report) -> ZoneContent:
    given = [row.fields.get(key) for key in ("code", "zone_id", "id", "name")]
    code = next((str(one) for one in given if one not in (None, "")), "")
    if not code:
        code = f"{row.layer}-{row.number}"
        report.repaired(row.where, f"it has no code and no name; it is called {code!r}")
    kind, edge = row.text("kind"), row.text("edge")
    own = [key for key in ("volume", "truceline") if row.fields.get(key) is not None]
    if own:
        report.noted(
            row.where,
            f"the columns {', '.join(own)} are kept for Truceline's own files and were not read",
        )
    return ZoneContent(
        code=code.strip()[:200],
        kind=ZoneKind(kind) if kind in set(ZoneKind) else ZoneKind.OTHER,
        names=(Text("", row.text("name")),) if row.text("name") else (),
        raw_kinds=(Named("gpkg.kind", kind),) if kind and kind not in set(ZoneKind) else (),
        volumes=tuple(
            ZoneVolume(
                one.area, one.lower, one.upper, Edge(edge) if edge in set(Edge) else Edge.LONLAT
            )
            for one in seen
            if one.area is not None
        ),
        extras=_columns(row),
        original=replace(original, place=f"{row.layer}[{row.number}]"),
    )
