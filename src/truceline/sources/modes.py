"""Raw Mode S frames to fixes: what an aircraft says of itself, put together.

A frame holds one part of the picture: a position (and its altitude), or a velocity, or
a name. Positions become fixes; the other parts go with the next position for as long
as they are fresh, and to `told` for the fused picture. The fields are read by rs1090,
which gives up on bad input in a way that no program should meet (`PanicException`, no
`Exception`), so only whole bytes reach it, and that one is caught by name. Positions
are worked out here (`cpr.py`): a feed comes in pieces, and a library call has no memory.

Kept out and counted: a wrong checksum; an address under parity of an aircraft that has
not announced itself (what noise makes most of); a position that one frame puts here
and a pair of frames puts elsewhere; a position beyond any receiver's horizon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import cos, hypot, nan, radians
from typing import Any

from truceline.airspace.fix import Fixes
from truceline.airspace.quality import MULTILATERATED_M, Kind
from truceline.errors import Reason, Refused
from truceline.sources import cpr
from truceline.sources.beast import TICKS_PER_SECOND, Frame
from truceline.sources.rows import Row, Rows, Told, sigma_of

PAIR_US = 10_000_000
"""An even and an odd frame make a pair if they are this near (ICAO Doc 9871)."""
NEARBY_US = 600_000_000
"""How long a place serves to read one frame alone: 180 NM at any airliner's speed."""
KEPT_US = 30_000_000
ANNOUNCED_US = 60_000_000
"""How long an aircraft that announced itself is believed under parity alone."""
AGREE_KM = 2.0
"""One frame and a pair of frames that differ by more are both left out."""
HORIZON_KM = 600.0
MOST_AIRCRAFT = 20_000
BURST_US = 1_000_000

_KM_PER_DEGREE = 111.2
_NUCP_TO_NACP = {9: 11, 8: 10, 7: 8, 6: 7, 5: 6, 4: 5, 3: 4}
"""Version 0 says NUCp: its 95 % radius (DO-260, table 2-11) as the NACp that holds it."""
_NIC = {9: 11, 10: 10, 11: 8, 12: 7, 13: 6, 14: 5, 15: 4, 16: 2, 17: 1, 18: 0, 20: 11, 21: 10}
"""Type code to NIC (DO-260B, table 2-14); where supplements decide, the smaller one."""
_PLAIN, _PARITY = (11, 17, 18), (4, 5, 20, 21)
_LONG = (17, 18, 20, 21)


@dataclass(slots=True)
class _Heard:
    """What one aircraft has said so far."""

    even: tuple[cpr.Code, int, bool] | None = None
    odd: tuple[cpr.Code, int, bool] | None = None
    place: cpr.Place | None = None
    placed_at: int = 0
    announced_at: int = -ANNOUNCED_US
    said: dict[str, tuple[Any, int]] = field(default_factory=dict)

    def fresh(self, name: str, at: int, otherwise: Any = nan) -> Any:
        """What it said of something, unless that is too long ago."""
        value, said_at = self.said.get(name, (otherwise, 0))
        return value if at - said_at <= KEPT_US else otherwise


class ModeSDecoder:
    """Frames in, rows out; remembers what each aircraft said.

    `site` is where the receiver stands: it reads positions on the surface, and bounds how
    far away anything can be.
    """

    def __init__(
        self, dropped: Counter[str], *, told: Told | None = None, site: cpr.Place | None = None
    ) -> None:
        self.dropped = dropped
        self.told = Told() if told is None else told
        self.site = site
        self.frames = 0
        self._aircraft: dict[str, _Heard] = {}
        self._library = library()

    def rows(self, frames: Sequence[Frame], seen_at: Sequence[int], rows: Rows) -> None:
        """Add the positions in these frames to `rows`. Never fails on any frame."""
        self._bound(seen_at)
        for frame, at, message in zip(frames, seen_at, self._read(frames), strict=True):
            self.frames += 1
            if message is None:
                self.dropped["bad_checksum_or_unknown"] += 1
            else:
                self._message(frame, at, message, rows)

    def _read(self, frames: Sequence[Frame]) -> list[Any]:
        texts = [frame.data.hex() for frame in frames]
        if not texts:
            return []
        try:
            read: list[Any] = self._library.decode(texts)
        except BaseException as error:  # noqa: BLE001 -- a panic is no Exception; others pass
            _only_a_panic(error)
            return [self._read_one(text) for text in texts]
        return read if len(read) == len(texts) else [self._read_one(text) for text in texts]

    def _read_one(self, text: str) -> Any:
        try:
            return self._library.decode(text)
        except BaseException as error:  # noqa: BLE001 -- a panic is no Exception; others pass
            _only_a_panic(error)
            self.dropped["library_gave_up"] += 1
            return None

    def _bound(self, seen_at: Sequence[int]) -> None:
        """Forget who has been silent for ten minutes when a flood of addresses fills the table."""
        if len(self._aircraft) <= MOST_AIRCRAFT or not seen_at:
            return
        since = max(seen_at) - NEARBY_US
        kept = {
            name: one
            for name, one in self._aircraft.items()
            if max(one.placed_at, one.announced_at) > since
        }
        self._aircraft = kept if len(kept) <= MOST_AIRCRAFT else {}

    # -- one frame ---------------------------------------------------------------------------

    def _message(self, frame: Frame, at: int, message: Mapping[str, Any], rows: Rows) -> None:
        form = frame.data[0] >> 3
        address = message.get("icao24")
        if not isinstance(address, str) or len(address) != 6 or address == "000000":
            self.dropped["no_address"] += 1
            return
        if form in _PARITY:
            self._under_parity(address, at, message)
        elif form in _PLAIN:
            self._announced(frame, address, at, message, rows)
        else:
            self.dropped["other_form"] += 1

    def _under_parity(self, address: str, at: int, message: Mapping[str, Any]) -> None:
        heard = self._aircraft.get(address)
        if heard is None or at - heard.announced_at > ANNOUNCED_US:
            self.dropped["not_announced"] += 1
            return
        self._listen(address, heard, at, message)

    def _announced(
        self, frame: Frame, address: str, at: int, message: Mapping[str, Any], rows: Rows
    ) -> None:
        kind = _kind(frame)
        name = f"~{address}" if _is_not_icao(frame) else address
        heard = self._aircraft.setdefault(name, _Heard())
        if kind is Kind.ADSB:
            heard.announced_at = at
        self._listen(name, heard, at, message, frame)
        if isinstance(message.get("lat_cpr"), int):
            self._position(name, heard, at, message, kind, rows)

    def _listen(
        self,
        name: str,
        heard: _Heard,
        at: int,
        message: Mapping[str, Any],
        frame: Frame | None = None,
    ) -> None:
        said = dict(_said(message))
        if frame is not None and message.get("bds") == "08":
            category = frame.data[4]
            said["category"] = (
                f"{'?DCBA'[category >> 3] if category >> 3 < 5 else '?'}{category & 7}"
            )
        for datum, value in said.items():
            heard.said[datum] = (value, at)
        self.told.say(name, at, said)

    def _position(
        self, name: str, heard: _Heard, at: int, message: Mapping[str, Any], kind: Kind, rows: Rows
    ) -> None:
        on_surface = message.get("bds") == "06"
        is_odd = message.get("parity") == "odd"
        code = (int(message["lat_cpr"]), int(message["lon_cpr"]))
        place = self._place(heard, code, at, is_odd=is_odd, on_surface=on_surface)
        if place is None:
            return
        heard.place, heard.placed_at = place, at
        nacp = _nacp(heard, at, message)
        rows.add(
            Row(
                seen_at=at,
                aircraft=name,
                lat=place[0],
                lon=place[1],
                baro_ft=nan if on_surface else heard.fresh("alt_baro", at),
                geo_ft=heard.fresh("alt_geom", at),
                ground=on_surface,
                sigma_m=sigma_of(nacp) if kind is Kind.ADSB else MULTILATERATED_M,
                speed_kt=heard.fresh("gs", at),
                track_deg=heard.fresh("track", at),
                climb_ft_min=heard.fresh("baro_rate", at),
                callsign=heard.fresh("flight", at, ""),
                qnh_hpa=heard.fresh("nav_qnh", at),
                kind=kind,
                nic=_NIC.get(int(message.get("tc") or 0), -1),
                nacp=nacp,
                sil=heard.fresh("sil", at, -1),
            )
        )

    def _place(
        self, heard: _Heard, code: cpr.Code, at: int, *, is_odd: bool, on_surface: bool
    ) -> cpr.Place | None:
        """The place of a frame, or None with the reason counted."""
        known = heard.place if at - heard.placed_at <= NEARBY_US else None
        if on_surface:
            return self._on_surface(code, known or self.site, is_odd=is_odd)
        mine = (code, at, on_surface)
        if is_odd:
            heard.odd = mine
        else:
            heard.even = mine
        alone = None if known is None else cpr.near(code, known, is_odd=is_odd)
        pair = _paired(heard, at, is_odd=is_odd)
        if pair is not None and alone is not None and _km(pair, alone) > AGREE_KM:
            # A pair spans a jump, or the place that served no longer does: begin anew.
            heard.place, heard.even, heard.odd = None, None, None
            self.dropped["positions_disagree"] += 1
            return None
        return self._in_range(pair or alone)

    def _on_surface(
        self, code: cpr.Code, known: cpr.Place | None, *, is_odd: bool
    ) -> cpr.Place | None:
        if known is None:
            self.dropped["surface_without_place"] += 1
            return None
        return self._in_range(cpr.near(code, known, is_odd=is_odd, on_surface=True))

    def _in_range(self, place: cpr.Place | None) -> cpr.Place | None:
        if place is None:
            self.dropped["no_pair_yet"] += 1
        elif self.site is not None and _km(place, self.site) > HORIZON_KM:
            self.dropped["beyond_horizon"] += 1
            return None
        return place


class FrameReader:
    """A framer and the decoder behind it: bytes in, batches of fixes out."""

    def __init__(self, framer: Any, source: str, *, site: cpr.Place | None = None) -> None:
        self.dropped: Counter[str] = framer.dropped
        self.noted: Counter[str] = Counter()
        self.told = Told()
        self._framer = framer
        self._decoder = ModeSDecoder(self.dropped, told=self.told, site=site)
        self._rows = Rows(source)

    @property
    def frames(self) -> int:
        """How many whole frames came."""
        return self._decoder.frames

    def feed(self, data: bytes, *, received_at: int | None = None) -> Fixes:
        """Return the fixes in the frames that these bytes complete.

        A frame was seen when it came: receivers' counters know no date. Within one piece
        the counter tells by how much earlier each came than the last.
        """
        frames = self._framer.feed(data)
        self._decoder.rows(frames, seen_times(frames, received_at or 0, self.noted), self._rows)
        return self._rows.batch()

    def restart(self) -> None:
        """Forget half a message."""
        self._framer.restart()


def seen_times(frames: Sequence[Frame], last_at: int, noted: Counter[str]) -> list[int]:
    """Return when each frame was heard, if the last was heard at `last_at`."""
    ticks = [one.ticks for one in frames if one.ticks is not None and not one.multilaterated]
    newest = ticks[-1] if ticks else 0
    return [_heard_at(one, newest, last_at, noted) for one in frames]


def _heard_at(frame: Frame, newest: int, last_at: int, noted: Counter[str]) -> int:
    if frame.ticks is None or frame.multilaterated:
        return last_at
    before = (newest - frame.ticks) * 1_000_000 // TICKS_PER_SECOND
    if 0 <= before <= BURST_US:
        return last_at - before
    noted["counter_jumped"] += 1
    return last_at


def _said(message: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Yield what a message says, in readsb's words; what it does not say is left out."""
    altitude = message.get("altitude")
    if isinstance(altitude, int | float) and message.get("source", "barometric") == "barometric":
        yield "alt_baro", float(altitude)
    elif isinstance(altitude, int | float):
        yield "alt_geom", float(altitude)
    for name, ours in (("groundspeed", "gs"), ("track", "track"), ("squawk", "squawk")):
        if message.get(name) is not None:
            yield ours, message[name]
    callsign = message.get("callsign")
    if isinstance(callsign, str) and callsign.strip("_# "):
        yield "flight", callsign.strip("_ ")
    if message.get("bds") == "09":
        rate = message.get("vertical_rate")
        if rate is not None:
            yield "baro_rate" if message.get("vrate_src") == "barometric" else "geom_rate", rate
    if message.get("bds") == "65":
        for name, ours in (("NACp", "nac_p"), ("SIL", "sil"), ("version", "version")):
            if isinstance(message.get(name), int):
                yield ours, message[name]
    intent = message.get("bds40")
    if isinstance(intent, Mapping) and isinstance(intent.get("barometric_setting"), float):
        yield "nav_qnh", intent["barometric_setting"]


def _nacp(heard: _Heard, at: int, message: Mapping[str, Any]) -> int:
    """What the aircraft says of its accuracy: NACp, or NUCp where it is of version 0."""
    nacp = heard.fresh("nac_p", at, None)
    return int(nacp) if nacp is not None else _NUCP_TO_NACP.get(int(message.get("NUCp") or 0), -1)


def _paired(heard: _Heard, at: int, *, is_odd: bool) -> cpr.Place | None:
    if heard.even is None or heard.odd is None:
        return None
    if (
        abs(heard.even[1] - heard.odd[1]) > PAIR_US
        or at - min(heard.even[1], heard.odd[1]) > PAIR_US
    ):
        return None
    return cpr.across(heard.even[0], heard.odd[0], odd_is_newer=is_odd)


def _kind(frame: Frame) -> Kind:
    if frame.multilaterated:
        return Kind.MLAT
    is_relayed = frame.data[0] >> 3 == 18 and frame.data[0] & 7 not in (0, 1)
    return Kind.TISB if is_relayed else Kind.ADSB


def _is_not_icao(frame: Frame) -> bool:
    """Whether a DF18 frame's address is no ICAO one (DO-260B 2.2.3.2.1.5, field CF)."""
    return frame.data[0] >> 3 == 18 and frame.data[0] & 7 in (1, 5)


def _km(one: cpr.Place, other: cpr.Place) -> float:
    east = (one[1] - other[1] + 180) % 360 - 180
    return _KM_PER_DEGREE * hypot(one[0] - other[0], east * cos(radians(one[0])))


def _only_a_panic(error: BaseException) -> None:
    """Let every failure pass on that is not the library's own giving up."""
    if type(error).__name__ != "PanicException":
        raise error


@cache
def library() -> Any:
    """Return rs1090. Refuses with what to install when it is missing."""
    try:
        import rs1090  # noqa: PLC0415 -- an extra
    except ImportError:
        raise Refused(
            Reason.MISSING_EXTRA,
            where="Mode S",
            detail="raw Mode S frames are read by rs1090, which is not installed",
            remedy="pip install 'truceline[modes]'",
        ) from None
    return rs1090
