"""What the mechanism says it predicted, held against its other statements.

That an aircraft was coming only the mechanism knows. But a prediction is of a content that
was adopted for its zone, and is not of the future; its outcome is told once, after it, of
the same zone; and whoever is said to have entered stands on the log as a crossing there at
that instant. A prediction stated late, or after the entry that it foretold, warned nobody:
that is told as not proved.

Of a prediction's fields only `zone`, `content` and `predicted_at` are read here.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

AHEAD_MICROS = 10 * 1_000_000
"""By so much may the clock of a source run ahead: what is further in the future carries no track."""
LATE_MICROS = 60 * 1_000_000
"""A prediction that was received later than this after the moment it is of is told."""
FITS_MICROS = 10 * 1_000_000
"""So far from the instant of entry in an outcome may that of the crossing be."""

PREDICTION, OUTCOME, CROSSING = "air.prediction/1", "air.predicted/1", "air.crossing/1"
CAME = frozenset(("entered", "late"))

type Says = str


class Foretold(NamedTuple):
    """A prediction on the log."""

    zone: str
    predicted_at: int
    received_at: int


class Came(NamedTuple):
    """An outcome that says that the aircraft entered."""

    number: int
    received_at: int
    zone: str
    entered_at: int


@dataclass(slots=True)
class Predictions:
    """Every prediction after the leaves taken so far, and what was told of it."""

    late: int = 0
    after: int = 0
    _made: dict[str, Foretold] = field(default_factory=dict)
    _settled: set[str] = field(default_factory=set)
    _crossed: dict[str, array[int]] = field(default_factory=dict)
    _came: list[Came] = field(default_factory=list)

    def crossed(self, body: Mapping[str, Any]) -> None:
        """Take a crossing; there may be millions, so only zone and instant are kept."""
        self._crossed.setdefault(body["zone"], array("q")).append(body["entered_at"])

    def predicted(
        self, id_: str, received_at: int, body: Mapping[str, Any], adopted: Set[tuple[str, str]]
    ) -> Iterator[Says]:
        """Take a prediction, and say what contradicts it."""
        zone, at = body["zone"], body["predicted_at"]
        self._made[id_] = Foretold(zone, at, received_at)
        self.late += received_at - at > LATE_MICROS
        if (zone, body["content"]) not in adopted:
            yield f"predicts an entry into {zone}, where no such content was adopted"
        if at > received_at + AHEAD_MICROS:
            yield "is a prediction made after it was received"

    def settled(self, number: int, received_at: int, body: Mapping[str, Any]) -> Iterator[Says]:
        """Take an outcome, and say what contradicts it."""
        made = self._made.get(body["prediction"])
        if made is None:
            yield f"tells the outcome of {body['prediction']}, which is no prediction before it"
            return
        if body["prediction"] in self._settled:
            yield f"tells a second outcome of the prediction {body['prediction']}"
            return
        self._settled.add(body["prediction"])
        if body["zone"] != made.zone:
            yield f"tells of {body['zone']} what became of a prediction for {made.zone}"
        elif body["outcome"] in CAME:
            yield from self._entered(number, received_at, made, body)

    def _entered(
        self, number: int, received_at: int, made: Foretold, body: Mapping[str, Any]
    ) -> Iterator[Says]:
        at = body.get("entered_at")
        if at is None:
            yield f"says that the aircraft entered {made.zone}, and not when"
            return
        self._came.append(Came(number, received_at, made.zone, at))
        self.after += at <= made.received_at
        if at < made.predicted_at:
            yield f"counts as foretold an entry into {made.zone} from before the prediction"
        elif body.get("warning_s", 0) * 1_000_000 > at - made.predicted_at + 1_000_000:
            yield "claims a longer warning than there was from the prediction to the entry"

    def without_crossing(self) -> Iterator[Came]:
        """Return the outcomes whose entry no crossing on the log fits. Asked once, at the end."""
        found = {zone: sorted(times) for zone, times in self._crossed.items()}
        for one in self._came:
            times = found.get(one.zone, [])
            place = bisect_left(times, one.entered_at - FITS_MICROS)
            if place == len(times) or times[place] > one.entered_at + FITS_MICROS:
                yield one
