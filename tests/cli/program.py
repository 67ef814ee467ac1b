"""The real program, run as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSPHRASE = "four unrelated quiet words"


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Its output, read as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Program:
    """`truceline` in a folder, with a home of its own."""

    folder: Path

    def run(self, *words: object, code: int | None = 0, text: str = "") -> Done:
        """Run a command and expect its exit code (None: any)."""
        environment = {
            **os.environ,
            "HOME": str(self.folder),
            "TRUCELINE_PASSPHRASE": PASSPHRASE,
            "LC_ALL": "C.UTF-8",
        }
        made = subprocess.run(
            [sys.executable, "-m", "truceline.cli", *map(str, words)],
            cwd=self.folder,
            env=environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        done = Done(made.returncode, made.stdout, made.stderr)
        assert "Traceback" not in done.out + done.err, done
        assert code is None or done.code == code, done
        return done

    def write(self, name: str, text: str) -> Path:
        """Write a file in the folder."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file
