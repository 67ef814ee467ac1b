"""Telling USSs of the mechanism's own constraints (ASTM F3548-21, notifyConstraintDetailsChanged).

The address comes from the subscriber, so that it is not trusted: https alone, no redirects,
and no address of a private network or of this machine, unless the operator says that the
ecosystem lives there. Every address that the name has is looked at, and the one that was
looked at is the one that is called. Nor is its pace: a call as a whole has a deadline, so that
one that sends a byte a second is let go of like one that sends nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from truceline.errors import Reason, Refused, Unavailable

_PATH = "/uss/v1/constraints"
_SOON_S = 30.0
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")

type Token = Callable[[str], str]
"""Gives the bearer token for an audience (a host name); "" for none."""


@dataclass(slots=True)
class Caller:
    """Posts notices; keeps its connections. Not for several threads at once.

    `timeout_s` is the deadline of a whole call: token, name, connection, request and answer.
    """

    token: Token
    local: bool
    timeout_s: float
    _client: Any = field(default=None)
    _loop: asyncio.AbstractEventLoop | None = field(default=None)

    def post(self, base_url: str, body: bytes) -> None:
        """Post one notice; raises `Unavailable` when it may be tried again, `Refused` when not."""
        import httpx  # noqa: PLC0415 -- slow to load, and few installations tell USSs

        try:
            url = httpx.URL(base_url.rstrip("/") + _PATH)
        except httpx.InvalidURL as error:
            raise Refused(Reason.BAD_FORMAT, where="uss_base_url", detail=str(error)) from None
        client = self._connections()
        loop = self._loop = self._loop or asyncio.new_event_loop()
        try:
            status = loop.run_until_complete(self._bounded(client, url, body))
        except TimeoutError:
            late = f"it has not answered within {self.timeout_s:g} s"
            raise Unavailable(Reason.BUSY, where=url.host, detail=late) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(Reason.BUSY, where=url.host, detail=str(error)[:200]) from None
        _check(status, url.host)

    def close(self) -> None:
        """Let go of the connections."""
        if self._loop is not None:
            if self._client is not None:
                self._loop.run_until_complete(self._client.aclose())
            self._loop.close()
        self._client = self._loop = None

    async def _bounded(self, client: Any, url: Any, body: bytes) -> int:
        async with asyncio.timeout(self.timeout_s):
            return await self._post(client, url, body)

    async def _post(self, client: Any, url: Any, body: bytes) -> int:
        host = url.host
        headers = {"content-type": "application/json", "host": url.netloc.decode("ascii")}
        if not self.local:
            url = url.copy_with(host=await _public_address(str(url)))
        token = await asyncio.to_thread(self.token, host)
        if token:
            headers["authorization"] = f"Bearer {token}"
        async with client.stream(
            "POST", url, content=body, headers=headers, extensions={"sni_hostname": host}
        ) as answer:
            return int(answer.status_code)  # what it says beside that is not read

    def _connections(self) -> Any:
        import httpx  # noqa: PLC0415

        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=self.timeout_s, follow_redirects=False, trust_env=False
            )
        return self._client


def _check(status: int, host: str) -> None:
    if 200 <= status < 300:
        return
    detail = f"it answered {status}"
    if status in (401, 403, 408, 425, 429) or status >= 500:
        raise Unavailable(Reason.BUSY, where=host, detail=detail)
    raise Refused(Reason.CONTRADICTS, where=host, detail=detail)


async def _public_address(base_url: str) -> str:
    """An address of the host that the whole world can reach; refuses every other."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        raise _inside(host, "only https is called")
    look = asyncio.get_running_loop().getaddrinfo
    try:
        found = await look(host, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable(Reason.BUSY, where=host, detail=f"no such host: {error}") from None
    addresses = [str(one[4][0]) for one in found]
    if not all(is_public(one) for one in addresses):
        raise _inside(host, "it lies in a private network")
    return addresses[0]


def is_public(text: str) -> bool:
    """Whether an address is one host's that the whole world can reach.

    An IPv6 address that carries an IPv4 one (mapped: RFC 4291; NAT64: RFC 6052; 6to4:
    RFC 3056; Teredo: RFC 4380) is no more public than that. Of the others only the global
    unicast block is taken, which leaves out site-local and IPv4-compatible addresses.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return _is_public_4(address)
    inner = address.ipv4_mapped
    if address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if inner is not None:
        return _is_public_4(inner)
    carried = (address.sixtofour, *(address.teredo or ()))
    public = address in _GLOBAL_UNICAST and address.is_global
    return public and all(_is_public_4(one) for one in carried if one is not None)


def _is_public_4(address: ipaddress.IPv4Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_unspecified)


def _inside(host: str, detail: str) -> Refused:
    return Refused(
        Reason.NO_MANDATE,
        where=host,
        detail=detail,
        remedy="If the ecosystem lives there, set dss_local",
    )


@dataclass(slots=True)
class Authority:
    """Gets tokens for our own calls: client credentials (RFC 6749, 4.4), kept until they end."""

    url: str
    client: str
    secret: str
    scope: str
    timeout_s: float
    monotonic: Callable[[], float]
    _kept: dict[str, tuple[str, float]] = field(default_factory=dict)

    def token(self, audience: str) -> str:
        """Return a token for an audience; "" when no authority is set."""
        kept = self._kept.get(audience)
        if not self.url:
            return ""
        if kept is not None and self.monotonic() < kept[1]:
            return kept[0]
        text, seconds = self._ask(audience)
        self._kept[audience] = (text, self.monotonic() + seconds - _SOON_S)
        return text

    def _ask(self, audience: str) -> tuple[str, float]:
        import httpx  # noqa: PLC0415

        asked = {
            "grant_type": "client_credentials",
            "client_id": self.client,
            "client_secret": self.secret,
            "scope": self.scope,
            "audience": audience,
        }
        try:
            answer = httpx.post(self.url, data=asked, timeout=self.timeout_s, trust_env=False)
            tree = answer.raise_for_status().json()
            return str(tree["access_token"]), float(tree.get("expires_in", 300))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            name = type(error).__name__  # not its words: they may hold the request
            raise Unavailable(
                Reason.BUSY, where="setting dss_token_url", detail=f"no token was given ({name})"
            ) from None
