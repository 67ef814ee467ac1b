"""Options that many commands share, so that each is named and explained once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Server = Annotated[
    str | None,
    typer.Option("--server", envvar="TRUCELINE_SERVER", help="Address of a running server."),
]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="TRUCELINE_TOKEN", help="Token that says who asks."),
]
Data = Annotated[
    Path | None,
    typer.Option("--data", envvar="TRUCELINE_DATA", help="Data folder of an installation here."),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Key = Annotated[Path, typer.Option("--key", help="Key file to sign with.")]
Receipts = Annotated[
    Path | None,
    typer.Option("--receipts", help="Where receipts are kept; default: beside the key file."),
]
At = Annotated[
    str | None,
    typer.Option("--at", help="Moment in question, ISO 8601 (2017-07-09T12:00Z); default: now."),
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")]
