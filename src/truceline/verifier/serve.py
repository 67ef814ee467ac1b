"""A witness on HTTP: C2SP tlog-witness over the standard library's server.

Small on purpose: one route that writes, a bounded body, a bounded number of
connections, and an answer for everything. Part of the verifier's edge.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from truceline.errors import TrucelineError
from truceline.ledger.witness import MAX_REQUEST_BYTES, TEXT_TYPE, Verdict
from truceline.verifier.witness import Witness

MAX_CONNECTIONS = 64
IDLE_S = 15


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness; `say` gets a line for each request that changes something."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, address: tuple[str, int], witness: Witness, say: Callable[[str], None]
    ) -> None:
        super().__init__(address, _Handler)
        self.witness = witness
        self.say = say
        self._room = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection, or close it at once when there is no room."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection and give its room back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is nobody's error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "truceline-witness"
    sys_version = ""
    timeout = IDLE_S
    server: WitnessServer

    def do_POST(self) -> None:
        if self.path.rstrip("/").rsplit("/", 1)[-1] != "add-checkpoint":
            self._answer(404, "no such page\n")
            return
        body = self._body()
        if body is not None:
            self._add_checkpoint(body)

    def do_GET(self) -> None:
        if self.path == "/vkey":
            self._answer(200, self.server.witness.vkey().text() + "\n")
        elif self.path == "/healthz":
            self._answer(200, "ok\n")
        else:
            self._answer(404, "this is a witness: POST /add-checkpoint, GET /vkey\n")

    def _body(self) -> bytes | None:
        """The request's body; a missing or too large length ends the connection."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or "Transfer-Encoding" in self.headers:
            self._answer(411, "a request needs a Content-Length\n", close=True)
        elif int(length) > MAX_REQUEST_BYTES:
            self._answer(413, f"a request has at most {MAX_REQUEST_BYTES} bytes\n", close=True)
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                return body
            self.close_connection = True
        return None

    def _add_checkpoint(self, body: bytes) -> None:
        try:
            verdict = self.server.witness.add_checkpoint(body)
        except TrucelineError as error:
            # The state could not be made durable, so nothing was signed.
            self.server.say(f"not cosigned: {error}")
            self._answer(503, f"{error}\n")
            return
        self.server.say(_told(verdict))
        self._answer(verdict.status, verdict.body, content_type=verdict.content_type)

    def _answer(
        self, status: int, text: str, *, content_type: str = TEXT_TYPE, close: bool = False
    ) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the library's name
        """Only decisions are told (`say`), not every request."""


def _told(verdict: Verdict) -> str:
    if verdict.accepted is None:
        return f"answered {verdict.status}: {verdict.body.strip()}"
    head = verdict.accepted.checkpoint
    return f"cosigned {head.origin} at {head.size} leaves"
