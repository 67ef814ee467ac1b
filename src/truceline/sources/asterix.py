"""ASTERIX: what surveillance centres and radars send, categories 021, 048 and 062.

The bits are read by libasterix, made from EUROCONTROL's specifications; which edition a
sender speaks is not in the data, so it is told by an option. Data of another edition often
reads as something: what does not parse is counted, and a time of day that is far from ours
or a place off the globe is not believed either. A block of a category that was not asked
for is counted. Simulated and test targets, coasted and ended tracks are kept out.

Category 048 is polar, seen from the radar: it needs the radar's place, and without a known
height the slant range stands for the distance on the ground.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import atan2, degrees, hypot, isfinite, nan, sqrt
from typing import Any

from truceline.airspace.fix import FEET_PER_METRE, Fixes
from truceline.airspace.quality import Kind
from truceline.errors import Malformed, Reason, Refused
from truceline.geo.geodesic import destination
from truceline.geo.position import from_degrees
from truceline.sources.cpr import Place
from truceline.sources.rows import Row, Rows, Told, sigma_of

EDITIONS: Mapping[str, tuple[str, ...]] = {
    "021": ("2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7"),
    "048": ("1.27", "1.28", "1.29", "1.30", "1.31", "1.32"),
    "062": ("1.16", "1.17", "1.18", "1.19", "1.20", "1.21"),
}
"""The editions that are read; the newest is taken where none is told."""

DAY_US = 86_400_000_000
LATE_US = 600_000_000
"""A time of day further than this from ours is not believed."""

NAUTICAL_M = 1852.0
KNOT_M_S = NAUTICAL_M / 3600
RANGE_SIGMA_M, AZIMUTH_SIGMA = 70.0, 0.0014
"""A Mode S radar's errors: 70 m along, 0.08 degrees across (EUROCONTROL SUR.ET1)."""
SYSTEM_SIGMA_M = 150.0
"""A system track that does not state its accuracy."""

_DOES_NOT_FIT = (ValueError, KeyError, IndexError, AssertionError, TypeError, AttributeError)
"""What libasterix raises on data that it cannot read, by fuzzing it."""


class _LeftOut(Exception):  # noqa: N818 -- what happened to a record, told to its counter
    """A record that is understood and not taken."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AsterixReader:
    """Datagrams in, fixes out."""

    def __init__(
        self,
        source: str,
        *,
        categories: Sequence[str] = ("062",),
        editions: Sequence[str] = (),
        site: Place | None = None,
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()
        self.told = Told()
        self._site = site
        self._rows = Rows(source)
        self._base = library("asterix.base")
        self._specs = dict(_specs(categories, editions))
        if 48 in self._specs and site is None:
            raise Malformed(
                Reason.MISSING_FIELD,
                where="source",
                detail="category 048 is polar and the radar's place is not told",
                remedy="Add lat=...&lon=... of the radar to the address",
            )

    def feed(self, data: bytes, *, received_at: int | None = None) -> Fixes:
        """Return the fixes in one datagram. Never fails on any bytes."""
        at = received_at or 0
        try:
            blocks = self._base.RawDatablock.parse(self._base.Bits.from_bytes(data))
        except _DOES_NOT_FIT:
            blocks = ValueError()
        if isinstance(blocks, ValueError):
            self.dropped["not_asterix"] += 1
            return self._rows.batch()
        for block in blocks:
            self._block(block, at)
        return self._rows.batch()

    def restart(self) -> None:
        """A datagram comes whole or not at all: there is nothing to forget."""

    def _block(self, block: Any, at: int) -> None:
        category = block.get_category()
        spec = self._specs.get(category)
        if spec is None:
            self.dropped[f"category_{category:03d}"] += 1
            return
        try:
            records = spec.cv_uap.parse(block.get_raw_records())
        except _DOES_NOT_FIT:
            records = ValueError()
        if isinstance(records, ValueError):
            self.dropped["does_not_fit_edition"] += 1
            return
        for record in records:
            self._record(category, record, at)

    def _record(self, category: int, record: Any, at: int) -> None:
        item = Item(record)
        try:
            row = _READ[category](item, at, self)
        except _LeftOut as why:
            self.dropped[why.reason] += 1
            return
        except _DOES_NOT_FIT:
            self.dropped["does_not_fit_edition"] += 1
            return
        self._rows.add(row)
        mode_3a = item.number("060" if category == 62 else "070", "MODE3A")
        if mode_3a is not None:
            self.told.say(row.aircraft, row.seen_at, {"squawk": f"{mode_3a:04o}"})

    def seen_at(self, time_of_day: float | None, at: int) -> int:
        """Return the moment of a time of day that is near to ours."""
        if time_of_day is None:
            raise _LeftOut("no_time")
        midnight = at - at % DAY_US
        options = [midnight + k * DAY_US + round(time_of_day * 1e6) for k in (-1, 0, 1)]
        best = min(options, key=lambda one: abs(one - at))
        if at and abs(best - at) > LATE_US:
            raise _LeftOut("bad_time")
        return best

    @property
    def site(self) -> Place:
        """Where the radar stands."""
        return self._site or (0.0, 0.0)


class Item:
    """A record, asked by the names of its items; what it does not hold is None."""

    def __init__(self, record: Any) -> None:
        self._record = record

    def _at(self, names: tuple[str, ...]) -> Any:
        try:
            found = self._record.get_item(names[0])
            for name in names[1:]:
                found = None if found is None else found.variation.get_item(name)
        except KeyError:  # not in this edition
            return None
        return found

    def number(self, *names: str) -> int | None:
        """Return an item as its bits."""
        found = self._at(names)
        return None if found is None else int(found.as_uint())

    def quantity(self, unit: str, *names: str) -> float | None:
        """Return an item as a quantity."""
        found = self._at(names)
        return None if found is None else float(found.variation.content.as_quantity(unit))

    def text(self, *names: str) -> str:
        """Return an item as text."""
        found = self._at(names)
        return "" if found is None else str(found.variation.content.as_string()).strip()


def _adsb(item: Item, at: int, reader: AsterixReader) -> Row:
    """Category 021: ADS-B reports that a ground station passes on."""
    if item.number("040", "SIM") or item.number("040", "TST"):
        raise _LeftOut("simulated")
    when = item.quantity("s", "073") or item.quantity("s", "071") or item.quantity("s", "077")
    seen_at = reader.seen_at(when, at)
    address = item.number("080")
    place = _place(item, "131") or _place(item, "130")
    if not address or place is None:
        raise _LeftOut("no_address" if not address else "no_position")
    nacp = item.number("090", "NACP")
    speed = item.quantity("NM/s", "160", "GS")
    kind = Kind.ADSB if item.number("040", "ATP") in (0, 1, None) else Kind.TISB
    return Row(
        seen_at=seen_at,
        aircraft=_address(address, is_icao=item.number("040", "ATP") in (0, None)),
        lat=place[0],
        lon=place[1],
        baro_ft=_times(item.quantity("FL", "145"), 100),
        geo_ft=_times(item.quantity("ft", "140"), 1),
        ground=item.number("040", "GBS") == 1,
        sigma_m=sigma_of(-1 if nacp is None else nacp),
        speed_kt=_times(speed, 3600),
        track_deg=_times(item.quantity("°", "160", "TA"), 1),
        climb_ft_min=_times(item.quantity("ft/min", "155", "BVR"), 1),
        callsign=item.text("170"),
        kind=kind,
        nic=_code(item.number("090", "NUCPNIC")),
        nacp=_code(nacp),
        sil=_code(item.number("090", "SIL")),
    )


def _radar(item: Item, at: int, reader: AsterixReader) -> Row:
    """Category 048: what one radar saw, as distance and bearing from it."""
    if item.number("020", "SIM") or item.number("020", "TST"):
        raise _LeftOut("simulated")
    seen_at = reader.seen_at(item.quantity("s", "140"), at)
    slant, bearing = item.quantity("NM", "040", "RHO"), item.quantity("°", "040", "THETA")
    if slant is None or bearing is None:
        raise _LeftOut("no_position")
    name = _named(item, "220", "161", reader)
    level = item.quantity("FL", "090", "FL") if item.number("090", "V") == 0 else None
    lat, lon = _seen_from(reader.site, slant * NAUTICAL_M, bearing, level)
    return Row(
        seen_at=seen_at,
        aircraft=name,
        lat=lat,
        lon=lon,
        baro_ft=_times(level, 100),
        sigma_m=hypot(RANGE_SIGMA_M, AZIMUTH_SIGMA * slant * NAUTICAL_M),
        speed_kt=_times(item.quantity("NM/s", "200", "GSP"), 3600),
        track_deg=_times(item.quantity("°", "200", "HDG"), 1),
        callsign=item.text("240"),
        kind=Kind.RADAR,
    )


def _system_track(item: Item, at: int, reader: AsterixReader) -> Row:
    """Category 062: a centre's track, made from all its sensors."""
    for name, reason in (("SIM", "simulated"), ("TSE", "track_ended"), ("CST", "coasted")):
        if item.number("080", name):
            raise _LeftOut(reason)
    seen_at = reader.seen_at(item.quantity("s", "070"), at)
    place = _place(item, "105")
    if place is None:
        raise _LeftOut("no_position")
    name = _named(item, ("380", "ADR"), "040", reader)
    east, north = item.quantity("m/s", "185", "VX"), item.quantity("m/s", "185", "VY")
    return Row(
        seen_at=seen_at,
        aircraft=name,
        lat=place[0],
        lon=place[1],
        baro_ft=_times(item.quantity("FL", "136"), 100),
        geo_ft=_times(item.quantity("ft", "130"), 1),
        sigma_m=_stated_m(item),
        speed_kt=nan if east is None or north is None else hypot(east, north) / KNOT_M_S,
        track_deg=nan if not east and not north else degrees(atan2(east or 0, north or 0)) % 360,
        climb_ft_min=_times(item.quantity("ft/min", "220"), 1),
        callsign=item.text("380", "ID") or item.text("245", "CHR"),
        kind=Kind.SYSTEM,
    )


_READ: Mapping[int, Callable[[Item, int, AsterixReader], Row]] = {
    21: _adsb,
    48: _radar,
    62: _system_track,
}


def _place(item: Item, name: str) -> Place | None:
    lat, lon = item.quantity("°", name, "LAT"), item.quantity("°", name, "LON")
    return None if lat is None or lon is None else (lat, lon)


def _named(item: Item, address: str | tuple[str, ...], number: str, reader: AsterixReader) -> str:
    """An ICAO address, else a name made from sender and track number."""
    found = item.number(*((address,) if isinstance(address, str) else address))
    if found:
        return _address(found, is_icao=True)
    track = item.number(number)
    sender = item.number("010")
    if track is None or sender is None:
        raise _LeftOut("no_address")
    reader.noted["by_track_number"] += 1
    return "~" + hashlib.sha256(f"{sender}/{track}".encode()).hexdigest()[:6]


def _address(number: int, *, is_icao: bool) -> str:
    return f"{number:06x}" if is_icao else f"~{number:06x}"


def _seen_from(site: Place, slant_m: float, bearing: float, level: float | None) -> Place:
    """Where a radar's target is, with the height taken out of the slant range where it is known."""
    height_m = 0.0 if level is None else max(level, 0.0) * 100 / FEET_PER_METRE
    ground_m = sqrt(max(slant_m**2 - height_m**2, 0.0))
    start = from_degrees(lat=site[0], lon=site[1])
    found = destination(start, bearing=bearing, metres=ground_m)
    return found.lat, found.lon


def _stated_m(item: Item) -> float:
    x, y = item.quantity("m", "500", "APC", "X"), item.quantity("m", "500", "APC", "Y")
    return SYSTEM_SIGMA_M if x is None or y is None else max(x, y, 1.0)


def _times(value: float | None, scale: float) -> float:
    return nan if value is None or not isfinite(value) else value * scale


def _code(value: int | None) -> int:
    return -1 if value is None else value


def _specs(categories: Sequence[str], editions: Sequence[str]) -> Any:
    """Yield category and specification. Refuses a category or an edition that is not read."""
    generated = library("asterix.generated")
    if editions and len(editions) != len(categories):
        raise _unknown(f"{len(categories)} categories and {len(editions)} editions are told")
    for number, category in enumerate(categories):
        known = EDITIONS.get(category.strip().zfill(3))
        if known is None:
            raise _unknown(f"category {category} is none of {', '.join(EDITIONS)}")
        edition = editions[number].strip() if editions else known[-1]
        if edition not in known:
            raise _unknown(f"category {category} is read in editions {', '.join(known)}")
        name = f"Cat_{category.strip().zfill(3)}_{edition.replace('.', '_')}"
        yield int(category), getattr(generated, name)


def _unknown(what: str) -> Malformed:
    return Malformed(
        Reason.OUT_OF_RANGE,
        where="source",
        detail=what,
        remedy="Write, for example, asterix+udp://0.0.0.0:8600?cat=062&edition=1.20",
    )


@cache
def library(name: str) -> Any:
    """Return a module of libasterix. Refuses with what to install when it is missing."""
    import importlib  # noqa: PLC0415 -- half a gigabyte of specifications, only when asked for

    try:
        return importlib.import_module(name)
    except ImportError:
        raise Refused(
            Reason.MISSING_EXTRA,
            where="ASTERIX",
            detail="ASTERIX is read by libasterix, which is not installed",
            remedy="pip install 'truceline[asterix]'",
        ) from None
