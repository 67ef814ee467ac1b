"""The aircraft of the play: fed to the watch as a source is, and shown where they are now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from pyproj import Geod

from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.watch import Watch
from truceline.records.record import Micros
from truceline.scenario import flights
from truceline.scenario.flights import REAL, SYNTHETIC, Feed, Track

STEP = 30 * flights.SECOND
"""Scenario time (microseconds) that one batch covers when time is not waited for."""
SEEN_WITHIN = 60 * flights.SECOND
"""An aircraft is shown while its newest fix is no older than this."""
SOURCES: Mapping[str, str] = {REAL: "REAL-REPLAY", SYNTHETIC: "SYNTHETIC"}
"""The source of each nature: real and synthetic fixes never share a batch."""

_WGS84 = Geod(ellps="WGS84")


class Sky:
    """Feeds tracks to the watch: the same way in as any source's."""

    def __init__(self, clock: ScenarioClock, watch: Watch) -> None:
        self._clock = clock
        self.watch = watch
        self._feeds = {nature: Feed(source) for nature, source in SOURCES.items()}

    def feed(self, tracks: Iterable[Track], after: int, until: int) -> None:
        """Give the watch what was seen after one moment and until another."""
        pieces = flights.between(tracks, after, until)
        for nature, feed in self._feeds.items():
            of_one = [piece for piece in pieces if piece[0].nature == nature]
            if of_one:
                self.watch.feed(feed.batch(of_one), nature)

    def fly(self, tracks: Sequence[Track], after: int, until: int) -> None:
        """Feed the tracks in steps, the clock going along, and seal at the end."""
        while after < until:
            step = min(after + STEP, until)
            # After a stop the log may be ahead of a flight that is told again: then
            # nothing is silent too long, it only has not come yet.
            is_again = step < self._clock.now()
            if not is_again:
                self._clock.seek(Micros(step))
            self.feed(tracks, after, step)
            if not is_again:
                self.watch.expire()
            after = step
        self.watch.seal()

    def aircraft(self, tracks: Iterable[Track]) -> list[dict[str, Any]]:
        """Return the aircraft in the air now, as readsb lists them, each with its nature."""
        now = self._clock.now()
        return [
            _shown(one, part.stop - 1)
            for one, part in flights.between(tracks, now - SEEN_WITHIN, now)
        ]


def _shown(track: Track, row: int) -> dict[str, Any]:
    before = max(row - 1, 0)
    heading, _, _ = _WGS84.inv(track.lon[before], track.lat[before], track.lon[row], track.lat[row])
    feet = track.baro_ft[row]
    return {
        "hex": track.icao24,
        "flight": track.callsign,
        "lat": float(track.lat[row]),
        "lon": float(track.lon[row]),
        "alt_baro": None if np.isnan(feet) else round(float(feet)),
        "track": round(heading % 360, 1),
        "gs": round(float(track.speed_kt[row])),
        "nature": track.nature,
        "seen_at": int(track.seen_at[row]),
    }
