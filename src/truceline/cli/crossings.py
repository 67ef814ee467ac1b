"""`truceline crossings`: who crossed which zone, from files alone; nothing is kept."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli import shown
from truceline.errors import Malformed, Reason

if TYPE_CHECKING:
    from truceline.airspace.crossing import Crossing
    from truceline.airspace.engine import Engine, Event
    from truceline.airspace.fix import Fixes
    from truceline.airspace.predictions.prediction import Settled, Told
    from truceline.airspace.rules import Rules
    from truceline.airspace.verdict import Verdict
    from truceline.sources.tracks import TrackFile
    from truceline.sources.zone_file import Span
    from truceline.zones.formats.reading import Reading


def crossings(
    tracks: Annotated[
        Path, typer.Option("--tracks", help="Fixes: Parquet, CSV, readsb JSON or trace.")
    ],
    zones: Annotated[Path, typer.Option("--zones", help="Zones: GeoJSON or another zone format.")],
    out: Annotated[Path, typer.Option("--out", help="Where to write: NAME.csv or NAME.parquet.")],
    qnh: Annotated[
        float | None,
        typer.Option("--qnh", help="Sea-level pressure in hPa, for limits above mean sea level."),
    ] = None,
    metar: Annotated[
        str | None,
        typer.Option("--metar", help="A METAR of the area, in place of --qnh."),
    ] = None,
    gap: Annotated[
        float | None,
        typer.Option("--gap", help="Seconds between fixes beyond which no path is drawn (300)."),
    ] = None,
    planar: Annotated[
        bool,
        typer.Option(
            "--planar",
            help="Straight in longitude and latitude, no hysteresis, nothing left out; "
            "the figures on the globe are printed beside it.",
        ),
    ] = False,
    min_verdict: Annotated[
        str,
        typer.Option("--min-verdict", help="possible, suspected, probable or confirmed."),
    ] = "possible",
    predict: Annotated[
        Path | None,
        typer.Option(
            "--predict",
            help="Also write the entries that were predicted, with their outcome: "
            "NAME.csv or NAME.parquet.",
        ),
    ] = None,
    why: Annotated[
        Path | None,
        typer.Option("--why", help="Also write what each crossing rests on, in words: NAME.jsonl."),
    ] = None,
) -> None:
    """Find every crossing of the zones by the aircraft of a track file, and write a table."""
    from truceline.archive.crossing_reasons import check_reasons_target, write_reasons
    from truceline.archive.crossing_table import check_target, write_crossings

    check_target(out)
    if why is not None:
        check_reasons_target(why)
    if predict is not None:
        check_target(predict)
    least = _verdict(min_verdict)
    rules = _rules(_pressure(qnh, metar), gap, planar)
    reading, file = _zones(zones), _tracks(tracks)
    engine = _engine(reading, zones, tracks, rules)
    ahead = None if predict is None else _Ahead(rules)
    found = _run(engine, file, ahead)
    kept = [one for one in found if one.verdict.rank >= least.rank]
    write_crossings(out, kept)
    if why is not None:
        write_reasons(why, kept)
    _tell(file, engine, kept, found, out)
    if planar:
        _tell_globe(reading, zones, tracks, rules)
    if ahead is not None and predict is not None:
        ahead.write(predict)


def _verdict(word: str) -> Verdict:
    from truceline.airspace.verdict import Verdict

    try:
        return Verdict(word.strip().lower())
    except ValueError:
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where="--min-verdict",
            detail=f"{word!r} is not one of {', '.join(Verdict)}",
        ) from None


def _pressure(qnh: float | None, metar: str | None) -> float | None:
    from truceline.airspace.qnh import checked, qnh_of_metar

    if qnh is not None and metar is not None:
        raise Malformed(
            Reason.OUT_OF_RANGE, where="--metar", detail="--qnh gives the pressure already"
        )
    if metar is not None:
        return qnh_of_metar(metar)
    return None if qnh is None else checked(qnh, where="--qnh")


def _rules(qnh: float | None, gap: float | None, planar: bool) -> Rules:
    from truceline.airspace.rules import Rules

    if gap is not None and not gap > 0:
        raise Malformed(Reason.OUT_OF_RANGE, where="--gap", detail=f"{gap} s is not above 0")
    plain = Rules(qnh_hpa=qnh, planar=planar)
    if gap is None:
        return plain
    return Rules(
        qnh_hpa=qnh,
        planar=planar,
        longest_gap_s=gap,
        certain_gap_s=min(plain.certain_gap_s, gap),
    )


def _zones(path: Path) -> Reading:
    from truceline.sources.zone_file import read_zones

    reading = read_zones(path)
    for note in reading.refused():
        shown.warn(f"zone not read: {note}")
    for zone in reading.zones:
        if not zone.volumes:
            shown.warn(f"zone {zone.code} has a rule in words and no shape; it is not tested")
    return reading


def _tracks(path: Path) -> TrackFile:
    from truceline.sources.tracks import TrackFile

    return TrackFile(path)


def _engine(reading: Reading, zones: Path, tracks: Path, rules: Rules) -> Engine:
    from truceline.airspace.chart import chart
    from truceline.airspace.engine import Engine
    from truceline.sources.zone_file import exact, needs_span, watch

    span = _span(tracks) if needs_span(reading) else None
    watched = watch(reading, planar=rules.planar, span=span)
    if rules.planar:
        watched = exact(watched, zones.read_bytes(), reading)
    return Engine(chart(watched), rules)


def _span(tracks: Path) -> Span:
    """From the first to the last fix of the file, for zones with hours that repeat."""
    from datetime import UTC, datetime, timedelta

    from truceline.airspace.track import unusable

    first, last = 2**62, 0
    for batch in _tracks(tracks).batches():
        bad = [rows for _, rows in unusable(batch, None)]
        times = batch.seen_at[~sum(bad[1:], start=bad[0])]
        if len(times):
            first, last = min(first, int(times.min())), max(last, int(times.max()))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    first = min(first, last)
    return epoch + timedelta(microseconds=first), epoch + timedelta(microseconds=last + 1)


class _Ahead:
    """The entries that were predicted, each with what became of it."""

    def __init__(self, rules: Rules) -> None:
        from truceline.airspace.predictions.outlook import Outlook

        self._outlook = Outlook(rules)
        self._settled: list[Settled] = []

    def take(self, engine: Engine, batch: Fixes, events: list[Event]) -> None:
        """Predict from a batch, after the engine has found what it shows."""
        from truceline.airspace.predictions.outlook import entries_of

        self._keep(self._outlook.take(batch, engine.chart, entries_of(events)))

    def write(self, path: Path) -> None:
        """Write the table, and say how the predictions did."""
        from truceline.archive.prediction_table import write_predictions

        self._keep(self._outlook.finish())
        self._settled.sort(key=lambda one: (one.prediction.made_at, one.prediction.zone_id))
        write_predictions(path, self._settled)
        counts = Counter(str(one.outcome) for one in self._settled)
        words = ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in counts.items())
        shown.say(f"{len(self._settled)} predicted entries{': ' if words else ''}{words}")
        shown.say(f"written to {path}")

    def _keep(self, told: list[Told]) -> None:
        from truceline.airspace.predictions.prediction import Settled

        self._settled += [one for one in told if isinstance(one, Settled)]


def _run(engine: Engine, file: TrackFile, ahead: _Ahead | None) -> list[Crossing]:
    from truceline.airspace.engine import crossings_of

    found: list[Crossing] = []
    for batch in file.batches():
        events = engine.feed(batch)
        if ahead is not None:
            ahead.take(engine, batch, events)
        found += crossings_of(events)
    found += crossings_of(engine.finish())
    return sorted(found, key=lambda one: (one.entered_at, one.zone_id, one.icao24))


def _tell(
    file: TrackFile, engine: Engine, kept: list[Crossing], found: list[Crossing], out: Path
) -> None:
    left_out = file.dropped + engine.tracks.left_out
    shown.say(f"{file.rows_read} fixes read, {sum(left_out.values())} left out")
    for reason, count in sorted(left_out.items()):
        shown.say(f"  {count:>9} {reason.replace('_', ' ')}")
    for reason, count in sorted(engine.tracks.doubted.items()):
        shown.say(f"  {count:>9} {reason.replace('_', ' ')}: the height alone is not believed")
    shown.say(_counted(kept))
    if len(found) > len(kept):
        shown.say(f"  {len(found) - len(kept)} below --min-verdict are not in the file")
    shown.say(f"written to {out}")


def _tell_globe(reading: Reading, zones: Path, tracks: Path, rules: Rules) -> None:
    """Print beside the planar figures what the same rules find on the globe."""
    from dataclasses import replace

    engine = _engine(reading, zones, tracks, replace(rules, planar=False))
    shown.say(f"on the globe, with hysteresis: {_counted(_run(engine, _tracks(tracks), None))}")


def _counted(found: list[Crossing]) -> str:
    by_verdict = Counter(str(one.verdict) for one in found)
    words = ", ".join(f"{by_verdict[word]} {word}" for word in _WORDS if by_verdict[word])
    return f"{len(found)} crossings{': ' if words else ''}{words}"


_WORDS = ("confirmed", "probable", "suspected", "possible")
