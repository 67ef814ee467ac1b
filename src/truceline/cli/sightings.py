"""`truceline sightings`: report what was seen or heard, list it, and warn from it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from truceline.cli import options, reach, shown
from truceline.cli.reach import Reach
from truceline.cli.statement import Desk
from truceline.cli.words import group, instant, reads, writes
from truceline.errors import Malformed, Reason

app = group("sightings", "What people see and hear of aircraft, and who must be warned of it.")

_LISTED = {
    "seen_at": "SEEN",
    "received_at": "RECEIVED",
    "type": "TYPE",
    "means": "MEANS",
    "count": "COUNT",
    "by": "BY",
    "id": "RECORD",
}
_WARNED = {
    "name": "PLACE",
    "probability": "PROBABILITY",
    "earliest_at": "EARLIEST",
    "median_at": "MEDIAN",
    "p90_at": "90 % BY",
    "issued_at": "ISSUED",
    "observers": "OBSERVERS",
}


@writes(app, "report")
def report(
    desk: Desk,
    *,
    lat: Annotated[float, typer.Option("--lat", help="Where the observer stands, WGS 84.")],
    lon: Annotated[float, typer.Option("--lon", help="Where the observer stands, WGS 84.")],
    bearing: Annotated[
        float, typer.Option("--bearing", help="Towards the aircraft, true degrees.")
    ],
    band: Annotated[
        str,
        typer.Option("--band", help="overhead (to 1 km), near (3), middle (7), far (15), horizon."),
    ],
    seen_at: Annotated[str, typer.Option("--seen-at", help="When, ISO 8601.")],
    heading: Annotated[
        float | None, typer.Option("--heading", help="Where it was going, true degrees.")
    ] = None,
    kind: Annotated[
        str, typer.Option("--type", help="jet, helicopter, drone or unknown.")
    ] = "unknown",
    count: Annotated[int, typer.Option("--count", min=1, max=1000, help="How many.")] = 1,
    means: Annotated[str, typer.Option("--means", help="seen or heard.")] = "seen",
    place_error_m: Annotated[
        float, typer.Option("--place-error-m", help="Of the observer's place, one sigma.")
    ] = 100.0,
    bearing_error: Annotated[
        float, typer.Option("--bearing-error", help="Degrees, one sigma.")
    ] = 15.0,
    heading_error: Annotated[
        float, typer.Option("--heading-error", help="Degrees, one sigma.")
    ] = 15.0,
) -> None:
    """Report an aircraft that was seen or heard. The whole of it is sealed."""
    from truceline.airspace.sightings import record as sighting_record
    from truceline.airspace.sightings.sighting import Band, Craft, Means, Sighting
    from truceline.geo.position import from_degrees

    seen = instant(seen_at, "--seen-at") or 0
    told = Sighting(
        "", "", from_degrees(lat=lat, lon=lon), place_error_m, bearing, bearing_error,
        _word(Band, band, "--band"), heading, heading_error, _word(Craft, kind, "--type"),
        count, _word(Means, means, "--means"), seen, seen,
    )  # fmt: skip
    taken = desk.state(sighting_record.KIND, sighting_record.body(told))
    desk.tell(taken, "The sighting is on the record, sealed: the log shows that your key spoke.")


@reads(app, "list")
def list_sightings(mechanism: Reach, as_json: bool, limit: options.Limit = 100) -> None:
    """List the sightings that you may see, the newest first."""
    rows = mechanism.get("/api/sightings", limit=limit)
    if as_json:
        shown.as_json(rows)
        return
    shown.table(rows, _LISTED, empty="There is no sighting that you may see.")


@app.command("warn")
def warn(
    *,
    sightings: Annotated[
        Path | None, typer.Option("--sightings", help="A CSV file of sightings.")
    ] = None,
    places: Annotated[
        Path | None,
        typer.Option("--places", help="Places: CSV (code, lat, lon) or GeoJSON points."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where to write: NAME.csv.")] = None,
    given_at: Annotated[
        float | None, typer.Option("--given-at", help="Probability at which a warning is given.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the paths drawn.")] = 1,
    server: options.Server = None,
    token: options.Token = None,
    data: options.Data = None,
    as_json: options.Json = False,
) -> None:
    """Say which places may be reached and when: from files, or (without them) what stands now."""
    if sightings is not None and places is not None and out is not None:
        _from_files(sightings, places, out, given_at, seed)
        return
    if sightings is not None or places is not None or out is not None:
        raise Malformed(
            Reason.MISSING_FIELD,
            where="--sightings, --places, --out",
            detail="the three are given together, or none of them",
        )
    with reach.mechanism(server, token, data) as mechanism:
        answer = mechanism.get("/api/sighting-warnings")
    if as_json:
        shown.as_json(answer)
        return
    rows = [_for_people(one) for one in answer["warnings"]]
    shown.table(rows, _WARNED, empty="No place is warned now.")


def _from_files(sightings: Path, places: Path, out: Path, given: float | None, seed: int) -> None:
    from truceline.airspace.sightings.warning import replayed
    from truceline.archive.warning_table import check_target, write_warnings
    from truceline.sources.sighting_file import SightingFile, read_places

    check_target(out)
    rules, known = _rules(given), read_places(places)
    file = SightingFile(sightings)
    found, machine = replayed(list(file.sightings()), known, rules=rules, seed=seed)
    write_warnings(out, found)
    left_out = file.dropped + machine.tracks.left_out
    shown.say(f"{file.rows_read} sightings read, {sum(left_out.values())} left out")
    for reason, many in sorted(left_out.items()):
        shown.say(f"  {many:>9} {reason.replace('_', ' ')}")
    alone = sum(one.observers == 1 for one in found)
    warned = len({one.place for one in found})
    shown.say(f"{len(found)} warnings of {warned} of {len(known)} places")
    shown.say(f"{alone} of them, when given, on the word of one observer")
    shown.say(f"written to {out}")


def _for_people(one: dict[str, Any]) -> dict[str, Any]:
    behind = "1, nobody else" if one["rests_on_one"] else str(one["observers"])
    return {**one, "probability": f"{one['probability']:.0%}", "observers": behind}


def _rules(given: float | None) -> Any:
    from truceline.airspace.sightings.warning import WarningRules

    plain = WarningRules()
    if given is None:
        return plain
    if not 0 < given < 1:
        raise Malformed(
            Reason.OUT_OF_RANGE, where="--given-at", detail=f"{given} is not between 0 and 1"
        )
    return WarningRules(given_at=given, kept_at=given * plain.kept_at / plain.given_at)


def _word[T: StrEnum](words: type[T], text: str, where: str) -> T:
    try:
        return words(text.strip().lower())
    except ValueError:
        raise Malformed(
            Reason.OUT_OF_RANGE, where=where, detail=f"{text!r} is not one of {', '.join(words)}"
        ) from None
