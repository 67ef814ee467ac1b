"""Where fixes come from, in one line: `beast://receiver:30005?lat=33.5&lon=36.3`.

    sbs://HOST:PORT                     BaseStation lines
    beast://HOST:PORT, avr://HOST:PORT  raw Mode S; lat, lon: where the receiver stands
    readsb+http(s)://HOST/aircraft.json snapshots; every: seconds between two
    opensky+http(s)://HOST/api/states/all   state vectors; every, bbox=west,south,east,north
    asterix+udp://ADDRESS:PORT          cat=062, edition=1.20; a group is joined; lat, lon for 048
    rid+udp://ADDRESS:PORT              Remote ID datagrams; rid://HOST:PORT lines of hex or JSON

A part that is not known is refused, never passed over: a feed read in another way than
meant is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from truceline.errors import Malformed, Reason
from truceline.sources.cpr import Place
from truceline.sources.feed import Feed, TcpFeed

type Clock = Callable[[], int]

_SITE = ("lat", "lon")
_PARTS: Mapping[str, tuple[str, ...]] = {
    "sbs": (),
    "beast": _SITE,
    "avr": _SITE,
    "readsb+http": ("every",),
    "readsb+https": ("every",),
    "opensky+http": ("every", "bbox"),
    "opensky+https": ("every", "bbox"),
    "asterix+udp": ("cat", "edition", "interface", *_SITE),
    "rid": (),
    "rid+udp": ("interface",),
}
SCHEMES = tuple(_PARTS)
_LEAST_S, _MOST_S = 0.2, 3600.0


def open_feed(
    text: str, source: str, *, clock: Clock, login: tuple[str, str] | None = None
) -> Feed:
    """Return the feed at an address. Refuses an address that is not one of those above."""
    parts, given = _split(text)
    kind = parts.scheme.partition("+")[0]
    if kind in ("readsb", "opensky"):
        return _polled(text, parts, given, source, clock, login)
    if kind == "asterix":
        return _asterix(text, parts, given, source, clock)
    if kind == "rid":
        return _remote_id(text, parts, given, source, clock)
    return _raw(text, parts, given, source, clock)


def _split(text: str) -> tuple[SplitResult, dict[str, str]]:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _wrong(text, "is not an address") from None
    known = _PARTS.get(parts.scheme)
    if known is None:
        raise _wrong(text, f"begins with none of {', '.join(f'{one}://' for one in SCHEMES)}")
    if not parts.hostname or (port is None and not parts.scheme.endswith(("http", "https"))):
        raise _wrong(text, "names no host and port")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    of_polled = parts.scheme.startswith(("readsb", "opensky"))
    unknown = [name for name in given if name not in known and not of_polled]
    if unknown:
        raise _wrong(text, f"{', '.join(unknown)} is no part of it; known are {known or 'none'}")
    return parts, given


def _raw(
    text: str, parts: SplitResult, given: Mapping[str, str], source: str, clock: Clock
) -> Feed:
    host, port = parts.hostname or "", parts.port or 0
    if parts.scheme == "sbs":
        from truceline.sources.sbs import SbsReader  # noqa: PLC0415 -- one of many

        return TcpFeed(host, port, SbsReader(source), clock=clock, address=text)
    from truceline.sources.avr import AvrFramer  # noqa: PLC0415 -- one of many
    from truceline.sources.beast import BeastFramer  # noqa: PLC0415
    from truceline.sources.modes import FrameReader  # noqa: PLC0415

    framer = BeastFramer() if parts.scheme == "beast" else AvrFramer()
    reader = FrameReader(framer, source, site=_site(text, given))
    return TcpFeed(host, port, reader, clock=clock, address=text)


def _polled(
    text: str,
    parts: SplitResult,
    given: dict[str, str],
    source: str,
    clock: Clock,
    login: tuple[str, str] | None,
) -> Feed:
    from truceline.sources.polled import PolledFeed  # noqa: PLC0415 -- one of many

    kind, _, scheme = parts.scheme.partition("+")
    every_s = _number(text, given, "every", 1.0 if kind == "readsb" else 10.0)
    if not _LEAST_S <= every_s <= _MOST_S:
        raise _wrong(text, f"every is not from {_LEAST_S} to {_MOST_S} seconds")
    given.pop("every", None)
    if kind == "opensky" and (box := given.pop("bbox", None)) is not None:
        given.update(_box(text, box))
    url = parts._replace(scheme=scheme, query=urlencode(given), fragment="").geturl()
    return PolledFeed(
        url, _json_reader(kind, source), clock=clock, every_s=every_s, login=login, address=text
    )


def _json_reader(kind: str, source: str):  # type: ignore[no-untyped-def]  # either of two readers
    if kind == "readsb":
        from truceline.sources.aircraft_json import AircraftJsonReader  # noqa: PLC0415

        return AircraftJsonReader(source)
    from truceline.sources.opensky import OpenSkyReader  # noqa: PLC0415

    return OpenSkyReader(source)


def _asterix(
    text: str, parts: SplitResult, given: Mapping[str, str], source: str, clock: Clock
) -> Feed:
    from truceline.sources.asterix import AsterixReader  # noqa: PLC0415 -- one of many
    from truceline.sources.udp import UdpFeed  # noqa: PLC0415

    reader = AsterixReader(
        source,
        categories=tuple(given.get("cat", "062").split(",")),
        editions=tuple(given["edition"].split(",")) if "edition" in given else (),
        site=_site(text, given),
    )
    return UdpFeed(
        parts.hostname or "",
        parts.port or 0,
        reader,
        clock=clock,
        interface=given.get("interface", "0.0.0.0"),  # noqa: S104 -- the card the system chooses
        address=text,
    )


def _remote_id(
    text: str, parts: SplitResult, given: Mapping[str, str], source: str, clock: Clock
) -> Feed:
    from truceline.sources.remote_id import RemoteIdReader  # noqa: PLC0415 -- one of many
    from truceline.sources.udp import UdpFeed  # noqa: PLC0415

    host, port = parts.hostname or "", parts.port or 0
    if parts.scheme == "rid":
        return TcpFeed(host, port, RemoteIdReader(source, lines=True), clock=clock, address=text)
    return UdpFeed(
        host,
        port,
        RemoteIdReader(source),
        clock=clock,
        interface=given.get("interface", "0.0.0.0"),  # noqa: S104 -- the card the system chooses
        address=text,
    )


def _site(text: str, given: Mapping[str, str]) -> Place | None:
    if not any(name in given for name in _SITE):
        return None
    lat, lon = (_number(text, given, name, 1e9) for name in _SITE)
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise _wrong(text, "lat and lon are no place on the globe")
    return lat, lon


def _box(text: str, box: str) -> dict[str, str]:
    try:
        west, south, east, north = (float(part) for part in box.split(","))
    except ValueError:
        raise _wrong(text, "bbox is not west,south,east,north") from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise _wrong(text, "bbox is no box on the globe")
    return {"lamin": str(south), "lomin": str(west), "lamax": str(north), "lomax": str(east)}


def _number(text: str, given: Mapping[str, str], name: str, otherwise: float) -> float:
    try:
        return float(given.get(name, otherwise))
    except ValueError:
        raise _wrong(text, f"{name} is not a number") from None


def _wrong(text: str, what: str) -> Malformed:
    return Malformed(
        Reason.BAD_FORMAT,
        where="source",
        detail=f"{text!r} {what}",
        remedy="Write it as docs/feeds.md shows, for example beast://127.0.0.1:30005",
    )
