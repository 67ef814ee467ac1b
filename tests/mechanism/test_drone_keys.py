"""Keys of the tokens' authority: fetched, fetched again, and good for an hour without it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from truceline.errors import Malformed, Refused, Unavailable
from truceline.mechanism import drone_keys
from truceline.mechanism.drone_keys import Keyring
from truceline.mechanism.settings import Settings
from truceline.records.record import Micros

NOW = Micros(1_790_000_000_000_000)
ONE, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))


def token(key: rsa.RSAPrivateKey, kid: str) -> str:
    """A token of the authority by one of its keys."""
    claims = {"sub": "uss", "scope": "a", "aud": "here", "exp": NOW // 1_000_000 + 3600}
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})


@dataclass
class Authority:
    """A server of a key set."""

    url: str = ""
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)
    answers: bool = True
    asked: int = 0

    def set(self) -> bytes:
        """The key set as it is now."""
        told = []
        for kid, key in self.keys.items():
            tree = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
            told.append({**tree, "kid": kid, "use": "sig"})
        return json.dumps({"keys": told}).encode()


@pytest.fixture
def authority() -> Iterator[Authority]:
    """An authority on this machine, with one key."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            body = made.set()
            self.send_response(200 if made.answers else 503)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Authority(f"http://127.0.0.1:{server.server_port}/jwks", {"one": ONE})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Time:
    """A monotonic clock that stands still until it is moved."""

    at: float = 1_000.0

    def __call__(self) -> float:
        """The present moment in seconds."""
        return self.at


@pytest.fixture
def time() -> Time:
    """A clock that stands still."""
    return Time()


@pytest.fixture
def ring(authority: Authority, time: Time) -> Keyring:
    """The keys of that authority."""
    return Keyring(("here",), (), authority.url, lambda: NOW, time)


def test_the_first_token_fetches_the_keys(ring: Keyring, authority: Authority) -> None:
    assert ring.claims(token(ONE, "one")).manager == "uss"
    assert ring.claims(token(ONE, "one")).manager == "uss"
    assert authority.asked == 1


def test_a_key_that_is_new_is_asked_for_and_not_too_often(
    ring: Keyring, authority: Authority, time: Time
) -> None:
    ring.claims(token(ONE, "one"))
    authority.keys = {"one": ONE, "other": OTHER}

    with pytest.raises(Refused):
        ring.claims(token(OTHER, "other"))
    time.at += 11
    assert ring.claims(token(OTHER, "other")).manager == "uss"
    assert authority.asked == 2


def test_a_key_that_was_taken_back_opens_nothing_a_minute_later(
    ring: Keyring, authority: Authority, time: Time
) -> None:
    ring.claims(token(ONE, "one"))
    authority.keys = {"other": OTHER}
    time.at += 61

    assert ring.run()

    with pytest.raises(Refused):
        ring.claims(token(ONE, "one"))


def test_an_authority_that_is_away_is_missed_after_an_hour(
    ring: Keyring, authority: Authority, time: Time
) -> None:
    ring.claims(token(ONE, "one"))
    authority.answers = False
    time.at += 3_000
    assert not ring.run()
    assert ring.claims(token(ONE, "one")).manager == "uss"

    time.at += 700

    with pytest.raises(Unavailable):
        ring.claims(token(ONE, "one"))


@pytest.mark.parametrize(
    "chosen",
    [
        {"dss_audiences": ["here"]},
        {"dss_jwks": "https://authority.example/jwks"},
        {"dss_audiences": ["here"], "dss_jwks": "http://authority.example/jwks"},
    ],
)
def test_half_of_what_an_interface_needs_is_refused(chosen: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        drone_keys.of_settings(Settings(**chosen), lambda: NOW)


def test_no_setting_is_no_interface(tmp_path: Path) -> None:
    assert drone_keys.of_settings(Settings(), lambda: NOW) is None
