"""Where everything lies in a data folder. The only place that knows these names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The data folder of one installation. The data key lies outside it, always."""

    folder: Path

    @property
    def settings(self) -> Path:
        """`truceline.toml`: the settings of the installation."""
        return self.folder / "truceline.toml"

    @property
    def database(self) -> Path:
        """The SQLite file, unless the settings name a PostgreSQL."""
        return self.folder / "truceline.sqlite3"

    @property
    def log(self) -> Path:
        """The log as C2SP tlog-tiles: checkpoint, tiles, entry bundles, vkey, snapshots."""
        return self.folder / "log"

    @property
    def files(self) -> Path:
        """Deposited files by their SHA-256."""
        return self.folder / "files"

    @property
    def sealed(self) -> Path:
        """Sealed parts, encrypted under the data key."""
        return self.folder / "sealed"

    @property
    def sealed_files(self) -> Path:
        """Deposited files that are kept encrypted under the data key."""
        return self.sealed / "files"

    @property
    def clock_ahead(self) -> Path:
        """What the clock said when it was seen to jump ahead; gone once that is settled."""
        return self.folder / "clock.ahead"

    @property
    def mechanism_key(self) -> Path:
        """The mechanism's signing key, encrypted under the data key."""
        return self.folder / "mechanism.key"

    @property
    def lock(self) -> Path:
        """Whoever holds a lock on this file is the writer."""
        return self.folder / "writer.lock"

    @property
    def server(self) -> Path:
        """The address of the running server, while one runs."""
        return self.folder / "server.json"
