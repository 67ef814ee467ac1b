"""Proposed links as a table: the columns that analysts get, in CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from truceline.archive.warning_table import check_target
from truceline.incidents.matching.model import Link

__all__ = ("COLUMNS", "check_target", "write_links")
COLUMNS = ("a_id", "b_id", "score", "reasons")


def write_links(path: Path, links: Sequence[Link]) -> None:
    """Write the links in the order given. Refuses a name that does not end in .csv."""
    check_target(path)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(
            (one.a, one.b, f"{one.score:.4f}", "; ".join(one.reasons)) for one in links
        )
