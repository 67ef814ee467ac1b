"""The outlook: batches of fixes in; alerts, and what became of them, out.

An alert begins when the chance of entry (`predictions/chance.py`) is high enough for the
time that is left, in as many cycles in a row as `Policy` says (one, when fewer than
`AT_ONCE_S` seconds are left): where waiting costs nothing, it waits; just before a
minute's warning would be lost it takes less. It goes on while the chance is even, and
through pauses of `PAUSE_S`: what comes back sooner is the same alert and is not told
again. After a crossing the same pair is left alone for as long.

The outcome is settled by what happened, never by a later prediction: entered (in time),
late (less than `TIMELY_S` of warning), nuisance (no entry by `GRACE_S` after the time
that was predicted first), or not judged (the track ended before that could be known).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from truceline.airspace.chart import Chart
from truceline.airspace.crossing import Cause
from truceline.airspace.engine import Event
from truceline.airspace.fix import Fixes
from truceline.airspace.predictions.cases import Cases, cases_of, far_ahead, fit, last_of_each
from truceline.airspace.predictions.motion import CYCLE_US, Memory, States
from truceline.airspace.predictions.paths import Lookout
from truceline.airspace.predictions.prediction import (
    ALERT_S,
    IMMINENT_S,
    TIMELY_S,
    Alerted,
    Entry,
    Heightened,
    Key,
    Level,
    Outcome,
    Prediction,
    Settled,
    Told,
    us,
)
from truceline.airspace.rules import STANDARD, Rules
from truceline.airspace.verdict import Verdict

AT_ONCE_S = 20.0
PAUSE_S = 60.0
GRACE_S = 60.0
_RENEWED_S = 15.0
MOST_ADVISED = 500
"""So many advisories are worked out at once; a screen shows fewer."""


@dataclass(frozen=True, slots=True)
class Policy:
    """When an alert begins and how long it goes on; chosen by measurement (docs/air-warning.md).

    `starts`: up to so many seconds before the entry, an alert begins at this chance of it,
    in so many cycles in a row. `keeps`: the chance at which it goes on.
    """

    starts: tuple[tuple[float, float, int], ...] = (
        (AT_ONCE_S, 0.70, 1),
        (60.0, 0.80, 1),
        (80.0, 0.60, 1),
        (ALERT_S, 0.97, 2),
    )
    keeps: float = 0.5

    def start(self, left_s: float) -> tuple[float, int]:
        """Return chance and cycles in a row that are needed when so many seconds are left."""
        return next(((least, row) for until, least, row in self.starts if left_s <= until), (2, 1))


CHOSEN = Policy()


@dataclass(slots=True)
class _Open:
    """An alert that is not settled."""

    first: Prediction
    latest: Prediction
    held_at: int

    @property
    def judged_after(self) -> int:
        """No entry until then: it did not come true."""
        return self.first.entry_at + us(GRACE_S)


type Expected = Callable[[Prediction], bool]
"""Whether an entry is that of an exempt flight inside its own authorised volume."""


def nobody(_: Prediction) -> bool:
    """No flight is exempt."""
    return False


def entries_of(events: Iterable[Event]) -> list[Entry]:
    """Return the entries that an engine's events tell of; who began inside has not entered."""
    return [
        Entry(one.zone_id, one.icao24, one.entered_at)
        for one in (event.crossing for event in events)
        if one.cause_in is not Cause.STARTED_INSIDE and one.verdict is not Verdict.POSSIBLE
    ]


class Outlook:
    """Predicts entries from batches of fixes, for a file and for a live feed alike."""

    def __init__(
        self, rules: Rules = STANDARD, *, expected: Expected = nobody, policy: Policy = CHOSEN
    ) -> None:
        self.expected = expected
        self._policy = policy
        self.inhibited = 0
        self._rules = rules
        self._memory = Memory(rules)
        self._look: Lookout | None = None
        self._open: dict[Key, _Open] = {}
        self._waiting: dict[Key, tuple[int, int]] = {}
        self._inside_at: dict[Key, int] = {}
        self._last_seen: dict[str, int] = {}
        self._advised: dict[Key, Prediction] = {}
        self._advised_at = -(2**62)
        self._forgot_at = -(2**62)
        self._newest: dict[int, tuple[States, int, Fixes]] = {}

    def take(
        self,
        batch: Fixes,
        chart: Chart,
        entries: Iterable[Entry] = (),
        *,
        now_us: int | None = None,
    ) -> list[Told]:
        """Take a batch and the entries that it showed; return what is to be told, in order of time."""
        look = self._lookout(chart)
        states = self._memory.take(batch, now_us=now_us)
        found = cases_of(look, states, self._rules, self._memory)
        found.batch = batch
        told = list(self._in_order(found, list(entries)))
        self._note_seen(states)
        self._note_newest(states, batch)
        return told + self._settle_past()

    def current(self) -> list[Prediction]:
        """Return what is predicted now: open alerts, and advisories of at most a cycle ago."""
        self._advise()
        held = [
            one.latest
            for one in self._open.values()
            if self._last_seen.get(one.first.icao24, 0) - one.held_at <= us(PAUSE_S) // 2
        ]
        keys = {(one.zone_id, one.icao24) for one in held}
        return held + [one for key, one in self._advised.items() if key not in keys]

    def open_alerts(self) -> list[Prediction]:
        """Return the first prediction of every alert that is not settled."""
        return [one.first for one in self._open.values()]

    def expire(self, before_us: int) -> list[Told]:
        """Settle the alerts of aircraft that have not been heard since then, and forget them."""
        silent = [key for key in self._open if self._last_seen.get(key[1], 0) < before_us]
        told: list[Told] = [self._unheard(self._open.pop(key)) for key in silent]
        if before_us - self._forgot_at >= us(PAUSE_S):
            self._forgot_at = before_us
            self._forget(before_us)
        return told

    def _forget(self, before_us: int) -> None:
        self._memory.forget(before_us)
        self._newest.clear()  # their slots have moved; who flies is heard again within a cycle
        gone = {one for one, at in self._last_seen.items() if at < before_us}
        for some in (self._inside_at, self._waiting, self._advised):
            for key in [one for one in some if one[1] in gone]:
                del some[key]
        for one in gone:
            del self._last_seen[one]

    def finish(self) -> list[Told]:
        """Settle everything: nothing more will come."""
        told: list[Told] = [self._unheard(one) for one in self._open.values()]
        self._open.clear()
        return told

    # -- alerts ------------------------------------------------------------------------

    def _lookout(self, chart: Chart) -> Lookout:
        if self._look is None or self._look.chart is not chart:
            self._look = Lookout(chart)
        return self._look

    def _in_order(self, found: Cases, entries: Sequence[Entry]) -> Iterator[Told]:
        moments: list[tuple[int, int, Entry | int]] = [(one.at, 0, one) for one in entries]
        moments += [(int(at), 1, row) for row, at in enumerate(found.at.tolist())]
        moments.sort(key=lambda one: one[:2])
        for at, _, what in moments:
            if isinstance(what, Entry):
                yield from self._entered(what)
            else:
                yield from self._case(found, what, at)

    def _entered(self, entry: Entry) -> Iterator[Told]:
        key = (entry.zone_id, entry.icao24)
        self._inside_at[key] = entry.at
        self._waiting.pop(key, None)
        self._advised.pop(key, None)
        alert = self._open.get(key)
        if alert is None or alert.first.made_at > entry.at:
            return
        del self._open[key]
        warned = entry.at - alert.first.made_at
        outcome = Outcome.ENTERED if warned >= us(TIMELY_S) else Outcome.LATE
        if entry.at > alert.judged_after:
            outcome = Outcome.NUISANCE
        yield Settled(alert.first, alert.latest.level, outcome, entry.at, entry.at)

    def _case(self, found: Cases, row: int, at: int) -> Iterator[Told]:
        key = found.key(row)
        if found.inside[row]:
            self._inside_at[key] = at
            self._waiting.pop(key, None)
            return
        alert = self._open.get(key)
        if alert is not None and at > max(alert.held_at + us(PAUSE_S), alert.judged_after):
            yield self._not_true(key, at)
            alert = None
        if alert is not None:
            yield from self._go_on(alert, found, row, at)
        elif self._begins(key, found, row, at):
            made = found.prediction(row)
            if self.expected(made):
                self.inhibited += 1
                return
            self._open[key] = _Open(made, made, at)
            yield Alerted(made)

    def _go_on(self, alert: _Open, found: Cases, row: int, at: int) -> Iterator[Told]:
        if found.chance[row] < self._policy.keeps:
            return
        alert.held_at, before = at, alert.latest.level
        is_near = before is Level.IMMINENT or found.left_s[row] <= IMMINENT_S
        is_raised = is_near and before is not Level.IMMINENT
        if is_raised or at - alert.latest.made_at >= us(_RENEWED_S):
            level = Level.IMMINENT if is_near else Level.ALERT
            alert.latest = replace(found.prediction(row), level=level)
        if is_raised:
            yield Heightened(alert.latest, alert.first)

    def _begins(self, key: Key, found: Cases, row: int, at: int) -> bool:
        least, cycles = self._policy.start(float(found.left_s[row]))
        is_quiet = at - self._inside_at.get(key, -(2**62)) <= us(PAUSE_S)
        if found.chance[row] < least or is_quiet:
            self._waiting.pop(key, None)
            return False
        count, last = self._waiting.get(key, (0, at))
        count = count + 1 if at - last <= us(PAUSE_S) / 4 else 1
        self._waiting[key] = (count, at)
        return count >= cycles

    # -- outcomes ----------------------------------------------------------------------

    def _note_seen(self, states: States) -> None:
        texts = self._memory.aircraft.texts
        for slot, at in zip(states.slot.tolist(), states.seen_at.tolist(), strict=True):
            self._last_seen[texts[slot]] = at

    def _settle_past(self) -> list[Told]:
        """Settle what was not held again and whose time is over, by its own aircraft's clock."""
        over = []
        for key, one in self._open.items():
            at = self._last_seen.get(key[1], 0)
            if at > max(one.held_at + us(PAUSE_S), one.judged_after):
                over.append((key, at))
        return [self._not_true(key, at) for key, at in over]

    def _not_true(self, key: Key, at: int) -> Settled:
        alert = self._open.pop(key)
        return Settled(alert.first, alert.latest.level, Outcome.NUISANCE, at)

    def _unheard(self, alert: _Open) -> Settled:
        last = self._last_seen.get(alert.first.icao24, alert.held_at)
        outcome = Outcome.NUISANCE if last > alert.judged_after else Outcome.NOT_JUDGED
        return Settled(alert.first, alert.latest.level, outcome, last)

    # -- advisories --------------------------------------------------------------------

    def _note_newest(self, states: States, batch: Fixes) -> None:
        """Remember where each aircraft was last: an advisory is worked out when it is asked for."""
        for row in last_of_each(states).tolist():
            self._newest[int(states.slot[row])] = (states, row, batch)

    def _advise(self) -> None:
        """Renew the advisories, once in a cycle: straight on, five minutes."""
        latest = max(self._last_seen.values(), default=0)
        if self._look is None or latest - self._advised_at < CYCLE_US:
            return
        self._advised_at = latest
        self._advised = {key: made for made in self._far() if (key := _key(made))}

    def _far(self) -> Iterator[Prediction]:
        left = MOST_ADVISED
        for states, row, batch in self._newest.values():
            one = states.take(np.array([row]))
            is_old = self._advised_at - int(one.seen_at[0]) > us(PAUSE_S)
            if self._look is None or left <= 0 or is_old or not fit(one)[0]:
                continue
            for made in far_ahead(self._look, one, self._rules, self._memory, batch):
                left -= 1
                if made.made_at - self._inside_at.get(_key(made), -(2**62)) > us(PAUSE_S):
                    yield made


def _key(made: Prediction) -> Key:
    return made.zone_id, made.icao24
