"""The drone interface of an installation, wired: desk, keys, zones in force, notices.

It is there when the settings name an audience and keys, and not otherwise. Its jobs run while
it is served, in threads of their own, those that call USSs apart from the others: a USS that
answers slowly delays no clock of the mechanism, no key and no zone, and a command on the data
folder calls nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from truceline.dss.entities import Subscription
from truceline.dss.from_zone import Ground
from truceline.dss.token import Claims
from truceline.errors import Malformed, Reason
from truceline.mechanism import drone_keys
from truceline.mechanism.clock import Clock, SystemClock
from truceline.mechanism.drone_keys import Keyring
from truceline.mechanism.drone_notices import Sender
from truceline.mechanism.drone_zones import ZoneConstraints
from truceline.mechanism.drones import Check, Desk
from truceline.mechanism.jobs import JobThread, ReadingBook
from truceline.mechanism.settings import Settings
from truceline.publish.uss import Authority, Caller
from truceline.store.store import Store
from truceline.zones.boundary import ZoneContent

_TIMEOUT_S = 5.0
_SCOPE = "utm.constraint_management"


class Interface:
    """The drone interface: `desk` decides, `claims` reads tokens, its jobs run by themselves."""

    def __init__(
        self,
        settings: Settings,
        keyring: Keyring,
        store: Store,
        clock: Clock,
        check: Check,
        book: ReadingBook,
        contents: Callable[[str], ZoneContent],
    ) -> None:
        self.desk = Desk(store, clock, check, http=settings.dss_local)
        self._keyring = keyring
        self._url = settings.dss_url
        self.sender = Sender(store, clock, check, _caller(settings), self._manager)
        self.zones = ZoneConstraints(
            self.desk, book, contents, settings.dss_name, lambda: self._url, _ground(settings)
        )
        self._threads: tuple[JobThread, ...] = ()

    def claims(self, token: str) -> Claims:
        """Return who a token is of, and what it is good for; refuses one that is not good."""
        return self._keyring.claims(token)

    def start(self, url: str) -> None:
        """Let the jobs run. `url` is where other USSs reach this one, unless the settings say."""
        self.listens_at(url)
        self._threads = (
            JobThread(self._keyring.run, self.zones.run, self.desk.sweep),
            JobThread(self.sender.run),
        )

    def listens_at(self, url: str) -> None:
        """Say where other USSs reach this one, unless the settings do."""
        self._url = self._url or url

    def close(self) -> None:
        """Stop the jobs: at most the call that is under way is waited for, until its deadline."""
        self.sender.stop()
        for one in self._threads:
            one.close()
        self.sender.close()

    def _manager(self, subscription: str) -> str:
        found = self.desk.ask(lambda world: world.get(Subscription, subscription))
        return "" if found is None else found.manager


def of_settings(
    settings: Settings,
    store: Store,
    clock: Clock,
    check: Check,
    book: ReadingBook,
    contents: Callable[[str], ZoneContent],
) -> Interface | None:
    """Return the drone interface that the settings ask for; None: they ask for none."""
    keyring = drone_keys.of_settings(settings, SystemClock().now)
    if keyring is None:
        return None
    return Interface(settings, keyring, store, clock, check, book, contents)


def _ground(settings: Settings) -> Ground:
    if settings.dss_lowest_ground_m > settings.dss_highest_ground_m:
        raise Malformed(
            Reason.CONTRADICTS,
            where="setting dss_lowest_ground_m",
            detail="it lies above dss_highest_ground_m",
        )
    return Ground(settings.dss_lowest_ground_m * 1000, settings.dss_highest_ground_m * 1000)


def _caller(settings: Settings) -> Caller:
    drone_keys.check_https(settings, "dss_token_url", settings.dss_token_url)
    client, secret = "", ""
    if settings.dss_client_file is not None:
        client, _, secret = settings.dss_client_file.read_text("utf-8").strip().partition(":")
    authority = Authority(
        settings.dss_token_url, client, secret, _SCOPE, _TIMEOUT_S, time.monotonic
    )
    return Caller(authority.token, settings.dss_local, _TIMEOUT_S)
