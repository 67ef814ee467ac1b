"""`truceline flights`: flights that are announced, the answers to them, the crossings they explain."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from truceline.cli import shown
from truceline.cli.options import At
from truceline.cli.reach import Reach
from truceline.cli.statement import Desk
from truceline.cli.words import group, instant, reads, texts_or_nothing, writes
from truceline.errors import Malformed, Reason

app = group("flights", "Announced flights: notify, answer, withdraw, list.")

_Notice = Annotated[str, typer.Argument(help="Record id of the notice.")]
_Why = Annotated[list[str] | None, typer.Option("--why", help="Why, by language: en=...")]
_COLUMNS = {
    "notice": "NOTICE",
    "flight": "FLIGHT",
    "applicant": "BY",
    "purpose": "PURPOSE",
    "callsign": "CALLSIGN",
    "from_at": "FROM",
    "until": "UNTIL",
    "state": "STATE",
    "matched": "CROSSINGS",
}
_FOOT_MM = 304.8


@writes(app, "notify")
def notify(
    desk: Desk,
    *,
    flight: Annotated[str, typer.Argument(help="Code of the flight, of your own choice.")],
    purpose: Annotated[
        str,
        typer.Option(
            "--purpose",
            help="humanitarian, medevac, observer, search_and_rescue, un or agreed.",
        ),
    ],
    point: Annotated[
        list[str], typer.Option("--point", help="A point of the route: LAT,LON; twice or more.")
    ],
    width_m: Annotated[int, typer.Option("--width-m", help="Width of the corridor, metres.")],
    from_at: Annotated[str, typer.Option("--from", help="The window opens.")],
    until: Annotated[str, typer.Option("--until", help="The window closes.")],
    to: Annotated[list[str], typer.Option("--to", help="A body that it is announced to.")],
    callsign: Annotated[str | None, typer.Option("--callsign")] = None,
    icao24: Annotated[str | None, typer.Option("--icao24", help="Address, six hex digits.")] = None,
    aircraft_type: Annotated[str | None, typer.Option("--type", help="Type of aircraft.")] = None,
    lower_ft: Annotated[float | None, typer.Option("--lower-ft")] = None,
    upper_ft: Annotated[float | None, typer.Option("--upper-ft")] = None,
    datum: Annotated[
        str, typer.Option("--datum", help="Of the heights: STD (pressure), AMSL or WGS84.")
    ] = "STD",
    instrument: Annotated[
        str | None, typer.Option("--agreement", help="The agreement that provides for it.")
    ] = None,
    clause: Annotated[str | None, typer.Option("--clause")] = None,
    approver: Annotated[
        list[str] | None,
        typer.Option("--approver", help="A body that the agreement names as approver."),
    ] = None,
    replaces: Annotated[
        str | None, typer.Option("--replaces", help="Your earlier notice that this one replaces.")
    ] = None,
    note: Annotated[list[str] | None, typer.Option("--note", help="By language: en=...")] = None,
) -> None:
    """Announce a flight. Only those it is addressed to and the watch floor can read it."""
    body = {
        "flight": flight,
        "purpose": purpose,
        "callsign": callsign,
        "icao24": icao24.lower() if icao24 else None,
        "aircraft_type": aircraft_type,
        "route": [_point(one) for one in point],
        "width_m": width_m,
        "lower": _height(lower_ft, datum),
        "upper": _height(upper_ft, datum),
        "from": instant(from_at, "--from"),
        "until": instant(until, "--until"),
        "to": to,
        "agreement": _agreement(instrument, clause, approver or []),
        "replaces": replaces,
        "note": texts_or_nothing(note, "--note"),
    }
    desk.tell(desk.state("flight.notified/1", body), f"{flight} is announced to {', '.join(to)}.")


@writes(app, "answer")
def answer(
    desk: Desk,
    *,
    notice: _Notice,
    answer: Annotated[
        str,
        typer.Argument(help="noted, query, objection; approved only where the agreement says so."),
    ],
    why: _Why = None,
) -> None:
    """Answer a flight that was announced to your body. `noted` promises nothing."""
    body = {"notice": notice, "answer": answer, "why": texts_or_nothing(why, "--why")}
    desk.tell(desk.state("flight.answered/1", body), f"On the record: {answer}.")


@writes(app, "withdraw")
def withdraw(desk: Desk, *, notice: _Notice, why: _Why = None) -> None:
    """Take your own notice back."""
    body = {"notice": notice, "why": texts_or_nothing(why, "--why")}
    desk.tell(desk.state("flight.withdrawn/1", body), "The notice is taken back.")


@reads(app, "list")
def list_flights(mechanism: Reach, as_json: bool, at: At = None) -> None:
    """List the announced flights that you may see, and the crossings that they were held against."""
    found = mechanism.get("/api/flights", at=at)
    if as_json:
        shown.as_json(found)
        return
    rows = [_row(one) for one in found]
    shown.table(rows, _COLUMNS, empty="No flight is announced that you may see.")


def _row(one: dict[str, Any]) -> dict[str, Any]:
    matched = ", ".join(f"{each['purpose']} {each['crossing']}" for each in one["matches"])
    return {**one, "matched": matched}


def _point(text: str) -> dict[str, int]:
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError:
        raise Malformed(
            Reason.BAD_FORMAT, where="--point", detail=f"{text!r} is not LAT,LON in degrees"
        ) from None
    return {"lat_e7": round(lat * 10_000_000), "lon_e7": round(lon * 10_000_000)}


def _height(feet: float | None, datum: str) -> dict[str, Any] | None:
    return None if feet is None else {"mm": round(feet * _FOOT_MM), "datum": datum}


def _agreement(
    instrument: str | None, clause: str | None, approvers: list[str]
) -> dict[str, Any] | None:
    if instrument is None:
        if clause or approvers:
            raise Malformed(
                Reason.MISSING_FIELD, where="--agreement", detail="which agreement names them?"
            )
        return None
    return {"instrument": instrument, "clause": clause or "-", "approvers": approvers}
