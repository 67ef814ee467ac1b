"""Serving: a socket, a server, an end in order. The address is noted in the data folder.

`server.json` holds the address and a key for the host's own command line, readable by its
user alone; it is there while the server runs.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn

from truceline.airspace.kernel import KERNEL
from truceline.api import limits
from truceline.api.app import create_app
from truceline.api.play import Play
from truceline.errors import Malformed, Reason, Unavailable
from truceline.mechanism.installation import Installation
from truceline.mechanism.settings import Settings
from truceline.store import tokens
from truceline.zones.gazetteer import Gazetteer

STOP_S = 3
"""Seconds in which open requests may end; event streams resume elsewhere."""


def serve(
    installation: Installation,
    settings: Settings,
    *,
    play: Play | None = None,
    places: Callable[[], Gazetteer] | None = None,
    started: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve an open installation until SIGINT or SIGTERM; `started` is told the address."""
    host_key = tokens.PREFIX + os.urandom(32).hex()
    limits.ask_for_descriptors()
    app = create_app(installation, settings, gazetteer=places, play=play, host_key=host_key)
    # Once a feed comes there will be more: what judges it is compiled beside, from then on.
    app.state.floor.intake.on_start = KERNEL.start
    listening = _listen(settings.host, settings.port)
    url = _url(settings, listening)
    if installation.drones is not None:
        installation.drones.start(url)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    note = installation.layout.server
    try:
        _note(note, url, host_key)
        _stop_on_sigterm()
        _Server(config, lambda: started(url)).run(sockets=[listening])
    except (KeyboardInterrupt, SystemExit):
        pass  # told to stop: that is how it ends
    finally:
        note.unlink(missing_ok=True)
        listening.close()


class _Server(uvicorn.Server):
    """Tells the address once it answers there and heeds signals, not before.

    A signal between the telling and the start met a server that was half built, and
    whoever had just read the address waited for an end that did not come.
    """

    def __init__(self, config: uvicorn.Config, tell: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = tell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets=sockets)
        if not self.should_exit:
            self._tell()


def check_tls(settings: Settings) -> None:
    """Refuse half of what HTTPS needs, and files that are not there."""
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


def _note(file: Path, url: str, host_key: str) -> None:
    """Leave address and key for the host's own command line; replaced in one step, for its user alone."""
    told: dict[str, Any] = {"url": url, "pid": os.getpid(), "key": host_key}
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(json.dumps(told) + "\n")
    beside.replace(file)


def _stop_on_sigterm() -> None:
    """End in order on SIGTERM. The server hands the signal back to us once it has stopped."""

    def stop(_number: int, _frame: object) -> None:
        raise SystemExit(0)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
