"""The log's folder: tiles, entry bundles, checkpoint, vkey, snapshots, as C2SP has them.

Tiles and bundles are written before the checkpoint that covers them, and never
changed afterwards. A partial tile may go once its full one is there, as the format
allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from truceline.ledger.tiles import WIDTH, bundle_path, tile_path, widths
from truceline.store import atomic

CHECKPOINT = "checkpoint"
WITNESSED = "checkpoint.witnessed"
GENESIS = "genesis"
"""The leaf hash of entry 0 in hex: to be compared with what one has from elsewhere."""
_WHERE = "data folder, log/"


class LogFolder:
    """The files of a log on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str) -> bytes | None:
        """Return a file below the log's prefix; None when it is not there (a `TileReader`)."""
        try:
            return (self.folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise atomic.disk_failure(error, _WHERE) from None

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files atomically; all are durable when this returns."""
        atomic.write_all({self.folder / path: data for path, data in files.items()}, where=_WHERE)

    def drop_partial(self, full: Iterable[str]) -> None:
        """Remove the partial files of tiles that are full now."""
        with atomic.disk_told(_WHERE):
            for path in full:
                self._drop_folder(self.folder / f"{path}.p")

    def _drop_folder(self, folder: Path) -> None:
        if folder.is_dir():
            for path in folder.iterdir():
                path.unlink(missing_ok=True)
            folder.rmdir()


def places(size: int) -> list[str]:
    """Return the paths of every full and partial file of a log of `size` leaves."""
    found: list[str] = []
    for level, (count, width) in enumerate(widths(size)):
        found += [tile_path(level, number) for number in range(count // WIDTH)]
        found += [tile_path(level, count // WIDTH, width)] if width else []
    found += [bundle_path(number) for number in range(size // WIDTH)]
    found += [bundle_path(size // WIDTH, size % WIDTH)] if size % WIDTH else []
    return found
