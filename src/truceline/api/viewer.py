"""Who asks: a token becomes a viewer, and every answer is held against what that viewer may see.

No token: the public. A token that is not ours, has run out or was revoked is refused;
it never falls back to the public, so that nobody takes a gap for an answer.
"""

from __future__ import annotations

import hmac
import threading
import time
from dataclasses import dataclass

from starlette.requests import Request

from truceline.errors import Reason, Refused
from truceline.mechanism.installation import Installation
from truceline.parties.visibility import PUBLIC, Viewer
from truceline.records.record import Micros
from truceline.records.roles import Role
from truceline.store import tokens
from truceline.store.tokens import Purpose, Token

HOST = Viewer(roles=frozenset((Role.ADMINISTRATOR, Role.SECRETARIAT)), signed_in=True)
"""Whoever opens the data folder itself: every clear leaf lies there in any case. Sealed
parts stay closed to them, and instruments that are not public: they belong to no body."""

OPERATOR = Viewer(roles=frozenset((Role.ADMINISTRATOR,)), signed_in=True)
"""A token without a holder: it operates the server and belongs to no body."""

_BY_KEY = ("/data/", "/api/aircraft.json", "/api/zones.geojson", "/log/")
"""Where a token may stand in the address: the readsb picture, the zones for desktop GIS, the
log for its readers."""
_KEPT = 4_096
_FRESH_S = 2.0
"""How long a token that was looked up is believed: a revocation takes hold within this."""


@dataclass(frozen=True, slots=True)
class Asker:
    """A viewer, and what the token is for. The public has no purpose and no token."""

    viewer: Viewer
    purpose: Purpose | None = None
    token: bytes = b""
    source: str = ""

    def needs(self, *purposes: Purpose) -> None:
        """Refuse an asker whose token is for something else."""
        if self.purpose is None:
            raise Refused(
                Reason.NOT_SIGNED_IN,
                where="Authorization",
                detail="this needs a token",
                remedy="Send `Authorization: Bearer TOKEN`; the secretariat hands tokens out",
            )
        if self.purpose not in purposes:
            raise Refused(
                Reason.NO_MANDATE,
                where="Authorization",
                article="DESIGN 8, tokens by purpose",
                detail=f"the token is for {self.purpose}, not for {' or '.join(purposes)}",
                remedy="Use a token for that purpose",
            )

    def sends(self, source: str) -> None:
        """Refuse an asker whose token is bound to another source than the one it speaks for."""
        if self.source not in ("", source):
            raise Refused(
                Reason.NO_MANDATE,
                where="source",
                article="DESIGN 8, tokens by purpose",
                detail=f"the token is for the source {self.source}, not for {source}",
                remedy="Use that source's own token (`truceline tokens add --source`)",
            )


class Doorkeeper:
    """Finds out who asks. Tokens are looked up by hash; none is kept in clear."""

    def __init__(self, installation: Installation, *, host_asks: bool, host_key: str) -> None:
        self._installation = installation
        self._host = Asker(HOST, Purpose.ADMIN)
        self._nobody = self._host if host_asks else Asker(PUBLIC)
        self._host_hash = tokens.hash_of(host_key) if host_key else b""
        self._known: dict[bytes, tuple[float, Token | None]] = {}
        self._lock = threading.Lock()

    def who(self, request: Request, now: Micros) -> Asker:
        """Return who asks; refuses a token that is not good at this moment.

        A token's own term runs on the world's clock, also in an exercise.
        """
        text = token_in(request)
        if not text:
            return self._nobody
        digest = tokens.hash_of(text)
        if self._host_hash and hmac.compare_digest(digest, self._host_hash):
            return self._host
        token = self._find(digest)
        if token is None or not token.holds(Micros(time.time_ns() // 1000)):
            raise Refused(
                Reason.NOT_SIGNED_IN,
                where="Authorization",
                detail="the token is unknown, has run out or was revoked",
                remedy="Ask the secretariat for a token (`truceline tokens add`)",
            )
        viewer = self._viewer(token.holder, now)
        return Asker(viewer, token.purpose, digest, token.source)

    def _viewer(self, holder: str, now: Micros) -> Viewer:
        """The holder as the register has it now: an officer who has left sees what the public sees."""
        register = self._installation.book.register
        officer = register.officers.get(holder)
        if officer is not None:
            if not officer.serves(now):
                return PUBLIC
            return Viewer(officer.body, officer.code, officer.roles, signed_in=True)
        if holder in register.bodies:
            return Viewer(holder, "", frozenset(), signed_in=True)
        return OPERATOR if holder == "" else PUBLIC

    def _find(self, digest: bytes) -> Token | None:
        now = time.monotonic()
        known = self._known.get(digest)
        if known is not None and now - known[0] < _FRESH_S:
            return known[1]
        with self._installation.store.reading() as look:
            found = tokens.find(look, digest)
        with self._lock:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[digest] = (now, found)
        return found


def token_in(request: Request) -> str:
    """Return the token of a request: `Authorization: Bearer`, or `?key=` for tools without headers.

    `?key=` stands in addresses, which are logged on the way: it is taken where such tools
    read, and nowhere else.
    """
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return text.strip()
    if scheme:
        raise Refused(
            Reason.NOT_SIGNED_IN,
            where="Authorization",
            detail="only Bearer tokens are taken",
        )
    if request.method not in ("GET", "HEAD") or not request.url.path.startswith(_BY_KEY):
        return ""
    text = request.query_params.get("key", "")
    return text if text.startswith(tokens.PREFIX) else ""  # `key` also names a signing key
