"""The API inside this process, for commands that work on a data folder with no server running."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from truceline.api.app import create_app
from truceline.cli.reach import Reply
from truceline.mechanism import settings as settings_file
from truceline.mechanism.installation import Installation
from truceline.store.layout import Layout


class Inside:
    """The folder's own API. `trusted`: whoever can open the folder asks as its host does."""

    def __init__(self, folder: Path, *, writing: bool, trusted: bool) -> None:
        chosen = settings_file.read(Layout(folder).settings)
        self._installation = Installation.open(folder, chosen, writer=writing)
        self._app = create_app(self._installation, chosen, host_asks=trusted)

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return the reply to one request, without a network."""
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                *((name.encode(), value.encode()) for name, value in headers.items()),
                (b"content-length", str(len(body)).encode()),
            ],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        return asyncio.run(self._call(scope, body))

    async def _call(self, scope: dict[str, Any], body: bytes) -> Reply:
        started: dict[str, Any] = {}
        parts: list[bytes] = []
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            else:
                parts.append(message.get("body", b""))

        await self._app(scope, receive, send)
        kinds = [value.decode() for name, value in started["headers"] if name == b"content-type"]
        return Reply(started["status"], kinds[0] if kinds else "", b"".join(parts))

    def close(self) -> None:
        """Seal what was added and let go of the folder."""
        self._app.state.floor.intake.close()
        self._installation.close()
