"""`truceline up`: open the installation, serve its API and page, until it is told to stop.

`serve` is also what the demonstration uses. The address stands in the folder's
`server.json` while the server runs, so that the command line finds it.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truceline.cli import shown
from truceline.errors import Malformed, Reason, Unavailable

if TYPE_CHECKING:
    from truceline.api.play import Play
    from truceline.mechanism.installation import Installation
    from truceline.mechanism.settings import Settings
    from truceline.zones.gazetteer import Gazetteer

_STOP_S = 3
"""Seconds in which open requests may end; event streams resume elsewhere."""


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
) -> None:
    """Serve an installation: API, page, log files, event stream. Stops on Ctrl-C or SIGTERM."""
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
    }
    chosen = setting.read(Layout(data).settings).model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    _check_tls(chosen)
    if standby:
        shown.say("Standing by for the present writer.")
    with Installation.open(data, chosen, wait_s=None if standby else 0.0) as installation:
        serve(installation, chosen, places=gazetteer.load)


def serve(
    installation: Installation,
    settings: Settings,
    *,
    play: Play | None = None,
    places: Callable[[], Gazetteer] | None = None,
    started: Callable[[str], None] | None = None,
) -> None:
    """Serve an open installation until SIGINT or SIGTERM; `started` is told the address."""
    import uvicorn

    from truceline.api.app import create_app

    app = create_app(installation, settings, gazetteer=places, play=play)
    listening = _listen(settings.host, settings.port)
    url = _url(settings, listening)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_S,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    note = installation.layout.server
    try:
        _note(note, url)
        (started or _say_started)(url)
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        note.unlink(missing_ok=True)
        listening.close()


def _say_started(url: str) -> None:
    shown.say(f"Truceline is at {url}")


def _check_tls(settings: Settings) -> None:
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise Malformed(
            Reason.MISSING_FIELD,
            where="--tls-cert, --tls-key",
            detail="HTTPS needs both the certificate and its key",
        )
    for file in (settings.tls_cert, settings.tls_key):
        if file is not None:
            file.open("rb").close()


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; taken before anything is told, so that the address is true."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise Unavailable(
            Reason.BUSY,
            where=f"{host}:{port}",
            detail=f"cannot listen there ({error.strerror or error})",
            remedy="Choose another port with --port, or stop what listens there",
        ) from None
    made.listen(1024)
    made.set_inheritable(True)
    return made


def _url(settings: Settings, listening: socket.socket) -> str:
    host, port, *_ = listening.getsockname()
    shown_host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 -- read, not bound
    scheme = "https" if settings.tls_cert else "http"
    return f"{scheme}://{shown_host}:{port}"


def _note(file: Path, url: str) -> None:
    """Leave the address for the command line; replaced in one step, never half written."""
    told: dict[str, Any] = {"url": url, "pid": os.getpid()}
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(json.dumps(told) + "\n", encoding="utf-8")
    beside.replace(file)
