"""The roles of DOMAIN 9: who a signer can be. What a role may see is `parties/visibility.py`."""

from __future__ import annotations

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
