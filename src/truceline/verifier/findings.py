"""What a check found, in words for a person and in JSON for a program.

Five states, so that silence never passes for proof: a thing is proved, noted,
not proved (the evidence is not enough), could not be checked (the evidence could
not be had), or broken (the evidence says otherwise).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MAX_PER_CHECK = 50
"""So many findings of one kind are told one by one; the rest is counted."""


class State(StrEnum):
    """How a check ended."""

    PROVED = "proved"
    NOTED = "noted"
    NOT_PROVED = "not_proved"
    COULD_NOT_CHECK = "could_not_check"
    BROKEN = "broken"


_WORDS = {
    State.PROVED: "proved          ",
    State.NOTED: "noted           ",
    State.NOT_PROVED: "NOT PROVED      ",
    State.COULD_NOT_CHECK: "COULD NOT CHECK ",
    State.BROKEN: "BROKEN          ",
}
_ORDER = list(State)


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence. `check` is its stable name, `index` the leaf that it is about."""

    state: State
    check: str
    says: str
    index: int | None = None
    needed: bool = True

    def told(self) -> dict[str, Any]:
        """The finding as a program reads it."""
        told: dict[str, Any] = {"state": str(self.state), "check": self.check, "says": self.says}
        if self.index is not None:
            told["leaf"] = self.index
        return told


@dataclass(slots=True)
class Findings:
    """All findings of one run; those past `MAX_PER_CHECK` are counted, never lost silently."""

    log: str = ""
    size: int = 0
    listed: list[Finding] = field(default_factory=list)
    _counted: Counter[tuple[State, str]] = field(default_factory=Counter)

    def add(
        self, state: State, check: str, says: str, *, index: int | None = None, needed: bool = True
    ) -> None:
        """Add one finding. `needed=False`: what is not proved here does not fail the run."""
        self._counted[state, check] += 1
        if self._counted[state, check] <= MAX_PER_CHECK:
            self.listed.append(Finding(state, check, says, index, needed))

    def proved(self, check: str, says: str) -> None:
        """The evidence holds."""
        self.add(State.PROVED, check, says)

    def noted(self, check: str, says: str, *, index: int | None = None) -> None:
        """Allowed, and worth knowing."""
        self.add(State.NOTED, check, says, index=index)

    def broken(self, check: str, says: str, *, index: int | None = None) -> None:
        """The evidence says otherwise."""
        self.add(State.BROKEN, check, says, index=index)

    def not_proved(self, check: str, says: str, *, needed: bool) -> None:
        """The evidence is not enough; when it is needed, the run fails."""
        self.add(State.NOT_PROVED, check, says, needed=needed)

    def could_not(self, check: str, says: str) -> None:
        """The evidence could not be had."""
        self.add(State.COULD_NOT_CHECK, check, says)

    def count(self, check: str, state: State = State.BROKEN) -> int:
        """How many findings a check has in one state, listed or not."""
        return self._counted[state, check]

    @property
    def contradicted(self) -> bool:
        """Say whether anything at all is broken."""
        return any(state is State.BROKEN for state, _ in self._counted)

    @property
    def exit_code(self) -> int:
        """0 proved; 1 broken, or not proved though the log's own rules need it; 2 not readable."""
        states = {one.state for one in self.listed if one.needed}
        if State.BROKEN in states or State.NOT_PROVED in states:
            return 1
        return 2 if State.COULD_NOT_CHECK in states else 0

    def verdict(self) -> str:
        """The run in one sentence."""
        return {
            0: f"The log {self.log} of {self.size} leaves is proved, as far as said above.",
            1: f"The log {self.log} of {self.size} leaves does NOT hold: see above.",
            2: "The log could not be read in full: what is not listed as proved is unknown.",
        }[self.exit_code]

    def lines(self) -> list[str]:
        """The run for a person: what was proved first, what is broken last."""
        ordered = sorted(self.listed, key=lambda one: _ORDER.index(one.state))
        lines = [f"{_WORDS[one.state]}{one.says}" for one in ordered]
        lines += [
            f"{_WORDS[state]}and {count - MAX_PER_CHECK} more of {check}"
            for (state, check), count in self._counted.items()
            if count > MAX_PER_CHECK
        ]
        return [*lines, self.verdict()]

    def told(self) -> dict[str, Any]:
        """The run as a program reads it."""
        return {
            "log": self.log,
            "size": self.size,
            "exit": self.exit_code,
            "verdict": self.verdict(),
            "findings": [one.told() for one in self.listed],
            "counts": {
                f"{state}:{check}": count for (state, check), count in self._counted.items()
            },
        }
