"""The real program, started as people start it, on a free port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

STARTS_S = 30.0


@dataclass
class Server:
    """A running `truceline up`."""

    process: subprocess.Popen[str]
    url: str
    key: str

    def client(self, **options: Any) -> httpx.Client:
        """A client of it; asks as the host does unless told otherwise."""
        headers = options.pop("headers", {"authorization": f"Bearer {self.key}"})
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, **options)

    def kill(self) -> None:
        """As fate does: no goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """As a supervisor does; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def running(data: Path, *options: str) -> Iterator[Server]:
    """Start the server on a folder, and see that it is gone afterwards."""
    note = data / "server.json"
    note.unlink(missing_ok=True)
    command = [sys.executable, "-m", "truceline.cli", "up", "--data", str(data), "--port", "0"]
    process = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ,
    )
    try:
        yield _answering(process, note)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def _answering(process: subprocess.Popen[str], note: Path) -> Server:
    deadline = time.monotonic() + STARTS_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.stdout is not None
            raise AssertionError(f"the server did not start: {process.stdout.read()}")
        try:
            noted = json.loads(note.read_text())
            httpx.get(f"{noted['url']}/healthz", timeout=2)
            return Server(process, noted["url"], noted["key"])
        except (OSError, ValueError, httpx.HTTPError):
            time.sleep(0.05)
    raise AssertionError("the server did not answer in time")
