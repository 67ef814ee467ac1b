"""Several sources of one aircraft: which of them carries its track, and what is known of it.

One aircraft is one ICAO address. Each thing known of it (place, height, speed, name, ...)
has a value, a time, a sort of sensor and a source. A less reliable source may replace what
is stale, never what is fresh; a more reliable one replaces at once; of two that are alike
the one that speaks goes on, and the other takes over when it has been silent for a while.
So a track is never sewn from receivers whose clocks differ.

An address with `~` is no ICAO one: two sources may mean different aircraft by it, and one
replaces another's only when that is long gone.

Where an aircraft's own word and an independent sensor differ by more than both can err,
that is a contradiction: it is told, and the own word does not carry the track for a while.
Two sources of one sort that differ so contradict each other as well, and who came first
goes on. No source silences another: what is too far from the track that is carried to be
of it is judged by itself, under a name of its own (`apart`), and is suspected at most.

Columns, not objects: a batch costs a few array operations, and memory is bounded.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truceline.airspace.fix import Fixes, Flags, Floats, Ints, Names
from truceline.airspace.quality import MULTILATERATED_M, Kind
from truceline.airspace.rules import SECOND_US
from truceline.geo.geodesic import distances_m

MOST_AIRCRAFT = 50_000
MOST_TOLD = 1_000
HEARD_US = 300 * SECOND_US
"""An aircraft that has been silent for so long is forgotten when room is needed."""
SHOWN_US = 60 * SECOND_US
FRESH_US = 20 * SECOND_US
"""readsb's own mark: a place or a speed older than this is stale (AIRSPACE d.3)."""
NAMED_US = 120 * SECOND_US
"""A callsign or a squawk is stale after this."""
SILENT_US = 3 * SECOND_US
"""Another source of the same sort takes over after this."""
ANONYMOUS_US = 300 * SECOND_US
"""A source's `~` address is its own for so long; a track's longest gap."""
AHEAD_US = 10 * SECOND_US
"""What is further in the future carries no track."""
LATE_US = 120 * SECOND_US
"""A source whose fixes are older when they come is a replay, and is told apart."""
WITNESS_US = 5 * SECOND_US
"""A sensor that agrees is named as a witness so often."""
DISTRUSTED_US = 60 * SECOND_US
FASTEST_M_S = 350.0
LEAST_APART_M = 1_000.0
WORST_M = 5_000.0
"""No error counts for more: who calls himself vague would agree with everything."""

RELIABILITY: Mapping[Kind, int] = {
    Kind.ADSB: 7,
    Kind.REMOTE_ID: 7,
    Kind.SYSTEM: 6,
    Kind.RADAR: 5,
    Kind.UNKNOWN: 4,
    Kind.TISB: 3,
    Kind.MLAT: 2,
    Kind.OBSERVER: 1,
}
"""The order of readsb, with radars between: the greater replaces the smaller."""

NUMBERS: Mapping[str, str] = {
    "alt_baro": "baro_ft",
    "alt_geom": "geo_ft",
    "gs": "speed_kt",
    "track": "track_deg",
    "baro_rate": "climb_ft_min",
    "nav_qnh": "qnh_hpa",
}
"""What is known in numbers, by readsb's words, and the column of a batch that says it."""
WORDS = ("flight", "squawk", "category", "emergency")
_TYPES = {
    Kind.ADSB: ("adsb_icao", "adsb_other"),
    Kind.TISB: ("tisb_icao", "tisb_other"),
    Kind.MLAT: ("mlat", "mlat"),
    Kind.UNKNOWN: ("unknown", "unknown"),
}
_APART = "@"
_NEVER = np.iinfo(np.int64).min // 4
_RANK = np.array([RELIABILITY[kind] for kind in Kind], dtype=np.int8)
_OWN_WORD = np.array([kind.is_own_word for kind in Kind])

type Ranks = NDArray[np.int8]
type Said = Mapping[str, tuple[Any, int]]
"""What an aircraft said besides its place: the word for it, its value, and when (us, UTC)."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two sorts of sensor put one aircraft at places too far apart to be both right."""

    aircraft: str
    at: int
    lat: float
    lon: float
    metres: float
    one: Kind
    other: Kind


class _Datum:
    """One thing known of every aircraft: value, when, by whom, and how reliable that is."""

    def __init__(self, size: int, fresh_us: int, empty: Any, kind: Any = np.float64) -> None:
        self.fresh_us, self._empty = fresh_us, empty
        self.value = np.full(size, empty, dtype=kind)
        self.at = np.full(size, _NEVER, dtype=np.int64)
        self.rank = np.zeros(size, dtype=np.int8)
        self.by = np.full(size, -1, dtype=np.int32)

    def keep(self, rows: Ints, size: int) -> None:
        """Keep some aircraft, in a table of a size."""
        for name, empty in (("value", self._empty), ("at", _NEVER), ("rank", 0), ("by", -1)):
            old = getattr(self, name)
            new = np.full(size, empty, dtype=old.dtype)
            new[: len(rows)] = old[rows]
            setattr(self, name, new)

    def accepts(self, slots: Ints, seen_at: Ints, rank: Ranks, by: int, own: Ints) -> Flags:
        """Say which rows may replace what is known. `own`: how long a `~` is its source's."""
        since = seen_at - self.at[slots]
        known = self.rank[slots]
        better = (rank > known) & (since > 0)
        alike = (rank == known) & (since > SILENT_US)
        stale = since > self.fresh_us
        others = (better | alike | stale) & (since > own)
        return np.asarray((self.by[slots] == by) | others, dtype=np.bool_)

    def put(self, slots: Ints, values: Any, seen_at: Ints, rank: Ranks, by: int) -> Ints:
        """Set what these rows say, unless what is known is newer; returns which rows were set.

        The rows stand in the order of their times: of one aircraft's the last remains.
        """
        newer = np.flatnonzero(seen_at >= self.at[slots])
        where = slots[newer]
        self.value[where] = values[newer]
        self.at[where], self.rank[where], self.by[where] = seen_at[newer], rank[newer], by
        return newer


class Fusion:
    """What all sources say of all aircraft of one nature."""

    def __init__(self, most: int = MOST_AIRCRAFT) -> None:
        self.left_out: Counter[str] = Counter()
        self.messages = 0
        self.apart: Flags = np.zeros(0, dtype=np.bool_)
        """Which rows of the batch that was taken last contradict the track that is carried."""
        self._most = most
        self._names: list[str] = []
        self._slots: dict[str, int] = {}
        self._senders = Names()
        self._contradictions: deque[Contradiction] = deque(maxlen=MOST_TOLD)
        self._witnesses: deque[tuple[str, int]] = deque(maxlen=MOST_TOLD)
        self._size = 1024
        self._make(self._size)

    def _make(self, size: int) -> None:
        self._numbers = {name: _Datum(size, FRESH_US, np.nan) for name in NUMBERS}
        self._words = {name: _Datum(size, NAMED_US, None, object) for name in WORDS}
        self._place = _Datum(size, FRESH_US, np.nan)  # its value is the latitude
        self._lon = np.full(size, np.nan)
        self._sigma = np.full(size, np.nan)
        self._marks = np.full((size, 4), -1, dtype=np.int8)  # kind, nic, nac_p, sil
        self._ground = np.zeros(size, dtype=np.bool_)
        self._heard_at = np.full(size, _NEVER, dtype=np.int64)
        self._distrusted_at = np.full(size, _NEVER, dtype=np.int64)
        self._witnessed_at = np.full(size, _NEVER, dtype=np.int64)
        self._disputed_at = np.full(size, _NEVER, dtype=np.int64)
        self._anonymous = np.zeros(size, dtype=np.bool_)
        self._count = np.zeros(size, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._names)

    # -- what comes in -----------------------------------------------------------------------

    def take(self, batch: Fixes, now_us: int) -> Flags:
        """Take a batch of one source; return which rows carry the track of their aircraft.

        What is from the future is not taken; its source's segment keeps it. What comes late
        carries when nothing newer is known of its aircraft. `apart` then says which of the
        others are to be judged under a name of their own.
        """
        carry = np.zeros(len(batch), dtype=np.bool_)
        self.apart = np.zeros(len(batch), dtype=np.bool_)
        timely = np.asarray(batch.seen_at <= now_us + AHEAD_US, dtype=np.bool_)
        self.left_out["from_the_future"] += int(np.count_nonzero(~timely))
        if not timely.any():
            return carry
        slots = self._slots_of(batch)
        self.messages += len(batch)
        self._count += np.bincount(slots, minlength=self._size)
        in_time = np.argsort(batch.seen_at, kind="stable")
        in_time = in_time[timely[in_time]]
        heard = slots[in_time]
        self._heard_at[heard] = np.maximum(self._heard_at[heard], batch.seen_at[in_time])
        known = np.where((batch.kind >= 0) & (batch.kind < len(_RANK)), batch.kind, 0)[in_time]
        for kind in sorted(set(known.tolist()), key=lambda one: -int(_RANK[one])):
            rows = in_time[known == kind]
            carry[rows[self._take_kind(batch, rows, slots[rows], Kind(kind))]] = True
        left = timely & ~carry & ~self.apart
        self.left_out["another_source_carries"] += int(np.count_nonzero(left))
        self.left_out["contradicts_another_source"] += int(np.count_nonzero(self.apart))
        return carry

    def tell(self, source: str, kind: Kind, told: Mapping[str, Said], now_us: int) -> None:
        """Take what aircraft said besides their places; `kind` is the sort of sensor."""
        by = self._senders.code(f"{int(kind)}/{source}")
        for aircraft, said in told.items():
            slot = self._slot(aircraft)
            for name, (value, said_at) in said.items():
                if abs(now_us - said_at) > LATE_US:
                    self.left_out["told_too_late"] += 1
                    continue
                at = min(said_at, now_us)
                self._heard_at[slot] = max(self._heard_at[slot], at)
                self._say(name, slot, value, at, kind, by)

    def _say(self, name: str, slot: int, value: Any, at: int, kind: Kind, by: int) -> None:
        datum = self._words.get(name) or self._numbers.get(name)
        if datum is None:
            return
        is_word = name in self._words
        if isinstance(value, bool) or not isinstance(value, str if is_word else int | float):
            self.left_out["told_wrongly"] += 1
            return
        one = np.array([slot])
        rank, when = _RANK[[int(kind)]], np.array([at])
        if datum.accepts(one, when, rank, by, self._own(one))[0]:
            values = np.array([str(value)[:40] if is_word else value], dtype=datum.value.dtype)
            datum.put(one, values, when, rank, by)

    def _take_kind(self, batch: Fixes, rows: Ints, slots: Ints, kind: Kind) -> Flags:
        """Take the rows of one sort of sensor; return which of them carry."""
        by = self._senders.code(f"{int(kind)}/{batch.source}")
        seen_at = batch.seen_at[rows]
        rank = np.full(len(rows), _RANK[kind], dtype=np.int8)
        self._contradict(batch, rows, slots, kind)
        if kind.is_own_word:
            rank[seen_at - self._distrusted_at[slots] <= DISTRUSTED_US] = 0
        own = self._own(slots)
        carried = self._place.accepts(slots, seen_at, rank, by, own)
        far = self._far(batch, rows, slots, kind, by)
        fresh = np.abs(seen_at - self._place.at[slots]) <= FRESH_US
        carried &= ~(far & fresh & (rank == self._place.rank[slots]))
        if kind.is_own_word:
            # It spoke before it was contradicted: it is heard again when others are silent.
            fallen = (rank == 0) & (self._place.rank[slots] > 0)
            carried &= ~fallen | (seen_at - self._place.at[slots] > FRESH_US)
        self.apart[rows] = far & ~carried
        kept = rows[carried]
        newest = self._place.put(
            slots[carried], batch.lat[kept], seen_at[carried], rank[carried], by
        )
        self._set_place(batch, kept[newest], slots[carried][newest])
        self._set_rest(batch, rows, slots, rank, by, own)
        return carried

    def _set_place(self, batch: Fixes, rows: Ints, slots: Ints) -> None:
        self._lon[slots] = batch.lon[rows]
        self._sigma[slots] = batch.sigma_m[rows]
        self._ground[slots] = batch.ground[rows]
        kind = np.where((batch.kind >= 0) & (batch.kind < len(_RANK)), batch.kind, 0)
        for column, marks in enumerate((kind, batch.nic, batch.nacp, batch.sil)):
            self._marks[slots, column] = marks[rows]

    def _set_rest(
        self, batch: Fixes, rows: Ints, slots: Ints, rank: Ranks, by: int, own: Ints
    ) -> None:
        for name, column in NUMBERS.items():
            values: Floats = getattr(batch, column)[rows]
            self._set(
                self._numbers[name], ~np.isnan(values), values, batch, rows, slots, rank, by, own
            )
        called = batch.callsign[rows]
        if (called >= 0).any():
            texts = np.array([*batch.callsigns, None], dtype=object)[called]
            self._set(self._words["flight"], called >= 0, texts, batch, rows, slots, rank, by, own)

    def _set(
        self,
        datum: _Datum,
        said: Flags,
        values: Any,
        batch: Fixes,
        rows: Ints,
        slots: Ints,
        rank: Ranks,
        by: int,
        own: Ints,
    ) -> None:
        if not said.any():
            return
        where = np.flatnonzero(said)
        seen_at = batch.seen_at[rows[where]]
        fit = where[datum.accepts(slots[where], seen_at, rank[where], by, own[where])]
        datum.put(slots[fit], values[fit], batch.seen_at[rows[fit]], rank[fit], by)

    # -- contradictions ----------------------------------------------------------------------

    def _contradict(self, batch: Fixes, rows: Ints, slots: Ints, kind: Kind) -> None:
        """Note where an own word and an independent sensor are too far apart to be both right."""
        known = self._marks[slots, 0]
        apart = np.abs(batch.seen_at[rows] - self._place.at[slots])
        opposed = (known >= 0) & (_OWN_WORD[known] != kind.is_own_word) & (apart <= FRESH_US)
        opposed &= ~self._anonymous[slots] & (known != Kind.OBSERVER) & (kind is not Kind.OBSERVER)
        where = np.flatnonzero(opposed)
        if not len(where):
            return
        there, here = slots[where], rows[where]
        metres, bound = self._distance(batch, here, there)
        for number in np.flatnonzero(metres > bound).tolist():
            self._note(batch, int(here[number]), int(there[number]), float(metres[number]), kind)
        if not kind.is_own_word:
            for number in np.flatnonzero((metres <= bound) & ~self._says(batch, there)).tolist():
                self._witness(int(there[number]), int(batch.seen_at[here[number]]))

    def _far(self, batch: Fixes, rows: Ints, slots: Ints, kind: Kind, by: int) -> Flags:
        """Say which rows are too far from where another source has the aircraft to be of its track."""
        known, apart = self._marks[slots, 0], np.abs(batch.seen_at[rows] - self._place.at[slots])
        far = (known >= 0) & (self._place.by[slots] != by) & (apart <= LATE_US)
        far &= (known != Kind.OBSERVER) & (kind is not Kind.OBSERVER)
        where = np.flatnonzero(far)
        if len(where):
            metres, bound = self._distance(batch, rows[where], slots[where])
            far[where] = metres > bound
            alike = far & (_OWN_WORD[known] == kind.is_own_word) & ~self._anonymous[slots]
            for number in np.flatnonzero(alike & (apart <= FRESH_US)).tolist():
                self._dispute(int(slots[number]), int(batch.seen_at[rows[number]]), kind)
        return np.asarray(far, dtype=np.bool_)

    def _distance(self, batch: Fixes, rows: Ints, slots: Ints) -> tuple[Floats, Floats]:
        """Return how far rows are from where their aircraft are believed, and how far they may be."""
        metres = distances_m(
            batch.lat[rows], batch.lon[rows], self._place.value[slots], self._lon[slots]
        )
        errors = _or(batch.sigma_m[rows]) + _or(self._sigma[slots])
        seconds = np.abs(batch.seen_at[rows] - self._place.at[slots]) / SECOND_US
        bound = LEAST_APART_M + FASTEST_M_S * seconds + 4 * np.minimum(errors, WORST_M)
        return metres, bound

    def _dispute(self, slot: int, at: int, kind: Kind) -> None:
        """Note that two sources of one sort contradict each other; neither is distrusted for it."""
        if at - self._disputed_at[slot] < WITNESS_US:
            return
        self._disputed_at[slot] = at
        lat, lon = float(self._place.value[slot]), float(self._lon[slot])
        other = Kind(int(self._marks[slot, 0]))
        told = Contradiction(self._names[slot], at, lat, lon, LEAST_APART_M, kind, other)
        self._contradictions.append(told)

    def _note(self, batch: Fixes, row: int, slot: int, metres: float, kind: Kind) -> None:
        at = int(batch.seen_at[row])
        self._distrusted_at[slot] = max(int(self._distrusted_at[slot]), at)
        if not kind.is_own_word:
            self._place.rank[slot] = 0
        self._contradictions.append(
            Contradiction(
                aircraft=self._names[slot],
                at=at,
                lat=float(batch.lat[row]),
                lon=float(batch.lon[row]),
                metres=metres,
                one=kind,
                other=Kind(int(self._marks[slot, 0])),
            )
        )

    def _says(self, batch: Fixes, slots: Ints) -> Flags:
        """Say which tracks the batch's own source carries: nobody is a witness of his own word."""
        mine = [self._senders.known(f"{int(kind)}/{batch.source}") for kind in Kind]
        return np.isin(self._place.by[slots], [one for one in mine if one is not None])

    def _witness(self, slot: int, at: int) -> None:
        if at - self._witnessed_at[slot] >= WITNESS_US:
            self._witnessed_at[slot] = at
            self._witnesses.append((self._names[slot], at))

    def witnesses(self) -> list[tuple[str, int]]:
        """Return aircraft, and when an independent sensor agreed with its own word, since last asked."""
        found = list(self._witnesses)
        self._witnesses.clear()
        return found

    def contradictions(self) -> list[Contradiction]:
        """Return the contradictions since the last call."""
        found = list(self._contradictions)
        self._contradictions.clear()
        return found

    # -- the table of aircraft ---------------------------------------------------------------

    def _own(self, slots: Ints) -> Ints:
        return np.where(self._anonymous[slots], ANONYMOUS_US, _NEVER)

    def _slots_of(self, batch: Fixes) -> Ints:
        used, index = np.unique(batch.aircraft, return_inverse=True)
        self._make_room(len(used))
        found = np.array([self._slot(batch.names[code]) for code in used.tolist()], dtype=np.int64)
        return np.asarray(found[index], dtype=np.int64)

    def _slot(self, name: str) -> int:
        slot = self._slots.get(name)
        if slot is None:
            self._make_room(1)
            slot = self._slots[name] = len(self._names)
            self._names.append(name)
            self._anonymous[slot] = name.startswith("~")
        return slot

    def _make_room(self, count: int) -> None:
        """Forget who is long silent when the table is full; grow it while it may.

        Of those who are heard each source's newest are kept in turn: who brings most loses most,
        and a flood of names from one source costs no other its aircraft.
        """
        if len(self._names) + count <= self._size:
            return
        keep = np.arange(len(self._names))
        if len(self._names) + count > self._most:
            newest = np.argsort(self._heard_at[: len(self._names)])[::-1]
            silent = self._heard_at[newest] < self._heard_at[newest[0]] - HEARD_US
            heard = newest[~silent]
            keep = np.sort(heard[_in_turn(self._place.by[heard])][: self._most // 2])
            self.left_out["aircraft_forgotten"] += len(self._names) - len(keep)
        self._size = max(2 * (len(keep) + count), 1024)
        self._resize(keep)

    def _resize(self, keep: Ints) -> None:
        names = self._names
        self._names = [names[row] for row in keep.tolist()]
        self._slots = {name: slot for slot, name in enumerate(self._names)}
        for datum in (*self._numbers.values(), *self._words.values(), self._place):
            datum.keep(keep, self._size)
        for column, empty in _PLAIN.items():
            old = getattr(self, column)
            new = np.full((self._size, *old.shape[1:]), empty, dtype=old.dtype)
            new[: len(keep)] = old[keep]
            setattr(self, column, new)

    # -- the picture -------------------------------------------------------------------------

    def picture(self, now_us: int, *, since_us: int = SHOWN_US) -> list[dict[str, Any]]:
        """Return who was heard of late, in readsb's words: one entry for each aircraft.

        Ages are seconds. `sources` says, for each thing known, who said it and how old it is.
        """
        heard = now_us - self._heard_at[: len(self._names)]
        return [
            self._entry(slot, now_us)
            for slot in np.flatnonzero((heard >= -AHEAD_US) & (heard <= since_us)).tolist()
        ]

    def _entry(self, slot: int, now_us: int) -> dict[str, Any]:
        made: dict[str, Any] = {"hex": self._names[slot]}
        told: dict[str, Any] = {}
        if now_us - self._place.at[slot] <= SHOWN_US:
            made |= self._placed(slot, now_us)
            told["lat"] = self._said_by(self._place, slot, now_us)
        for name, datum in (*self._words.items(), *self._numbers.items()):
            value = datum.value[slot]
            if now_us - datum.at[slot] <= max(datum.fresh_us, SHOWN_US) and value == value:
                made[name] = _shown(value)
                told[name] = self._said_by(datum, slot, now_us)
        if "lat" in made and self._ground[slot]:
            made["alt_baro"] = "ground"
        made["seen"] = _age(now_us, self._heard_at[slot])
        made["messages"] = int(self._count[slot])
        made["mlat"] = [name for name, (_, kind, _) in told.items() if kind == "mlat"]
        made["tisb"] = [name for name, (_, kind, _) in told.items() if kind == "tisb"]
        made["sources"] = {
            name: {"source": source, "kind": kind, "age": age}
            for name, (source, kind, age) in told.items()
        }
        return made

    def _placed(self, slot: int, now_us: int) -> dict[str, Any]:
        kind, nic, nacp, sil = self._marks[slot].tolist()
        words = _TYPES.get(Kind(kind), ("other", "other"))
        made: dict[str, Any] = {
            "type": words[bool(self._anonymous[slot])],
            "lat": round(float(self._place.value[slot]), 7),
            "lon": round(float(self._lon[slot]), 7),
            "seen_pos": _age(now_us, self._place.at[slot]),
        }
        quality = {"nic": nic, "nac_p": nacp, "sil": sil}
        return made | {name: value for name, value in quality.items() if value >= 0}

    def _said_by(self, datum: _Datum, slot: int, now_us: int) -> tuple[str, str, float]:
        kind, _, source = self._senders.texts[int(datum.by[slot])].partition("/")
        return source, Kind(int(kind)).name.lower(), _age(now_us, datum.at[slot])


_PLAIN: Mapping[str, Any] = {
    "_lon": np.nan,
    "_sigma": np.nan,
    "_marks": -1,
    "_ground": False,
    "_heard_at": _NEVER,
    "_distrusted_at": _NEVER,
    "_witnessed_at": _NEVER,
    "_disputed_at": _NEVER,
    "_anonymous": False,
    "_count": 0,
}


def _in_turn(by: NDArray[np.int32]) -> Ints:
    """Return the order that takes one of each source in turn, each source's in their own order."""
    order = np.argsort(by, kind="stable")
    first = np.searchsorted(by[order], by[order], side="left")
    turn = np.empty(len(by), dtype=np.int64)
    turn[order] = np.arange(len(by)) - first
    return np.argsort(turn, kind="stable")


def address_of(name: str) -> str:
    """Return the address of an aircraft, also of a track that is judged apart from the carried one."""
    return name.partition(_APART)[0]


def is_apart(name: str) -> bool:
    """Say whether a name is that of a track that contradicts the one that is carried."""
    return _APART in name


def judged(batch: Fixes, carry: Flags, apart: Flags) -> Fixes:
    """Return the rows that are judged: those that carry, and those that stand by themselves."""
    if not apart.any():
        return batch.take(carry)
    rows = np.flatnonzero(carry | apart)
    names = Names(batch.names)
    used = np.unique(batch.aircraft[apart]).tolist()
    own = {code: names.code(f"{batch.names[code]}{_APART}{batch.source}") for code in used}
    made = batch.take(rows)
    aircraft = made.aircraft.copy()
    for row in np.flatnonzero(apart[rows]).tolist():
        aircraft[row] = own[int(aircraft[row])]
    return replace(made, aircraft=aircraft, names=names.texts)


def _or(sigma: Floats) -> Floats:
    return np.where(np.isnan(sigma), MULTILATERATED_M, sigma)


def _age(now_us: int, at: Any) -> float:
    return round(max(0, now_us - int(at)) / SECOND_US, 1)


def _shown(value: Any) -> Any:
    return round(float(value), 2) if isinstance(value, float | np.floating) else value
