"""Why a crossing is told as it is: the parts of its probability, its evidence, in plain words.

One JSON object a line. Presence (was the aircraft there?) and purpose (why, and might
it?) are separate values: files alone say nothing of purpose, and so it reads "not judged".
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from truceline.airspace.crossing import Cause, Crossing, FixRef, Spot
from truceline.airspace.verdict import CONFIRMED_AT, SUSPECTED_AT, Doubt
from truceline.errors import Malformed, Reason


def check_reasons_target(path: Path) -> None:
    """Refuse a file name that does not end in .jsonl, or a folder that is not there."""
    if path.suffix.lower() != ".jsonl":
        raise Malformed(
            Reason.BAD_FORMAT,
            where=str(path),
            detail=f"the ending {path.suffix or '(none)'} is not .jsonl",
            remedy="Name the file .jsonl",
        )
    if not path.parent.is_dir():
        raise Malformed(
            Reason.NOT_FOUND, where=str(path.parent), detail="the folder does not exist"
        )


def write_reasons(path: Path, crossings: Sequence[Crossing]) -> None:
    """Write the reasons of the crossings, in the order given."""
    check_reasons_target(path)
    lines = (orjson.dumps(reasons_of(one)) for one in crossings)
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def reasons_of(crossing: Crossing) -> dict[str, Any]:
    """Return what a crossing rests on. Times are microseconds since the epoch, UTC."""
    doubt = crossing.doubt
    return {
        "zone_id": crossing.zone_id,
        "icao24": crossing.icao24,
        "entered_at": crossing.entered_at,
        "left_at": crossing.left_at,
        "presence": {
            "verdict": str(crossing.verdict),
            "probability": doubt.likely,
            "by_every_path": doubt.firm,
            "position": doubt.across,
            "height": doubt.upright,
            "height_known": doubt.known,
            "fixes_inside": doubt.fixes,
            "seconds_inside": doubt.lasted_us / 1e6,
        },
        "purpose": "not judged",
        "excursions": crossing.excursions,
        "why": list(words_of(crossing)),
        "entry": _spot(crossing.entry),
        "exit": _spot(crossing.exit),
    }


def words_of(crossing: Crossing) -> Sequence[str]:
    """Return the reasons in plain words."""
    return [*_of_presence(crossing), *_of_doubt(crossing.doubt)]


def _of_presence(crossing: Crossing) -> Sequence[str]:
    doubt = crossing.doubt
    if crossing.max_depth_m == 0 and doubt.fixes == 0 and doubt.firm == 0:
        return ["the likeliest path passes the zone by; other plausible paths enter it"]
    if Cause.CROSSED_BETWEEN_FIXES in (crossing.cause_in, crossing.cause_out):
        return ["no fix lies inside; the path between two fixes does"]
    return [f"{doubt.fixes} fixes inside, at most {crossing.max_depth_m:.0f} m from the border"]


def _of_doubt(doubt: Doubt) -> Sequence[str]:
    told = []
    if not doubt.known:
        told.append("the height is not known in the limits' datum: vertical unknown")
    elif doubt.upright < CONFIRMED_AT:
        told.append(f"the height is between the limits with {doubt.upright:.0%}")
    if doubt.across < CONFIRMED_AT:
        told.append(f"the position is inside the border with {doubt.across:.0%}")
    if doubt.firm < SUSPECTED_AT <= doubt.capped:
        told.append("not every plausible path enters, or the position or height is not trusted")
    if doubt.loose > max(doubt.firm, doubt.capped):
        told.append("the gap between the fixes is longer than a minute")
    return told


def _spot(spot: Spot) -> dict[str, Any]:
    return {
        "at": spot.at,
        "lat": spot.lat,
        "lon": spot.lon,
        "alt_ft": spot.alt_ft,
        "between": [_fix(one) for one in dict.fromkeys((spot.before, spot.after))],
    }


def _fix(one: FixRef) -> dict[str, Any]:
    return {
        "source": one.source,
        "sequence": one.sequence,
        "seen_at": one.seen_at,
        "lat": one.lat,
        "lon": one.lon,
        "baro_ft": one.baro_ft,
        "geo_ft": one.geo_ft,
        "sigma_m": one.sigma_m,
    }
