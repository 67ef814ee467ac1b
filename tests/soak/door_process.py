"""The door in a process of its own, to be killed: reads envelopes from a socket, answers each.

Run: `python -m tests.soak.door_process FOLDER SOCKET`. A frame is its length in four
bytes and its bytes. Envelopes come in; what goes out is the answer as JSON, with the number of
the envelope on its connection. Says `ready` on standard output when the door is open.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

from truceline.mechanism.admission import Answer
from truceline.mechanism.installation import Installation

LENGTH = struct.Struct(">I")


def main(folder: str, place: str) -> None:
    """Serve until the other side closes standard input."""
    installation = Installation.open(Path(folder))
    listener = socket.socket(socket.AF_UNIX)
    Path(place).unlink(missing_ok=True)
    listener.bind(place)
    listener.listen(16)
    print("ready", flush=True)
    threading.Thread(target=_accept, args=(listener, installation), daemon=True).start()
    sys.stdin.buffer.read()
    installation.close()
    os._exit(0)


def _accept(listener: socket.socket, installation: Installation) -> None:
    while True:
        link, _ = listener.accept()
        threading.Thread(target=_serve, args=(link, installation), daemon=True).start()


def _serve(link: socket.socket, installation: Installation) -> None:
    lock = threading.Lock()
    number = 0
    while (data := receive(link)) is not None:
        future = installation.door.submit_nowait(data)
        future.add_done_callback(lambda done, number=number: _answer(link, lock, number, done))
        number += 1


def _answer(link: socket.socket, lock: threading.Lock, number: int, done: Future[Answer]) -> None:
    answer = done.result()
    told = {
        "number": number,
        "receipt": answer.receipt.tree() if answer.receipt else None,
        "failure": answer.failure.told() if answer.failure else None,
    }
    try:
        with lock:
            send(link, json.dumps(told).encode())
    except OSError:
        pass  # the writer went away; it will ask again


def send(link: socket.socket, data: bytes) -> None:
    """Send one frame."""
    link.sendall(LENGTH.pack(len(data)) + data)


def receive(link: socket.socket) -> bytes | None:
    """Return one frame; None when the other side is gone."""
    head = _exactly(link, LENGTH.size)
    return None if head is None else _exactly(link, LENGTH.unpack(head)[0])


def _exactly(link: socket.socket, count: int) -> bytes | None:
    data = b""
    while len(data) < count:
        try:
            more = link.recv(count - len(data))
        except OSError:
            return None
        if not more:
            return None
        data += more
    return data


if __name__ == "__main__":
    main(*sys.argv[1:])
