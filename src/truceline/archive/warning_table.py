"""Warnings from sightings as a table: the columns that analysts get, in CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from truceline.airspace.sightings.warning import PlaceWarning
from truceline.errors import Malformed, Reason

COLUMNS = (
    "place", "issued_at", "probability", "highest_probability",
    "earliest_at", "median_at", "p90_at", "taken_back_at", "observers",
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_target(path: Path) -> None:
    """Refuse a file name that does not end in .csv, or a folder that is not there."""
    if path.suffix.lower() != ".csv":
        raise Malformed(Reason.BAD_FORMAT, where=str(path), detail="the name must end in .csv")
    if not path.parent.is_dir():
        raise Malformed(
            Reason.NOT_FOUND, where=str(path.parent), detail="the folder does not exist"
        )


def write_warnings(path: Path, warnings: Sequence[PlaceWarning]) -> None:
    """Write the warnings in the order given."""
    check_target(path)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_row(one) for one in warnings)


def _row(one: PlaceWarning) -> list[str]:
    return [
        one.place,
        moment(one.issued_at),
        f"{one.probability:.3f}",
        f"{one.highest:.3f}",
        moment(one.earliest_at),
        moment(one.median_at),
        moment(one.latest_at),
        "" if one.ended_at is None else moment(one.ended_at),
        str(one.observers),
    ]


def moment(at: int) -> str:
    """Return ISO 8601 in UTC, to the second."""
    return (_EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%SZ")
