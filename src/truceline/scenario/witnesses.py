"""The parties' witnesses, each with its own folder, key and address, as a party would run it.

In the demonstration they live in threads of one process, and so prove that the protocol
holds, not that anyone is independent. A real party runs `truceline witness` on a machine
of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from truceline.ledger.note import VerifierKey
from truceline.scenario.material import Body, Cast
from truceline.verifier.run import open_witness
from truceline.verifier.serve import WitnessServer
from truceline.verifier.witness import Witness

_POLL_S = 0.05


def folder_of(data: Path, body: Body) -> Path:
    """Return the folder of a party's witness below the demonstration's folder."""
    return data / "parties" / body.code / "witness"


class Witnesses:
    """Every party's witness, serving on this machine. Use as a context manager."""

    def __init__(self, data: Path, cast: Cast, log: VerifierKey) -> None:
        self._made: dict[str, Witness] = {
            one.code: open_witness(folder_of(data, one), name=one.witness, logs=[log])
            for one in cast.witnesses
        }
        self._servers = {
            code: WitnessServer(("127.0.0.1", 0), one, lambda _: None)
            for code, one in self._made.items()
        }
        self._threads = [
            threading.Thread(
                target=one.serve_forever, args=(_POLL_S,), name=f"witness-{code}", daemon=True
            )
            for code, one in self._servers.items()
        ]

    @property
    def vkeys(self) -> Mapping[str, str]:
        """Each witness's key by the code of its body, as genesis names it."""
        return {code: one.vkey().text() for code, one in self._made.items()}

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where each witness is asked, by its name, as the settings have it."""
        return {
            self._made[code].name: f"http://127.0.0.1:{server.server_port}"
            for code, server in self._servers.items()
        }

    def __enter__(self) -> Witnesses:
        for one in self._threads:
            one.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()
        for witness in self._made.values():
            witness.close()
