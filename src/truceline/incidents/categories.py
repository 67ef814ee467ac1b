"""What can be alleged: the twenty categories (DOMAIN 7, incident), and the grave ones.

From the Astana text, the terms of the cessation of hostilities, CTSAMVM's list and the
SMM's tables. A category says what is alleged to have happened, never by whom.
"""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    """What an allegation is of."""

    AIR_STRIKE = "air_strike"
    PROHIBITED_FLIGHT = "prohibited_flight"
    INDIRECT_FIRE = "indirect_fire"
    DIRECT_FIRE = "direct_fire"
    GROUND_ADVANCE = "ground_advance"
    BARRED_FORCES = "barred_forces"
    FOREIGN_OR_EXCLUDED = "foreign_or_excluded"
    FORTIFICATION = "fortification"
    MOVEMENT_BLOCKED = "movement_blocked"
    AID_BLOCKED = "aid_blocked"
    NOTIFIED_OBJECT = "notified_object"
    PROTECTED_OBJECT = "protected_object"
    OBSERVERS_OBSTRUCTED = "observers_obstructed"
    PROHIBITED_WEAPON = "prohibited_weapon"
    CHILD_RECRUITMENT = "child_recruitment"
    SEXUAL_VIOLENCE = "sexual_violence"
    DETENTION_BREACH = "detention_breach"
    INCITEMENT = "incitement"
    INFRASTRUCTURE_CUT = "infrastructure_cut"
    PROTOCOL_BREACH = "protocol_breach"
    OTHER = "other"


CATEGORIES = tuple(one.value for one in Category)
GRAVE = frozenset((Category.PROHIBITED_WEAPON,))
"""Grave by themselves: two persons handle them, principals hear of them within the hour."""
