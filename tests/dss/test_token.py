"""Tokens of USSs: good ones are read, every other is refused by the check that it fails."""

from __future__ import annotations

import base64
import json
from functools import cache

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from truceline.dss import token
from truceline.errors import Malformed, Reason, Refused
from truceline.records.record import Micros

NOW = Micros(1_790_000_000_000_000)
SECONDS = NOW // 1_000_000
GOOD = {"sub": "uss-1", "aud": "localhost", "scope": "a b", "exp": SECONDS + 3600}


@cache
def authority() -> rsa.RSAPrivateKey:
    """Who signs the tokens."""
    return rsa.generate_private_key(65537, 2048)


def pem(key: object) -> bytes:
    """The public half in PEM."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def read(text: str, audiences: tuple[str, ...] = ("localhost",)) -> token.Claims:
    """The claims, by the authority's key."""
    return token.read(text, (token.read_pem(pem(authority()), where="key"),), audiences, NOW)


def signed(**changes: object) -> str:
    """A token of the authority; None takes a claim away."""
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return jwt.encode(claims, authority(), algorithm="RS256")


def test_a_good_token_says_who_asks_and_for_what():
    assert read(signed()) == token.Claims("uss-1", frozenset(("a", "b")))


def test_one_of_several_audiences_is_enough():
    assert read(signed(aud=["elsewhere", "example.org"]), ("localhost", "example.org"))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": None},
        {"exp": SECONDS},
        {"exp": SECONDS - 10},
        {"exp": True},
        {"nbf": SECONDS + 60},
        {"aud": None},
        {"aud": "elsewhere"},
        {"aud": []},
        {"sub": None},
        {"sub": ""},
        {"sub": "a\x00b"},
        {"scope": ["a"]},
    ],
)
def test_a_token_that_is_not_for_us_or_not_now_is_refused(changes):
    if ("exp" in changes and changes["exp"] is True) or changes.get("sub") == "":
        body = {**GOOD, **changes}
        text = jwt.PyJWS().encode(json.dumps(body).encode(), authority(), algorithm="RS256")
    else:
        text = signed(**changes)
    with pytest.raises(Refused) as failure:
        read(text)
    assert failure.value.reason is Reason.NOT_SIGNED_IN


def _hs256_with_the_public_key() -> str:
    """The old trick: the public key as a shared secret."""
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(GOOD).encode()).rstrip(b"=")
    from cryptography.hazmat.primitives import hashes, hmac

    mac = hmac.HMAC(pem(authority()), hashes.SHA256())
    mac.update(head + b"." + body)
    return b".".join((head, body, base64.urlsafe_b64encode(mac.finalize()).rstrip(b"="))).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b.c",
        "x" * 20_000,
        jwt.encode(GOOD, "", algorithm="none"),
        jwt.encode(GOOD, rsa.generate_private_key(65537, 2048), algorithm="RS256"),
        jwt.encode(GOOD, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256"),
        _hs256_with_the_public_key(),
        signed()[:-6] + "AAAAAA",
        signed().replace(".", "..", 1),
        signed(scope="a").split(".")[0] + "." + ".".join(signed(scope="b").split(".")[1:]) + "x",
    ],
    ids=[
        "nothing",
        "no token",
        "too long",
        "unsigned",
        "another key",
        "another curve",
        "the public key as a secret",
        "an altered signature",
        "a part too many",
        "an altered body",
    ],
)
def test_what_the_authority_did_not_sign_is_refused(text):
    with pytest.raises(Refused):
        read(text)


def test_a_key_set_is_read_and_its_names_are_heeded():
    tree = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(authority().public_key()))
    keys = token.read_jwks({"keys": [{**tree, "kid": "k1"}, {"kty": "EC"}]}, where="set")
    named = jwt.encode(GOOD, authority(), algorithm="RS256", headers={"kid": "k1"})
    other = jwt.encode(GOOD, authority(), algorithm="RS256", headers={"kid": "k2"})

    assert token.read(named, keys, ("localhost",), NOW).manager == "uss-1"
    with pytest.raises(Refused):
        token.read(other, keys, ("localhost",), NOW)


@pytest.mark.parametrize(
    "tree", [None, [], {}, {"keys": []}, {"keys": [{"kty": "RSA", "n": "!", "e": "AQAB"}]}]
)
def test_what_is_no_key_set_is_refused(tree):
    with pytest.raises(Malformed):
        token.read_jwks(tree, where="set")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a key",
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(rsa.generate_private_key(65537, 1024)),
    ],
    ids=["nothing", "no key", "a curve", "too short"],
)
def test_a_key_that_is_none_or_too_weak_is_refused(data):
    with pytest.raises(Malformed) as failure:
        token.read_pem(data, where="key")
    assert failure.value.reason is Reason.BAD_KEY
