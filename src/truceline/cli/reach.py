"""How a command reaches the mechanism: the running server, or the data folder itself.

Both speak the same HTTP API, so that an answer, its visibility and its refusals
are written once. With a folder and no server the API runs inside this process, and
for writing it takes the fence.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote, urlencode, urlsplit

from truceline.errors import (
    Malformed,
    Reason,
    Refused,
    TrucelineError,
    Unavailable,
    Unproven,
)

TIMEOUT_S = 60.0
_BRANCHES: Mapping[str, type[TrucelineError]] = {
    "malformed": Malformed,
    "refused": Refused,
    "unproven": Unproven,
    "unavailable": Unavailable,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: HTTP status, media type, bytes."""

    status: int
    media_type: str
    data: bytes

    def json(self) -> Any:
        """The JSON value in the answer; a failure that it tells is raised."""
        try:
            value = json.loads(self.data)
        except ValueError:
            raise Unavailable(
                Reason.BAD_FORMAT,
                where="server",
                detail=f"answered {self.status} with something that is not JSON",
                remedy="Check that the address is Truceline's",
            ) from None
        if self.status >= 400:
            raise failure_in(value, self.status)
        return value


class Wire(Protocol):
    """Something that answers one HTTP request."""

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return the reply to one request."""

    def close(self) -> None:
        """Let go."""


class Reach:
    """The mechanism's API, wherever it runs."""

    def __init__(self, wire: Wire, token: str | None = None) -> None:
        self._wire = wire
        self._token = token

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON answer of a reading route; empty parameters are left out."""
        return self.ask("GET", path + asked(query)).json()

    def post(self, path: str, value: Any) -> Any:
        """Return the JSON answer of a writing route."""
        body = json.dumps(value, ensure_ascii=False).encode()
        return self.ask("POST", path, body, "application/json").json()

    def ask(self, method: str, target: str, body: bytes = b"", media_type: str = "") -> Reply:
        """Return the raw reply."""
        headers = {"accept": "application/json"}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        if body or method == "POST":
            headers["content-type"] = media_type or "application/octet-stream"
        return self._wire.ask(method, target, headers, body)

    def close(self) -> None:
        """Let go of the server or of the folder."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def mechanism(
    server: str | None, token: str | None, data: Path | None, *, writing: bool = False
) -> Reach:
    """Return the way to the mechanism: `--server`, else the server of the folder, else the folder."""
    if server:
        return Reach(OverHttp(server), token)
    if data is None:
        raise Malformed(
            Reason.MISSING_FIELD,
            where="--server or --data",
            detail="it is not said which mechanism is meant",
            remedy="Give --server URL (with --token) or --data DIR, or set TRUCELINE_SERVER",
        )
    running = running_at(data)
    if running is not None:
        url, host_key = running
        return Reach(OverHttp(url), token or host_key)
    from truceline.cli.inside import Inside

    return Reach(Inside(data, writing=writing, trusted=token is None), token)


def running_at(data: Path) -> tuple[str, str] | None:
    """Return address and host key from the folder's `server.json`, if a server answers there."""
    file = data / "server.json"
    try:
        noted = json.loads(file.read_text())
        address, host_key = str(noted["url"]), str(noted["key"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    wire = OverHttp(address, timeout_s=2.0)
    try:
        # 503: it runs, and takes nothing now.
        answers = wire.ask("GET", "/healthz", {}, b"").status in (200, 503)
    except TrucelineError:
        return None  # left behind by a server that was killed
    finally:
        wire.close()
    return (address, host_key) if answers else None


class OverHttp:
    """A server by its address. The certificate is checked; a self-signed one needs `SSL_CERT_FILE`."""

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Malformed(
                Reason.BAD_FORMAT,
                where="--server",
                detail=f"{url!r} is not an http or https address",
            )
        self._base = parts.path.rstrip("/")
        self._where = f"{parts.scheme}://{parts.netloc}"
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            self._connection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=timeout_s, context=ssl.create_default_context()
            )
        else:
            self._connection = http.client.HTTPConnection(
                parts.hostname, parts.port, timeout=timeout_s
            )

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return the reply to one request over the network."""
        try:
            self._connection.request(method, self._base + target, body or None, dict(headers))
            answer = self._connection.getresponse()
            return Reply(answer.status, answer.getheader("content-type", ""), answer.read())
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Unavailable(
                Reason.BUSY,
                where=self._where,
                detail=f"the server does not answer ({error or type(error).__name__})",
                remedy="Check the address, or start it with `truceline up`",
            ) from None

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def asked(query: Mapping[str, Any]) -> str:
    """Return the query part of a target; None is left out."""
    pairs = [(name, str(value)) for name, value in query.items() if value is not None]
    return f"?{urlencode(pairs)}" if pairs else ""


def part(text: str) -> str:
    """Return a text as one part of a path."""
    return quote(text, safe="")


def failure_in(value: Any, status: int) -> TrucelineError:
    """Return the failure that an answer of the API tells."""
    told = value if isinstance(value, Mapping) else {}
    branch = _BRANCHES.get(str(told.get("failure")), Unavailable if status >= 500 else Refused)
    try:
        reason = Reason(str(told.get("reason")))
    except ValueError:
        reason = Reason.BUSY if status >= 500 else Reason.WRONG_STATE
    return branch(
        reason,
        detail=str(told.get("detail", f"the server answered {status}")),
        where=str(told.get("where", "")),
        article=str(told.get("article", "")),
        remedy=str(told.get("remedy", "")),
    )
