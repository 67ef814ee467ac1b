"""Sealed parts as a viewer may see them: opened one by one, each held against visibility."""

from __future__ import annotations

from typing import Any

from truceline.api.floor import Question
from truceline.parties.visibility import RecordFacts
from truceline.records import sealed
from truceline.records.kinds import KINDS
from truceline.store.views.records import Shown


def opened(asked: Question, record: Shown, pae: bytes, facts: RecordFacts) -> dict[str, Any]:
    """Return the sealed parts of a clear record that the viewer may see, by name.

    The vault is asked only when some part is for this viewer: most viewers never touch it.
    A sealed leaf opens for nobody here; what it says is handed out by disclosure.
    """
    kind = KINDS.get(record.kind)
    if kind is None or not record.sealed or asked.floor.installation.vault.locked:
        return {}
    names = [name for name in kind.part_names() if asked.sees(record.kind, facts, name)]
    if not names:
        return {}
    found = asked.floor.installation.vault.get(pae)
    parts = sealed.opened(record.sealed, found)
    return {name: value for name, value in parts.items() if name in names}
