"""A writer in a process of its own: signs, submits with several in flight, keeps every receipt.

Run: `python -m tests.soak.writer_process SOCKET OFFICER ORIGIN RECEIPTS SEQ`. When the door
goes away it waits for the next one and submits again what was not answered, the same bytes.
A receipt is written down as soon as it is there. Ends at end of file on standard input.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path

from tests.soak.door_process import receive, send
from tests.support.assembly import STARTED_AT, key_of

from truceline.mechanism import statement
from truceline.records import envelope
from truceline.records.record import Record

IN_FLIGHT = 6


class Writer:
    """Signs reports on a post as one officer."""

    def __init__(self, place: str, officer: str, origin: str, receipts: str, seq: int) -> None:
        self._place = place
        self._officer = officer
        self._origin = origin
        self._key = key_of(officer)
        self._receipts = Path(receipts).open("ab", buffering=0)  # noqa: SIM115 -- open as long as we are
        self._seq = seq
        self._open: OrderedDict[int, bytes] = OrderedDict()
        self.over = False

    def run(self) -> None:
        """Write until told to stop."""
        while not self.over:
            link = self._connect()
            if link is not None:
                self._talk(link)
                link.close()

    def _connect(self) -> socket.socket | None:
        link = socket.socket(socket.AF_UNIX)
        try:
            link.connect(self._place)
        except OSError:
            link.close()
            time.sleep(0.01)
            return None
        return link

    def _talk(self, link: socket.socket) -> None:
        """On a fresh connection: first again what has no answer, in order, then new ones."""
        sent = list(self._open)
        try:
            for seq in sent:
                send(link, self._open[seq])
            while not self.over:
                while len(self._open) < IN_FLIGHT:
                    seq = self._next()
                    sent.append(seq)
                    send(link, self._open[seq])
                data = receive(link)
                if data is None:
                    return
                self._keep(json.loads(data), sent)
        except OSError:
            return

    def _next(self) -> int:
        self._seq += 1
        chance = sha256(f"{self._officer} {self._seq} {time.time_ns()}".encode()).digest()
        made = Record(
            self._origin,
            "post.reported/1",
            statement.ulid(STARTED_AT, chance),
            self._officer,
            self._seq,
            STARTED_AT,
            body={"post": "P-north", "count": self._seq % 9, "as_of": STARTED_AT},
        )
        self._open[self._seq] = envelope.sign(made.canonical(), self._key).encode()
        return self._seq

    def _keep(self, told: dict[str, object], sent: list[int]) -> None:
        seq = sent[int(str(told["number"]))]
        if told["receipt"] is None:
            failure = told["failure"]
            if isinstance(failure, dict) and failure.get("reason") in (
                "no_writer",
                "busy",
                "defect",
            ):
                raise OSError  # not judged: ask again on another connection
            self._receipts.write(json.dumps({"refused": failure}).encode() + b"\n")
        else:
            self._receipts.write(json.dumps(told["receipt"]).encode() + b"\n")
        del self._open[seq]


def main() -> None:
    """Write until standard input ends."""
    place, officer, origin, receipts, seq = sys.argv[1:]
    writer = Writer(place, officer, origin, receipts, int(seq))
    threading.Thread(target=writer.run, daemon=True).start()
    sys.stdin.buffer.read()
    writer.over = True


if __name__ == "__main__":
    main()
