"""One installation: its folder, its store, its door, wired together.

`Installation.create` makes a folder; the founding record is then the first thing
submitted. `Installation.open` opens it, as the writer or as a reader.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from truceline.mechanism.admission import Door
from truceline.mechanism.clock import Clock
from truceline.mechanism.settings import Settings
from truceline.records.keys import SigningKey
from truceline.store.files import Files
from truceline.store.layout import Layout
from truceline.store.vault import Vault


class Installation:
    """An open installation.

    Also has `.book` (mechanism/book.py), `.store` (store/store.py: `with store.reading() as
    look:` and the functions of store/views/*), `.sealer`.
    A reader (`writer=False`) has no door; `catch_up()` folds what the writer added.
    """

    layout: Layout
    settings: Settings
    clock: Clock
    files: Files
    vault: Vault
    door: Door

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        origin: str,
        data_key_file: Path | None = None,
        settings: Settings | None = None,
        mechanism_key: SigningKey | None = None,
    ) -> SigningKey:
        """Make a data folder: settings, data key (outside the folder), mechanism key.

        Returns the mechanism's key, whose public half genesis names. Refuses a
        folder that holds an installation already.
        """
        raise NotImplementedError

    @classmethod
    def open(
        cls,
        folder: Path,
        settings: Settings | None = None,
        *,
        clock: Clock | None = None,
        writer: bool = True,
        wait_s: float | None = 0.0,
    ) -> Installation:
        """Open an installation; the writer takes the fence, repairs, and starts its threads.

        `wait_s` is how long to stand by for the fence (None: for ever). Raises
        `Unavailable(NOT_THE_WRITER)` when another process writes.
        """
        raise NotImplementedError

    def catch_up(self) -> int:
        """Fold what was added since; returns the size of the log as this process knows it."""
        raise NotImplementedError

    def close(self) -> None:
        """Answer what waits, seal, let go of the fence."""
        raise NotImplementedError

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
