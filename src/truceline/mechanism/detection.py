"""How a crossing is written down: what everyone may read, and what is sealed.

In clear: the zone, when, how sure, and how it is known. Sealed: who flew, where the
border was crossed (at several precisions, so that a party can be handed the coarse one
alone), and the fixes on either side, with their numbers in the sealed segment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from truceline.airspace.crossing import Crossing, FixRef, Spot
from truceline.airspace.fusion import address_of
from truceline.airspace.predictions.prediction import Prediction, Settled
from truceline.geo.position import E7

PRECISIONS: Mapping[str, int] = {"": 1, ".100m": E7 // 1_000, ".1km": E7 // 100}
"""What a part's name says of its precision, and the grid in 1e-7 degree: 0.001 degree of
latitude is 111 m, 0.01 degree 1.1 km."""


def stated_body(crossing: Crossing) -> dict[str, Any]:
    """Return what the record of a crossing says in clear of the crossing itself."""
    return {
        "zone": crossing.zone_id,
        "entered_at": crossing.entered_at,
        "verdict": str(crossing.verdict),
        "probability_ppm": _ppm(crossing.doubt.likely),
        "cause": str(crossing.cause_in),
        "altitude_known": crossing.altitude_known,
    }


def left_body(crossing: Crossing) -> dict[str, Any]:
    """Return what the record of a leaving says in clear of the crossing itself.

    A path that in the end was mostly outside is never told as surer than suspected.
    """
    verdict = str(crossing.verdict)
    return {
        "left_at": crossing.left_at,
        "cause": str(crossing.cause_out),
        "verdict": "suspected" if verdict == "possible" else verdict,
        "depth_m": max(0, round(crossing.max_depth_m)),
    }


def entry_parts(crossing: Crossing) -> dict[str, Any]:
    """Return the sealed parts of a crossing."""
    return {
        "aircraft": {"icao24": address_of(crossing.icao24), "callsign": crossing.callsign},
        **_spots("entry", crossing.entry),
        "fixes": _fixes(crossing.entry),
    }


def exit_parts(crossing: Crossing) -> dict[str, Any]:
    """Return the sealed parts of a leaving."""
    return {**_spots("exit", crossing.exit), "fixes": _fixes(crossing.exit)}


def predicted_body(made: Prediction) -> dict[str, Any]:
    """Return what the record of a prediction says in clear of the prediction itself."""
    return {
        "zone": made.zone_id,
        "source": made.source,
        "level": str(made.level),
        "predicted_at": made.made_at,
        "entry_at": made.entry_at,
        "probability_ppm": _ppm(made.chance),
        "ways": made.ways_in,
    }


def outcome_body(settled: Settled) -> dict[str, Any]:
    """Return what the record of an outcome says; warnings in whole seconds."""
    came = {}
    if settled.entered_at is not None and settled.warning_s is not None:
        came = {"entered_at": settled.entered_at, "warning_s": max(0, round(settled.warning_s))}
    return {
        "zone": settled.prediction.zone_id,
        "outcome": str(settled.outcome),
        "level": str(settled.level),
        "settled_at": settled.at,
        **came,
    }


def prediction_parts(made: Prediction) -> dict[str, Any]:
    """Return the sealed parts of a prediction: who, where, from which fix, and why so likely."""
    seen = made.seen
    return {
        "aircraft": {"icao24": address_of(made.icao24), "callsign": made.callsign},
        **{
            f"entry{suffix}": {
                "lat_e7": _gridded(made.entry_lat, grid),
                "lon_e7": _gridded(made.entry_lon, grid),
                **({"alt_ft": _feet(made.entry_ft)} if not suffix else {}),
            }
            for suffix, grid in PRECISIONS.items()
        },
        "fixes": [
            {
                "source": made.source,
                "sequence": seen.sequence,
                "seen_at": seen.seen_at,
                "lat_e7": _gridded(seen.lat, 1),
                "lon_e7": _gridded(seen.lon, 1),
                "baro_ft": _feet(seen.baro_ft),
                "geo_ft": _feet(seen.geo_ft),
                "speed_kt": round(seen.speed_kt),
                "track_deg": round(seen.track_deg),
                "climb_ft_min": round(seen.climb_ft_min),
            }
        ],
        "grounds": {
            "way": made.way,
            "because": [{"what": what, "log_odds_ppm": round(v * 1e6)} for what, v in made.because],
        },
    }


def _spots(name: str, spot: Spot) -> dict[str, Any]:
    return {
        f"{name}{suffix}": {
            "lat_e7": _gridded(spot.lat, grid),
            "lon_e7": _gridded(spot.lon, grid),
            **({"alt_ft": _feet(spot.alt_ft), "crossed_at": spot.at} if not suffix else {}),
        }
        for suffix, grid in PRECISIONS.items()
    }


def _fixes(spot: Spot) -> list[dict[str, Any]]:
    both = [spot.before] if spot.before == spot.after else [spot.before, spot.after]
    return [_fix(one) for one in both]


def _fix(one: FixRef) -> dict[str, Any]:
    return {
        "source": one.source,
        "sequence": one.sequence,
        "seen_at": one.seen_at,
        "lat_e7": _gridded(one.lat, 1),
        "lon_e7": _gridded(one.lon, 1),
        "baro_ft": _feet(one.baro_ft),
        "geo_ft": _feet(one.geo_ft),
        "sigma_mm": round(one.sigma_m * 1000) if math.isfinite(one.sigma_m) else None,
    }


def _gridded(degrees: float, grid: int) -> int:
    return round(degrees * E7 / grid) * grid


def _feet(value: float | None) -> int | None:
    """Whole feet: transponders report steps of 25 ft. None: not reported."""
    return None if value is None or math.isnan(value) else round(value)


def _ppm(share: float) -> int:
    return min(1_000_000, max(0, round(share * 1_000_000)))
