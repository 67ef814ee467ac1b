"""`truceline demo`: Syria 2017 on the real program, in one command."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli import shown

_FOLDER = Path("demo-data")
_PORT = 8017


def demo(
    data: Annotated[
        Path, typer.Option("--data", help="Folder of the demonstration; made at the first start.")
    ] = _FOLDER,
    headless: Annotated[
        bool, typer.Option("--headless", help="Play it without a page, and end.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65_535, help="Port of the page; none: 8017 or a free one."
        ),
    ] = None,
    speed: Annotated[
        float, typer.Option("--speed", min=0.01, max=1000, help="Scenario seconds per second.")
    ] = 10.0,
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
) -> None:
    """Play Syria, 4 May to 30 September 2017, and show it on one page."""
    from truceline.scenario.demo import Wishes, run

    def started(address: str) -> None:
        shown.say(address)
        if open_page:
            _open(address)

    wishes = Wishes(data, port=_free() if port is None else port, speed=speed, headless=headless)
    run(wishes, shown.say, started)


def _free() -> int:
    """The usual port, or 0 (any free one) when something listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", _PORT))
        except OSError:
            return 0
    return _PORT


def _open(address: str) -> None:
    """Open the page where there is somebody to see it; never stop for want of a browser."""
    import webbrowser

    try:
        webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return
