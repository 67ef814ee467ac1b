"""What a demonstration offers to the API: its story, its clock, its roles, its aircraft.

The scenario gives a `Play`; the API knows no scenario. Nothing here exists in a live log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from truceline.airspace.predictions.prediction import Prediction


class Play(Protocol):
    """A story that plays on a scenario's clock."""

    def told(self) -> Mapping[str, Any]:
        """Return {scenario_at, speed, playing, story, roles, marked} with times in microseconds.

        Each item of `story` has code, title, text, at and may have zone and view; each
        of `roles` has code, title and token.
        """

    def steer(
        self, *, playing: bool | None = None, speed: float | None = None, seek_at: int | None = None
    ) -> None:
        """Play, pause, change the speed or go to a moment (microseconds)."""

    def predictions(self) -> Sequence[tuple[str, str | None, Prediction]]:
        """Return what is ahead now: nature, the record of an alert, the prediction."""

    def aircraft(self) -> Sequence[Mapping[str, Any]]:
        """Return the aircraft in the air now: hex, flight, lat, lon, alt_baro (ft), track, gs, nature."""
