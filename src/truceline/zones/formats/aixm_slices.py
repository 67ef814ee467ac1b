"""The versions of an airspace: time slices of AIXM, as windows in which each holds.

AIXM's temporality: a BASELINE says everything from its beginning on, a PERMDELTA what
changes for good, a TEMPDELTA what is different for a while; of slices with one
sequence number the highest correction counts. A property that a delta gives replaces
all values of that property. While a temporary change lasts, what it changes does not
hold: the windows of the version beneath are cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from truceline.errors import Malformed, Reason
from truceline.geo.volume import Window
from truceline.zones.formats.aixm_xml import child, local, nil, text, within
from truceline.zones.formats.limits import read_instant
from truceline.zones.formats.reading import Report

BASE = ("BASELINE", "SNAPSHOT")
_TIMES = ("validTime", "interpretation", "sequenceNumber", "correctionNumber", "featureLifetime")
MAX_SLICES = 1_000


@dataclass(frozen=True, slots=True)
class Slice:
    """One time slice: its properties, and the window in which they hold.

    `permanent`: the end is said to be open; None: it is not known. `whole` says that
    the slice is a full description, or has been laid over one.
    """

    parts: tuple[Any, ...]
    interpretation: str
    sequence: int
    correction: int
    window: Window
    lifetime: Window
    permanent: bool | None
    whole: bool


@dataclass(frozen=True, slots=True)
class Version:
    """What holds in some windows: the properties, and how it came about."""

    parts: tuple[Any, ...]
    windows: tuple[Window, ...]
    permanent: bool | None
    interpretation: str
    sequence: int
    whole: bool

    @property
    def temporary(self) -> bool:
        """Say whether this is a change for a while."""
        return self.interpretation == "TEMPDELTA"


def versions(
    features: list[Any], report: Report, where: str, *, own: set[int] | None = None
) -> list[Version]:
    """Return the versions that the slices of a feature come to, in the order of time.

    With `own` only versions to which slices of these elements (by `id`) contribute:
    the others come from documents that are read beside.
    """
    slices = [
        one
        for feature in features
        for one in _slices(feature, report, where, ours=own is None or id(feature) in own)
    ]
    if len(slices) > MAX_SLICES:
        raise Malformed(Reason.TOO_LARGE, detail=f"more than {MAX_SLICES} time slices")
    kept = _corrected([one for one, _ in slices], report, where)
    mine = {id(one) for one, ours in slices if ours}
    timeline = _baselines([one for one in kept if one.interpretation in BASE])
    marks = {id(version): id(one) in mine for version, one in timeline}
    made = [version for version, _ in timeline]
    for delta in _in_time(kept, "PERMDELTA"):
        _change(made, marks, delta, id(delta) in mine, report, where)
    for delta in _in_time(kept, "TEMPDELTA"):
        _interrupt(made, marks, delta, id(delta) in mine)
    return [one for one in made if one.windows and marks.get(id(one), True)]


def _in_time(slices: Iterable[Slice], interpretation: str) -> list[Slice]:
    found = [one for one in slices if one.interpretation == interpretation]
    return sorted(found, key=lambda one: (_from(one.window), one.sequence))


def _from(window: Window) -> float:
    return window.start.timestamp() if window.start else float("-inf")


def _slices(feature: Any, report: Report, where: str, *, ours: bool) -> list[tuple[Slice, bool]]:
    made = []
    for number, one in enumerate(within(feature, "AirspaceTimeSlice"), start=1):
        place = f"{where}, time slice {number}"
        if not ours:
            try:
                made.append((_slice(one, report, place), False))
            except Malformed:
                continue
        else:
            with report.feature(place):
                made.append((_slice(one, report, place), True))
    return made


def _slice(element: Any, report: Report, where: str) -> Slice:
    interpretation = text(element, "interpretation").upper()
    if interpretation not in (*BASE, "PERMDELTA", "TEMPDELTA"):
        raise Malformed(
            Reason.BAD_FORMAT,
            where="interpretation",
            detail=f"{interpretation or 'nothing'} is not BASELINE, SNAPSHOT, PERMDELTA or TEMPDELTA",
        )
    lifetime = _lifetime(child(element, "featureLifetime"), report, where)
    window, permanent = _window(child(element, "validTime"), "validTime", report, where)
    instant = child(element, "validTime", "TimeInstant") is not None
    if instant and interpretation in BASE and lifetime.end is not None:
        window = Window(window.start, lifetime.end)
        report.noted(where, "valid at an instant: it was taken as valid until the feature's end")
    if window.end is None and lifetime.end is not None:
        window = Window(window.start, lifetime.end)
    return Slice(
        tuple(one for one in element if isinstance(one.tag, str) and local(one) not in _TIMES),
        interpretation,
        _count(text(element, "sequenceNumber"), 1),
        _count(text(element, "correctionNumber"), 0),
        window,
        lifetime,
        permanent,
        interpretation in BASE,
    )


def _lifetime(element: Any, report: Report, where: str) -> Window:
    """The feature's lifetime; one that cannot be read bounds nothing."""
    try:
        return _window(element, "featureLifetime", report, where)[0]
    except Malformed as error:
        report.repaired(f"{where}, featureLifetime", f"{error.detail}; it was left out")
        return Window()


def _window(element: Any, name: str, report: Report, where: str) -> tuple[Window, bool | None]:
    """The window of a time, and whether its end is said to be open (None: it is not known)."""
    instant = text(element, "TimeInstant", "timePosition")
    if instant:
        return Window(_instant(instant, name, report, where)), None
    period = child(element, "TimePeriod")
    start, end = text(period, "beginPosition"), text(period, "endPosition")
    last = child(period, "endPosition")
    words = "" if last is None else str(last.get("indeterminatePosition", ""))
    begin = _instant(start, name, report, where)
    until = _instant(end, name, report, where)
    if begin and until and begin >= until:
        if begin == until:
            return Window(begin, until), None
        raise Malformed(Reason.BAD_TIME, where=name, detail="the end is before the beginning")
    return Window(begin, until), (True if words == "after" else None)


def _instant(value: str, name: str, report: Report, where: str) -> datetime | None:
    if not value:
        return None
    found, assumed = read_instant(value, where=name)
    if assumed:
        report.repaired(f"{where}, {name}", "the time has no zone; it was taken as UTC")
    return found


def _count(value: str, default: int) -> int:
    return int(value) if value.isdigit() and len(value) < 10 else default


def _corrected(slices: list[Slice], report: Report, where: str) -> list[Slice]:
    """Of each interpretation and sequence the highest correction."""
    best: dict[tuple[str, int], Slice] = {}
    for one in slices:
        kind = "BASE" if one.interpretation in BASE else one.interpretation
        key = (kind, one.sequence)
        held = best.get(key)
        if held is not None and held.correction == one.correction:
            if kind == "BASE" and held.window != one.window:
                best[(f"BASE {one.window.start}", one.sequence)] = one
            continue
        if held is not None:
            report.noted(
                where,
                f"{one.interpretation} {one.sequence}: correction"
                f" {min(one.correction, held.correction)} is replaced by"
                f" {max(one.correction, held.correction)}",
            )
        if held is None or one.correction > held.correction:
            best[key] = one
    return list(best.values())


def _baselines(slices: list[Slice]) -> list[tuple[Version, Slice]]:
    """Baselines one after the other; each ends at the latest where the next begins."""
    ordered = sorted(slices, key=lambda one: (_from(one.window), one.sequence))
    made = []
    for number, one in enumerate(ordered):
        after = next(
            (each.window.start for each in ordered[number + 1 :] if each.window != one.window), None
        )
        end = min((at for at in (one.window.end, after) if at), default=None)
        window = Window(one.window.start, end)
        made.append((_version(one, window, whole=True), one))
    return made


def _version(one: Slice, window: Window, *, whole: bool) -> Version:
    held = () if _empty(window) else (window,)
    return Version(one.parts, held, one.permanent, one.interpretation, one.sequence, whole)


def _empty(window: Window) -> bool:
    return window.start is not None and window.end is not None and window.start >= window.end


def _change(
    made: list[Version],
    marks: dict[int, bool],
    delta: Slice,
    ours: bool,
    report: Report,
    where: str,
) -> None:
    """Lay a change for good over what holds when it begins."""
    at = delta.window.start
    if at is not None and any(
        one.interpretation in BASE and one.windows and one.windows[0].start == at for one in made
    ):
        report.noted(
            where, f"PERMDELTA {delta.sequence} is part of the BASELINE of the same moment"
        )
        return
    number = next((n for n, one in enumerate(made) if _holds(one, at)), None)
    if number is None:
        if not delta.parts:
            report.noted(
                where, f"PERMDELTA {delta.sequence} withdraws an airspace that is not here"
            )
            return
        added = _version(delta, delta.window, whole=_describes(delta.parts))
        made.append(added)
        marks[id(added)] = ours
        return
    before = made[number]
    cut = replace(before, windows=_without(before.windows, Window(at, None)))
    rest = _only(before.windows, Window(at, delta.lifetime.end))
    made[number] = cut
    marks[id(cut)] = marks.get(id(before), True) or ours
    if rest:
        laid = Version(
            laid_over(before.parts, delta.parts),
            rest,
            before.permanent,
            "PERMDELTA",
            delta.sequence,
            before.whole,
        )
        made.insert(number + 1, laid)
        marks[id(laid)] = marks[id(cut)]


def _interrupt(made: list[Version], marks: dict[int, bool], delta: Slice, ours: bool) -> None:
    """Lay a change for a while over what holds when it begins, and cut that for as long."""
    beneath = [one for one in made if not one.temporary and _only(one.windows, delta.window)]
    base = beneath[0] if beneath else None
    for one in beneath:
        number = made.index(one)
        cut = replace(one, windows=_without(one.windows, delta.window))
        made[number] = cut
        marks[id(cut)] = marks.get(id(one), True)
    parts = laid_over(base.parts, delta.parts) if base else delta.parts
    whole = base.whole if base else _describes(delta.parts)
    added = replace(_version(delta, delta.window, whole=whole), parts=parts)
    made.append(added)
    marks[id(added)] = ours


def _describes(parts: tuple[Any, ...]) -> bool:
    """Say whether properties have a geometry of their own."""
    return any(local(one) == "geometryComponent" and not nil(one) for one in parts)


def laid_over(base: tuple[Any, ...], delta: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the properties with those that a delta gives in place of their own."""
    given = {local(one) for one in delta}
    kept = [one for one in base if local(one) not in given]
    return (*kept, *(one for one in delta if not nil(one)))


def _holds(version: Version, at: datetime | None) -> bool:
    if at is None:
        return bool(version.windows)
    return any(one.holds(at) for one in version.windows)


def _only(windows: tuple[Window, ...], within_: Window) -> tuple[Window, ...]:
    made = []
    for one in windows:
        start = max((at for at in (one.start, within_.start) if at), default=None)
        end = min((at for at in (one.end, within_.end) if at), default=None)
        if not _empty(Window(start, end)):
            made.append(Window(start, end))
    return tuple(made)


def _without(windows: tuple[Window, ...], out: Window) -> tuple[Window, ...]:
    """The windows less another one."""
    made: list[Window] = []
    for one in windows:
        if not _only((one,), out):
            made.append(one)
            continue
        if out.start is not None and (one.start is None or one.start < out.start):
            made.append(Window(one.start, out.start))
        if out.end is not None and (one.end is None or out.end < one.end):
            made.append(Window(out.end, one.end))
    return tuple(made)


def properties(version: Version, name: str) -> list[Any]:
    """Return the properties of one name that are not nil."""
    return [one for one in version.parts if local(one) == name and not nil(one)]


def one_text(version: Version, name: str) -> str:
    """Return the text of the first property of a name, or ""."""
    return next((text(one) for one in properties(version, name)), "")
