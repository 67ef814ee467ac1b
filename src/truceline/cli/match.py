"""`truceline match`: which reports of two ledgers tell of one event, from files alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli import shown
from truceline.errors import Malformed, Reason

if TYPE_CHECKING:
    from truceline.incidents.matching.columns import Row

_NAMED = 20


def match(
    a: Annotated[Path, typer.Option("--a", help="Reports of one side: NAME.csv or NAME.parquet.")],
    b: Annotated[Path, typer.Option("--b", help="Reports of the other side.")],
    out: Annotated[Path, typer.Option("--out", help="Where to write: NAME.csv.")],
    min_score: Annotated[
        float,
        typer.Option("--min-score", min=0.0, max=1.0, help="The least score that is written."),
    ] = 0.05,
) -> None:
    """Propose which reports of two ledgers tell of one event. Nothing is merged, nothing kept.

    Columns: id, lat, lon and, each empty where unknown, radius_m (one sigma of the place on
    each axis), from, to (ISO 8601; a date is its whole day, no offset is UTC) and kind. The
    score is the probability that the two tell of one event; what it rests on stands beside it.
    """
    from truceline.archive.link_table import check_target, write_links
    from truceline.incidents.matching import model

    check_target(out)
    _check_apart(a, b, out)
    links, learned = model.match(_read(a), _read(b), least=min_score)
    write_links(out, links)
    sure = sum(link.score >= 0.9 for link in links)
    shown.say(f"{len(links)} links proposed, {sure} of them with a score of 0.9 or more")
    if links:
        shown.say(
            f"learned from the two: about {learned.links:.0f} events told by both, "
            f"{learned.tau_days * 24:.1f} h between two reports of one, "
            f"{learned.agreed:.0%} of them of the same kind"
        )
    shown.say(f"written to {out}; a person confirms or refuses")


def _check_apart(a: Path, b: Path, out: Path) -> None:
    if out.resolve() in (a.resolve(), b.resolve()):
        raise Malformed(Reason.BAD_FORMAT, where="--out", detail="this is one of the two ledgers")


def _read(path: Path) -> list[Row]:
    from truceline.sources.report_file import ReportFile

    file = ReportFile(path)
    rows = file.reports()
    shown.say(f"{path.name}: {len(rows)} reports read, {len(file.left_out)} left out")
    for one in file.left_out[:_NAMED]:
        shown.say(f"  left out: {one}")
    if len(file.left_out) > _NAMED:
        shown.say(f"  and {len(file.left_out) - _NAMED} more")
    return rows
