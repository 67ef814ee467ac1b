"""The roles of DOMAIN 9: who a signer can be. What a role may see is `parties/visibility.py`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What an officer does for a body. One officer may hold several."""

    MECHANISM = "mechanism"  # the installation's own key: checkpoints, receipts, clocks, detections
    SECRETARIAT = "secretariat"
    HNS_CELL = "hns_cell"
    AGENCY = "agency"
    LIAISON = "liaison"  # guarantor's or party's deconfliction cell
    UNIT = "unit"
    OBSERVER = "observer"
    VERIFIER = "verifier"
    CHEMICAL_DESK = "chemical_desk"
    PRINCIPAL = "principal"  # signs instruments and boundaries for its body
    WARNING_OPERATOR = "warning_operator"
    WATCH = "watch"  # watch floor: the air picture
    REPORTER = "reporter"
    PUBLIC = "public"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


_OF_A_PARTY = frozenset(
    (Role.PRINCIPAL, Role.LIAISON, Role.UNIT, Role.AUDITOR, Role.REPORTER),
)

ROLES_OF_CAPACITY: Mapping[str, frozenset[Role]] = {
    "secretariat": frozenset(
        (
            Role.SECRETARIAT,
            Role.HNS_CELL,
            Role.OBSERVER,
            Role.VERIFIER,
            Role.CHEMICAL_DESK,
            Role.WARNING_OPERATOR,
            Role.WATCH,
            Role.ADMINISTRATOR,
            Role.AUDITOR,
            Role.LIAISON,
            Role.PRINCIPAL,
        )
    ),
    "guarantor": _OF_A_PARTY,
    "conflict_party": _OF_A_PARTY,
    "adherent": _OF_A_PARTY,
    "witness": _OF_A_PARTY,
    "observer": frozenset((Role.OBSERVER, Role.VERIFIER, Role.AUDITOR, Role.PRINCIPAL)),
    "agency": frozenset((Role.AGENCY, Role.AUDITOR, Role.REPORTER)),
}
"""Which roles a body may give its officers, by the capacity in which it was admitted.

What looks into other bodies' affairs, or speaks for all, is given by the secretariat alone;
what observes, by those who were admitted to observe. A party appoints those who act for it.
No body gives `MECHANISM` (the installation's key) or `PUBLIC` (everyone has it).
"""
