"""`truceline up`: open the installation, serve its API and page, until it is told to stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli import shown

if TYPE_CHECKING:
    from truceline.api.play import Play
    from truceline.mechanism.installation import Installation
    from truceline.mechanism.settings import Settings
    from truceline.zones.gazetteer import Gazetteer


def up(
    data: Annotated[
        Path, typer.Option("--data", envvar="TRUCELINE_DATA", help="Data folder (truceline init).")
    ],
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65_535, help="Port; 0: any free one.")
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", help="Certificate chain for HTTPS, PEM.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", help="Private key for HTTPS, PEM.")
    ] = None,
    data_key: Annotated[
        Path | None, typer.Option("--data-key", help="File with the data key.")
    ] = None,
    standby: Annotated[
        bool, typer.Option("--standby", help="Wait until the present writer is gone, then serve.")
    ] = False,
    accept_clock: Annotated[
        bool,
        typer.Option("--accept-clock", help="This machine's clock is right, though it jumped."),
    ] = False,
    dss_key: Annotated[
        list[Path] | None,
        typer.Option(
            "--dss-key", help="Public key (PEM) of who gives USSs their tokens (docs/dss.md)."
        ),
    ] = None,
    dss_jwks: Annotated[
        str | None, typer.Option("--dss-jwks", help="URL of their key set, instead of a file.")
    ] = None,
    dss_audience: Annotated[
        list[str] | None,
        typer.Option("--dss-audience", help="Name by which tokens mean this server."),
    ] = None,
    dss_local: Annotated[
        bool, typer.Option("--dss-local", help="Call subscribers at private addresses too.")
    ] = False,
) -> None:
    """Serve an installation: API, page, log files, event stream. Stops on Ctrl-C or SIGTERM.

    With --dss-key (or --dss-jwks) and --dss-audience it is a DSS for drones too.
    """
    from truceline.api import serving
    from truceline.mechanism import settings as setting
    from truceline.mechanism.installation import Installation
    from truceline.scenario import gazetteer
    from truceline.store.layout import Layout

    given = {
        "host": host,
        "port": port,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "data_key_file": data_key,
        "dss_keys": dss_key or None,
        "dss_jwks": dss_jwks,
        "dss_audiences": dss_audience or None,
        "dss_local": dss_local or None,
    }
    chosen = setting.read(Layout(data).settings).model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    serving.check_tls(chosen)
    if standby:
        shown.say("Standing by for the present writer.")
    with Installation.open(
        data, chosen, wait_s=None if standby else 0.0, accept_clock=accept_clock
    ) as installation:
        serve(installation, chosen, places=gazetteer.load, started=_say_started)
    shown.say("Stopped.")


def serve(
    installation: Installation,
    settings: Settings,
    *,
    play: Play | None = None,
    places: Callable[[], Gazetteer] | None = None,
    started: Callable[[str], None],
) -> None:
    """Serve an open installation until it is told to stop; `started` is told the address."""
    from truceline.api import serving

    serving.serve(installation, settings, play=play, places=places, started=started)


def _say_started(url: str) -> None:
    shown.say(f"Truceline is at {url}")
