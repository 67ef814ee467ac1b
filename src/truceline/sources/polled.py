"""A document over HTTP that is asked for again and again: `aircraft.json`, OpenSky.

An answer that is the same as the last one is not read again. A server that says when to
come back (429, 503 with Retry-After) is obeyed; other failures are counted and asked
again, ever less often.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

from truceline.sources.feed import Feed, Reader, Take

LARGEST = 64 * 1024 * 1024
LONGEST_PAUSE_S = 600.0
_TIMEOUT_S = 10.0


class PolledFeed(Feed):
    """Asks one address every `every_s` seconds. The certificate is always checked."""

    def __init__(
        self,
        url: str,
        reader: Reader,
        *,
        clock: Callable[[], int],
        every_s: float = 1.0,
        headers: Mapping[str, str] | None = None,
        login: tuple[str, str] | None = None,
        address: str = "",
    ) -> None:
        super().__init__(address or url, reader, clock=clock)
        self.url, self.every_s = url, every_s
        self._headers = dict(headers or {})
        self._login = login
        self._last: bytes = b""

    def _once(self, take: Take, stop: Event) -> str:
        import httpx  # noqa: PLC0415 -- heavy, and rarely needed

        try:
            with httpx.Client(
                timeout=_TIMEOUT_S,
                headers=self._headers,
                auth=self._login,
                follow_redirects=False,
                verify=ssl.create_default_context(),
            ) as client:
                return self._ask(client, take, stop)
        except httpx.TimeoutException:
            return "timed_out"
        except httpx.ConnectError:
            return "refused"
        except httpx.HTTPError:
            return "connection_lost"

    def _ask(self, client: Any, take: Take, stop: Event) -> str:
        while not stop.is_set():
            with client.stream("GET", self.url) as answer:
                if answer.status_code != 200:
                    pause = _pause(answer.headers.get("retry-after"))
                    if pause:
                        stop.wait(pause)
                    return f"http_{answer.status_code}"
                data = self._body(answer)
            if data is None:
                return "too_large"
            if not self._connected:
                self._began()
            if data != self._last:
                self._last = data
                self._take(data, self._clock(), take)
            if self._is_once:
                return "answered"
            stop.wait(self.every_s)
        return ""

    def _body(self, answer: Any) -> bytes | None:
        parts: list[bytes] = []
        held = 0
        for part in answer.iter_bytes():
            held += len(part)
            if held > LARGEST:
                return None
            parts.append(part)
        return b"".join(parts)


def _pause(text: str | None) -> float:
    """Seconds that a server asks us to stay away; nothing when it does not say."""
    try:
        return min(max(float(text or 0), 0.0), LONGEST_PAUSE_S)
    except ValueError:
        return 0.0
