"""`truceline demo`: Syria 2017 on the real program, in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.cli import shown

_FOLDER = Path("demo-data")


def demo(
    data: Annotated[
        Path, typer.Option("--data", help="Folder of the demonstration; made at the first start.")
    ] = _FOLDER,
    headless: Annotated[
        bool, typer.Option("--headless", help="Play it without a page, and end.")
    ] = False,
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65_535, help="Port of the page; taken: any free one."),
    ] = 8017,
    speed: Annotated[
        float, typer.Option("--speed", min=0.01, max=1000, help="Scenario seconds per second.")
    ] = 10.0,
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
) -> None:
    """Play Syria, 4 May to 30 September 2017, and show it on one page."""
    from truceline.scenario.demo import Wishes, run

    def opens(address: str) -> None:
        import webbrowser

        webbrowser.open(address)

    wishes = Wishes(
        folder=data,
        port=port,
        speed=speed,
        headless=headless,
        open_page=opens if open_page else lambda _: None,
    )
    run(wishes, shown.say)
