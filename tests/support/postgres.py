"""A PostgreSQL of one's own: in a folder of its own, on a socket, as a user that is not root.

PostgreSQL refuses to run as root; the server is then started as the user `postgres`.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FOLDERS = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt")
_TEMPLATE = "with_postgis"
_numbers = itertools.count(1)


def programs() -> Path | None:
    """Where `initdb` and `postgres` are; None when this machine has none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    places = [path for top in _FOLDERS for path in Path(top).glob("*/bin/initdb")]
    return max(places).parent if places else None


class Server:
    """One server for a run of tests; each test takes a database of its own."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder = folder
        self._bin = bin_folder
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

    def start(self) -> None:
        """Make the cluster if it is not there, and start it; it is durable as in earnest."""
        data = self.folder / "data"
        fresh = not data.exists()
        if fresh:
            self._run(
                "initdb",
                "-D",
                str(data),
                "-A",
                "trust",
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "--no-locale",
            )
        options = f"-k {self.folder} -h '' -c max_connections=60"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(data), "-w", "-t", "60", "-o", options, "-l", log, "start")
        if fresh:  # making the extension takes a second; a copy of a database does not
            asked = ("-h", str(self.folder), "-U", "postgres")
            self._run("createdb", *asked, _TEMPLATE)
            self._run("psql", *asked, "-q", "-c", "CREATE EXTENSION postgis", _TEMPLATE)

    def stop(self, how: str = "fast") -> None:
        """Stop it; `immediate` is a crash that recovery has to mend."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", how, "stop")

    def database(self) -> str:
        """The URL of a new, empty database with PostGIS in reach."""
        name = f"truceline_{os.getpid()}_{next(_numbers)}"
        self._run("createdb", "-h", str(self.folder), "-U", "postgres", "-T", _TEMPLATE, name)
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        if os.geteuid() == 0:
            command = [
                "setpriv",
                f"--reuid={self._user}",
                f"--regid={self._user}",
                "--clear-groups",
                *command,
            ]
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.strip()[-400:]}")


@contextmanager
def serving(folder: Path | None = None) -> Iterator[Server]:
    """A running server, stopped and removed at the end. Raises `RuntimeError` when there is none."""
    found = programs()
    if found is None:
        raise RuntimeError("no PostgreSQL on this machine (Debian: postgresql-15-postgis-3)")
    place = Path(tempfile.mkdtemp(prefix="truceline-pg-", dir=folder))
    if os.geteuid() == 0:
        shutil.chown(place, "postgres", "postgres")
    place.chmod(0o755)
    server = Server(place, found)
    try:
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def running() -> Iterator[str]:
    """The URL of an empty database on a server of its own."""
    with serving() as server:
        yield server.database()
