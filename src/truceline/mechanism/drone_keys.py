"""Whose tokens open the drone interface: public keys in files, or a key set that is fetched again.

A key set is fetched at the start, every minute, and when a token names a key that is not
known (every ten seconds at most). While it cannot be fetched the last one counts for an
hour; then no token opens the door until it can be had again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from truceline.dss import token as tokens
from truceline.dss.token import Claims, Key
from truceline.errors import Malformed, Reason, Refused, TrucelineError, Unavailable
from truceline.mechanism.settings import Settings
from truceline.records.record import Micros
from truceline.sources import jwks

_log = logging.getLogger("truceline.drones")
_EVERY_S, _SOONEST_S, _GOOD_S = 60.0, 10.0, 3_600.0
_TIMEOUT_S = 5.0


@dataclass(slots=True)
class Keyring:
    """The authority's keys. Safe to use from several threads."""

    audiences: tuple[str, ...]
    fixed: tuple[Key, ...]
    url: str
    now: Callable[[], Micros]
    monotonic: Callable[[], float] = time.monotonic
    _fetched: tuple[Key, ...] = ()
    _fetched_at: float = float("-inf")
    _tried_at: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def claims(self, text: str) -> Claims:
        """Return the claims of a token; asks for newer keys where none of ours made it."""
        try:
            return tokens.read(text, self._keys(), self.audiences, self.now())
        except Refused:
            if not self.url or not self._refresh(_SOONEST_S):
                raise
            return tokens.read(text, self._keys(), self.audiences, self.now())

    def run(self) -> bool:
        """Fetch the key set if it is time; says whether it was fetched."""
        return bool(self.url) and self._refresh(_EVERY_S)

    def _keys(self) -> Sequence[Key]:
        if self.url and not self._fetched:
            self._refresh(_SOONEST_S)
        if self.url and self.monotonic() - self._fetched_at > _GOOD_S and not self.fixed:
            raise Unavailable(
                Reason.BUSY, where="token", detail="the authority's keys could not be fetched"
            )
        fresh = self._fetched if self.monotonic() - self._fetched_at <= _GOOD_S else ()
        return (*self.fixed, *fresh)

    def _refresh(self, least_s: float) -> bool:
        with self._lock:
            if self.monotonic() - self._tried_at < least_s:
                return False
            self._tried_at = self.monotonic()
            try:
                tree = jwks.fetch(self.url, timeout_s=_TIMEOUT_S)
                self._fetched = tokens.read_jwks(tree, where="setting dss_jwks")
            except TrucelineError as failure:
                _log.warning("the keys of the tokens' authority stay as they were: %s", failure)
                return False
            self._fetched_at = self.monotonic()
            return True


def of_settings(settings: Settings, now: Callable[[], Micros]) -> Keyring | None:
    """Return the keys that the settings name; None: there is no drone interface.

    Refuses half of what it needs: an audience without keys, or keys without an audience.
    """
    keys, audiences = settings.dss_keys, tuple(settings.dss_audiences)
    if not keys and not settings.dss_jwks and not audiences:
        return None
    if not audiences or not (keys or settings.dss_jwks):
        raise Malformed(
            Reason.MISSING_FIELD,
            where="settings dss_audiences, dss_keys, dss_jwks",
            detail="the drone interface needs an audience, and the keys of who gives the tokens",
            remedy="Set dss_audiences, and dss_keys (PEM files) or dss_jwks (a URL)",
        )
    check_https(settings, "dss_jwks", settings.dss_jwks)
    fixed = tuple(tokens.read_pem(one.read_bytes(), where=f"key {one.name}") for one in keys)
    return Keyring(audiences, fixed, settings.dss_jwks, now)


def check_https(settings: Settings, name: str, url: str) -> None:
    """Refuse keys and tokens that travel in clear: whoever stands between could write them."""
    if url and not url.startswith("https://") and not settings.dss_local:
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where=f"setting {name}",
            detail="an address with https is needed",
            remedy="In a closed network set dss_local",
        )
