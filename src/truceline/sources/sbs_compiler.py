"""When SBS lines are read by compiled code, and the tables that it shares with the plain code.

Compiling takes seconds: it is begun beside what goes on, and the plain code reads until it
is done, or for good where numba is missing or cannot work; `notice` says why.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from truceline.airspace.fix import Names

PLACES = 1 << 19
"""Places in the compiled code's tables; at most three quarters of them are used."""


class Compiler:
    """The compiled parser of this process, or the reason why there is none."""

    def __init__(self) -> None:
        self.notice = ""
        self.module: Any = None
        self._worker: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> threading.Thread:
        """Begin to compile beside what goes on; does nothing the second time."""
        with self._lock:
            if self._worker is None:
                self._worker = threading.Thread(target=self._load, name="sbs", daemon=True)
                self._worker.start()
            return self._worker

    def _load(self) -> None:
        try:
            from truceline.sources import compiled_sbs  # noqa: PLC0415 -- numba is heavy

            compiled_sbs.try_out()
        except Exception as error:  # noqa: BLE001 -- whatever numba cannot do here, plain code can
            self.notice = f"SBS lines are read without compiled code: {error}"
            return
        self.module = compiled_sbs


COMPILER = Compiler()
"""The one of this process: what is compiled is shared by all feeds."""


class Table:
    """The codes of addresses or of callsigns, as compiled code looks them up."""

    def __init__(self, module: Any, names: Names, *, of_addresses: bool) -> None:
        self.names, self._module = names, module
        self._key_of = _address_key if of_addresses else _callsign_key
        self._text_of = _address_text if of_addresses else _callsign_text
        self.keys = np.full(PLACES, -1, dtype=np.int64)
        self.codes = np.zeros(PLACES, dtype=np.int32)
        self.added = np.empty(PLACES, dtype=np.int64)
        self.take_in(0)

    @property
    def columns(self) -> tuple[Any, Any, Any]:
        """What compiled code is given."""
        return self.keys, self.codes, self.added

    def take_in(self, first: int) -> None:
        """Put in the names from a code on."""
        for code in range(first, len(self.names.texts)):
            key = self._key_of(self.names.texts[code])
            if key is not None:
                self._module.insert(self.keys, self.codes, key, code)

    def give_out(self, count: int) -> None:
        """Add to the names what compiled code has added here."""
        for code in range(len(self.names.texts), count):
            self.names.code(self._text_of(int(self.added[code])))


def _address_key(text: str) -> int | None:
    return (1 << 24 if text[0] == "~" else 0) | int(text[-6:], 16)


def _address_text(key: int) -> str:
    return f"{'~' if key >> 24 else ''}{key & 0xFFFFFF:06x}"


def _callsign_key(text: str) -> int | None:
    """The key of a callsign; None for one that compiled code never looks up."""
    return int.from_bytes(text.encode()) if len(text) <= 8 and text.isascii() else None


def _callsign_text(key: int) -> str:
    return key.to_bytes(8).lstrip(b"\0").decode("ascii")
