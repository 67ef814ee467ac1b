"""How a statement on an agreement is refused."""

from __future__ import annotations

from truceline.errors import Reason, Refused


def no(reason: Reason, detail: str, where: str) -> Refused:
    """Return a refusal under the rules of agreements."""
    return Refused(reason, where=where, article="DOMAIN 8.1", detail=detail)
