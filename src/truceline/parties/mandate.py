"""Who may sign a kind: the signer's role, or the body's own key (the row in `records/kinds.py`).

Whether this signer may say this of this subject (a signatory of this instrument, the
operator of this post) is the domain word's to decide.
"""

from __future__ import annotations

from truceline.errors import Reason, Refused
from truceline.records.admitted import Signer
from truceline.records.kinds import Kind
from truceline.records.roles import Role

MECHANISM = "mechanism"
"""The author of what the installation states in its own name. No body or officer can be called so."""

_KEY_KINDS = frozenset(("key.enrolled/1", "key.replaced/1", "key.revoked/1"))
"""Signed by the holder, the holder's body or a recovery key: `parties/register.py` decides."""


def check(kind: Kind, signer: Signer) -> None:
    """Refuse a signer whose role or key may not sign this kind."""
    if kind.name in _KEY_KINDS:
        return
    if kind.by_body_key:
        if not signer.body or signer.officer:
            raise _refused(kind, signer, "it is signed with the body's own key")
        return
    if Role.MECHANISM in kind.signers or not kind.signers:
        if Role.MECHANISM not in signer.roles:
            raise _refused(kind, signer, "the mechanism alone states it")
        return
    if not kind.signers & signer.roles:
        wanted = " or ".join(sorted(kind.signers))
        raise _refused(kind, signer, f"the role {wanted} is needed")


def _refused(kind: Kind, signer: Signer, why: str) -> Refused:
    who = signer.officer or signer.body or "this key"
    roles = ", ".join(sorted(signer.roles)) or "no role"
    return Refused(
        Reason.NO_MANDATE,
        where="record.author",
        article=kind.rests_on,
        detail=f"{who} ({roles}) may not sign {kind.name}: {why}",
        remedy="Have it signed by someone with that mandate (`truceline officers list`)",
    )
