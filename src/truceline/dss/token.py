"""Access tokens of USSs: JWT signed with RS256 by an authority whose public keys are configured.

Only RS256 is taken: a token that names `none` or a symmetric algorithm is refused before
anything in it is read. `exp` must be there; `aud` must be one of the configured names. No
detail of a failed check is told beyond which check it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from truceline.errors import Malformed, Reason, Refused
from truceline.records.record import Micros

LEAST_BITS = 2_048
SKEW_S = 10
"""Seconds by which the authority's clock may be ahead of ours (`nbf`)."""
_MOST_BYTES = 16_384
_ALGORITHM = "RS256"


@dataclass(frozen=True, slots=True)
class Claims:
    """Who asks, and for what the token is good."""

    manager: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Key:
    """A public key of the authority; `kid` "": it has no name and is tried for every token."""

    kid: str
    public: RSAPublicKey


def read_pem(data: bytes, *, where: str) -> Key:
    """Return the key in a PEM file, a public key or a certificate."""
    try:
        if b"BEGIN CERTIFICATE" in data:
            public = load_pem_x509_certificate(data).public_key()
        else:
            public = load_pem_public_key(data)  # type: ignore[assignment]
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed(
            Reason.BAD_KEY, where=where, detail="not a public key or certificate in PEM"
        ) from None
    return _checked("", public, where)


def read_jwks(tree: object, *, where: str) -> tuple[Key, ...]:
    """Return the RSA keys for signatures in a JSON Web Key Set; others in it are passed over."""
    import jwt  # noqa: PLC0415 -- few installations have a drone interface

    listed = tree.get("keys") if isinstance(tree, Mapping) else None
    if not isinstance(listed, list):
        raise Malformed(Reason.BAD_FORMAT, where=where, detail="not a JSON Web Key Set")
    found = []
    for number, one in enumerate(listed):
        if not isinstance(one, Mapping) or one.get("kty") != "RSA" or one.get("use") == "enc":
            continue
        try:
            public = jwt.PyJWK(dict(one), _ALGORITHM).key
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Malformed(
                Reason.BAD_KEY, where=f"{where}, key {number}", detail=str(error)[:100]
            ) from None
        found.append(_checked(str(one.get("kid", "")), public, f"{where}, key {number}"))
    if not found:
        raise Malformed(Reason.BAD_KEY, where=where, detail="there is no RSA key in it")
    return tuple(found)


def read(text: str, keys: Iterable[Key], audiences: Iterable[str], now: Micros) -> Claims:
    """Return the claims of a token; refuses one that is not good now, here, or from the authority."""
    claims = _verified(text, keys)
    seconds = now / 1_000_000
    expires, begins = claims.get("exp"), claims.get("nbf")
    if not _is_number(expires) or expires <= seconds:
        raise _no("it has no exp, or has expired")
    if begins is not None and (not _is_number(begins) or begins > seconds + SKEW_S):
        raise _no("it is not good yet (nbf)")
    named = claims.get("aud")
    given = {named} if isinstance(named, str) else set(_texts(named))
    if not given & set(audiences):
        raise _no("it is not meant for this server (aud)")
    manager, scope = claims.get("sub"), claims.get("scope", "")
    if not isinstance(manager, str) or not manager or not manager.isprintable():
        raise _no("it has no sub")
    if not isinstance(scope, str):
        raise _no("its scope is not text")
    return Claims(manager, frozenset(scope.split()))


def _verified(text: str, keys: Iterable[Key]) -> Mapping[str, Any]:
    import jwt  # noqa: PLC0415

    if len(text) > _MOST_BYTES:
        raise _no("it is too long")
    try:
        header = jwt.get_unverified_header(text)
    except jwt.PyJWTError:
        raise _no("it is not a JWT") from None
    if header.get("alg") != _ALGORITHM:
        raise _no(f"it is not signed with {_ALGORITHM}")
    kid = header.get("kid")
    for key in keys:
        if key.kid and kid and key.kid != kid:
            continue
        try:
            body: Mapping[str, Any] = jwt.decode(
                text,
                key.public,
                algorithms=[_ALGORITHM],
                options={
                    "verify_signature": True,
                    "verify_exp": False,  # judged above, by the clock that is handed in
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_aud": False,
                    "verify_iss": False,
                    "verify_sub": False,
                    "verify_jti": False,
                },
            )
        except jwt.PyJWTError:
            continue
        return body
    raise _no("no key of the authority made its signature")


def _checked(kid: str, public: object, where: str) -> Key:
    if not isinstance(public, RSAPublicKey) or public.key_size < LEAST_BITS:
        raise Malformed(
            Reason.BAD_KEY,
            where=where,
            detail=f"an RSA key of at least {LEAST_BITS} bits is needed",
        )
    return Key(kid, public)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _no(why: str) -> Refused:
    return Refused(
        Reason.NOT_SIGNED_IN,
        where="token",
        detail=f"the token is not taken: {why}",
        remedy="Ask the authority for a token for this server and this audience",
    )
