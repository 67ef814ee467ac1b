"""One installation: its folder, its store, its door, wired together.

`create` makes a folder; the founding record is then the first thing submitted. `open`
opens it, as the one writer or as a reader. What does not fit together at the start (a
checkpoint that the store does not bear out, a clock behind the log, a store of a newer
program) stops it with a sentence.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from truceline.errors import Reason, Refused, Unavailable
from truceline.ledger import checkpoint as checkpoints
from truceline.ledger import note
from truceline.ledger.checkpoint import SignedCheckpoint
from truceline.mechanism import drone_interface, fence, premises, replay
from truceline.mechanism import settings as setting
from truceline.mechanism.admission import Answer, Door, Gate, Limits
from truceline.mechanism.book import Book
from truceline.mechanism.clock import Clock, SystemClock
from truceline.mechanism.drone_interface import Interface
from truceline.mechanism.fence import Fence
from truceline.mechanism.jobs import JobThread, Ladders, PublicMap, Rounds
from truceline.mechanism.judgement import Judge, KnownIds, Taken, World
from truceline.mechanism.naming import Named
from truceline.mechanism.sealing import Sealer, SealingThread
from truceline.mechanism.settings import Settings
from truceline.mechanism.steady import SteadyClock
from truceline.publish.witnesses import Told, Witnesses
from truceline.records.keys import SigningKey
from truceline.records.record import Micros
from truceline.store import atomic, log, migrate
from truceline.store.contents import Contents
from truceline.store.files import Files, sha256_of
from truceline.store.layout import Layout
from truceline.store.logfiles import LogFolder
from truceline.store.store import Store
from truceline.store.vault import Vault
from truceline.store.views import records

CLOCK_BEHIND = 60 * 1_000_000
"""How far (microseconds) the clock may be behind the newest leaf of a live log at the start."""


@dataclass(frozen=True, slots=True)
class _Writer:
    """What only the writer has."""

    fence: Fence
    door: Door
    sealer: Sealer
    thread: SealingThread
    rounds: Rounds
    jobs: JobThread
    drones: Interface | None


class Installation:
    """An open installation. Use it as a context manager, or `close` it.

    `store` answers readers (`with installation.store.reading() as look:` and the
    functions of `store/views/`); `book` is the state at the end of what is committed,
    to be read inside `with installation.reading_book() as book:`. A reader has no door.
    """

    def __init__(
        self, folder: Path, settings: Settings, clock: Clock, store: Store, key: bytes | None
    ) -> None:
        self.layout = Layout(folder)
        self.settings = settings
        self.clock = clock
        self.store = store
        self.files = Files(
            self.layout.files,
            sealed=self.layout.sealed_files,
            data_key=key,
            most=settings.file_most_bytes,
        )
        self.vault = Vault(self.layout.sealed, key)
        self.contents = Contents(self.files)
        self.log = LogFolder(self.layout.log)
        self._book = self._new_book()
        self._book_lock = threading.Lock()
        self._writer: _Writer | None = None

    # -- making and opening --------------------------------------------------------------

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        origin: str,
        data_key_file: Path | None = None,
        database: str = "",
        demo: bool = False,
        log_open_to: str = "",
        mechanism_key: SigningKey | None = None,
    ) -> SigningKey:
        """Make a data folder: settings, data key (outside the folder), mechanism key.

        `log_open_to` is written into the settings unless it is empty. Returns the mechanism's key, whose public half the founding record must name.
        Refuses a folder that holds an installation already.
        """
        return premises.make(
            folder,
            origin=origin,
            data_key_file=data_key_file,
            database=database,
            demo=demo,
            log_open_to=log_open_to,
            mechanism_key=mechanism_key,
        )

    @classmethod
    def open(
        cls,
        folder: Path,
        settings: Settings | None = None,
        *,
        clock: Clock | None = None,
        writer: bool = True,
        wait_s: float | None = 0.0,
        accept_clock: bool = False,
    ) -> Installation:
        """Open an installation; the writer takes the fence, repairs, and starts its threads.

        `wait_s` is how long to stand by for the fence (None: for ever). Raises
        `Unavailable(NOT_THE_WRITER)` when another process writes, `Unavailable(LOCKED)`
        when a writer has no data key, `Unavailable(BAD_TIME)` when the machine's clock is not
        to be believed and the operator has not said `accept_clock`, `Refused(NOT_FOUND)` when
        nothing is here.
        """
        layout = Layout(folder)
        if not layout.mechanism_key.exists():
            raise Refused(
                Reason.NOT_FOUND,
                where=str(folder),
                detail="there is no installation in this folder",
                remedy="Make one with `truceline init`",
            )
        chosen = settings or setting.read(layout.settings)
        key = premises.data_key_of(chosen, needed=writer)
        store = Store.at(layout.database, chosen.database)
        made = cls(folder, chosen, clock or SystemClock(), store, key)
        with ExitStack() as undo:
            undo.callback(made.close)
            made._start(writer=writer, wait_s=wait_s, accept_clock=accept_clock)
            undo.pop_all()
        return made

    def close(self) -> None:
        """Answer what waits, seal, let go of the fence."""
        if self._writer is not None:
            if self._writer.drones is not None:
                self._writer.drones.close()
            self._writer.jobs.close()
            self._writer.door.close()
            self._writer.thread.close()
            self._writer.rounds.close()
            self._writer.fence.release()
            self._writer = None
        self.store.close()

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- what others ask -----------------------------------------------------------------

    @property
    def door(self) -> Door:
        """The one door; a reader has none."""
        return self._need_writer().door

    @property
    def sealer(self) -> Sealer:
        """Who publishes checkpoints; a reader has none."""
        return self._need_writer().sealer

    @property
    def drones(self) -> Interface | None:
        """The drone interface, where the settings ask for one; a reader has none."""
        return self._writer.drones if self._writer is not None else None

    @property
    def is_writer(self) -> bool:
        """Say whether this process is the writer."""
        return self._writer is not None

    @property
    def book(self) -> Book:
        """The state after what is committed, as far as it was folded here."""
        return self._book

    @contextmanager
    def reading_book(self) -> Iterator[Book]:
        """The state, standing still while the block runs."""
        with self._book_lock:
            yield self._book

    def catch_up(self) -> int:
        """Fold what the writer has added; returns the size of the log as it is known here."""
        if self._writer is None:
            with self._book_lock, self.store.reading() as look:
                for _ in replay.fold(look, self._book, self.vault):
                    pass
        return self._book.size

    def checkpoint(self) -> SignedCheckpoint | None:
        """The published checkpoint, from the writer's memory or the log's folder."""
        if self._writer is not None:
            return self._writer.sealer.signed
        data = self.log.read("checkpoint")
        return None if data is None else checkpoints.read(data)

    def witnesses_told(self) -> Sequence[Told]:
        """What each witness answered in the newest round; a reader knows of none."""
        return self._writer.rounds.told if self._writer is not None else ()

    def erase(self, record_id: str, digests: Sequence[str], why: str) -> Answer:
        """Destroy sealed parts of a record, or sealed files that it names; record that it was done.

        `digests` are those of the parts, and `files.digest_of` the files. Recorded first: if
        we stop before they are destroyed, the next start does it.
        """
        body = {"record": record_id, "digests": sorted(digests), "why": why}
        answer = self.door.state("sealed.erased/1", body)
        if answer.failure is None:
            with self.store.reading() as look:
                pae = records.pae_of(look, record_id)
            if pae is not None:
                self._destroy(pae, digests)
        return answer

    def wait_sealed(self, size: int, *, timeout_s: float = 10.0) -> bool:
        """Wait until a published checkpoint covers the first `size` leaves."""
        return self._need_writer().thread.wait(size, timeout_s=timeout_s)

    # -- wiring --------------------------------------------------------------------------

    def _start(self, *, writer: bool, wait_s: float | None, accept_clock: bool) -> None:
        if not writer:
            if migrate.version(self.store) != migrate.NEWEST:
                raise Unavailable(
                    Reason.WRONG_STATE,
                    where="store",
                    detail="the store has another schema than this program",
                    remedy="Start the writer once; it brings the store up to date",
                )
            self.catch_up()
            return
        migrate.upgrade(self.store)
        held = fence.take(self.layout.lock, self.store, wait_s=wait_s)
        try:
            self._writer = self._wire(held, accept_clock=accept_clock)
        except BaseException:
            held.release()
            raise

    def _wire(self, held: Fence, *, accept_clock: bool) -> _Writer:
        key = self.mechanism_key()
        for place in (self.layout.log, self.layout.files, self.layout.sealed):
            atomic.sweep(place)
        clock = SteadyClock(self.clock, self.layout.clock_ahead)
        clock.settle(accept=accept_clock)
        if not accept_clock:
            self._check_clock()
        with self._book_lock, self.store.reading() as look:
            for _ in replay.fold(look, self._book, self.vault):
                pass
        self._check_mode()
        self._erase_what_was_promised()

        def may_write() -> None:
            with self.store.reading() as look:
                held.look(look)

        drones = drone_interface.of_settings(
            self.settings, self.store, clock, held.check, self.reading_book, self.contents
        )
        sealer = Sealer(self.log, self.store, self.settings.origin, key, may_write=may_write)
        self._write_vkey(key)
        if self._book.size > 0:
            sealer.seal()  # what a crash left between commit and checkpoint
        thread = SealingThread(sealer, self.store.tidy, pause_s=self.settings.seal_pause_ms / 1000)

        def committed(taken: Sequence[Taken]) -> None:
            with self._book_lock:
                for one in taken:
                    self._book.apply(one.admitted)
            thread.wake()

        gate = Gate(
            self.store,
            self.vault,
            self.contents,
            held.check,
            committed,
            check_clock=clock.now,
            limits=Limits(self.settings.batch_most, self.settings.waiting_most),
        )
        world = World(
            clock,
            key,
            self.files,
            self.contents,
            Named(self.store),
            premises.pseudonym(self.layout, self.vault),
        )
        door = Door(gate, lambda: self._new_judge(world))
        rounds = Rounds(sealer, self.log, self._witnesses, self.settings.witness_every_s)
        jobs = JobThread(
            Ladders(door, clock, self.reading_book).run,
            PublicMap(self.log, self.store, clock, key, sealer).run,
            rounds.run,
        )
        return _Writer(held, door, sealer, thread, rounds, jobs, drones)

    def _witnesses(self) -> Witnesses | None:
        """The witnesses that the founding names, at the addresses of the settings."""
        if not self._book.register.witnesses:
            return None
        named = [
            note.read_vkey(one["vkey"], where="genesis witness")
            for one in self._book.register.witnesses
        ]
        return Witnesses(named, self.settings.witnesses, timeout_s=self.settings.witness_timeout_s)

    def _new_judge(self, world: World) -> Judge:
        """A judge of what the store holds now; also what the door turns to after a failed commit."""
        known = KnownIds(self.store)
        book = Book(self.settings.origin, known=known, contents=self.contents)
        with self.store.reading() as look:
            for _ in replay.fold(look, book, self.vault):
                pass
            newest = log.last(look)
        self._catch_book_up(book)
        return Judge(book, world, newest.received_at if newest else Micros(0), known)

    def _catch_book_up(self, newer: Book) -> None:
        """After a commit whose answer was lost, the shown book lacks what the store has."""
        if self._book.size < newer.size:
            with self._book_lock, self.store.reading() as look:
                for _ in replay.fold(look, self._book, self.vault):
                    pass

    def _new_book(self) -> Book:
        return Book(self.settings.origin, known=KnownIds(self.store), contents=self.contents)

    def mechanism_key(self) -> SigningKey:
        """The mechanism's signing key; needs the data key."""
        return premises.mechanism_key(self.layout, self.vault)

    def _check_clock(self) -> None:
        if self.clock.scenario:
            return
        with self.store.reading() as look:
            newest = log.last(look)
        behind = 0 if newest is None else newest.received_at - self.clock.now()
        if behind > CLOCK_BEHIND:
            raise Unavailable(
                Reason.BAD_TIME,
                where="clock",
                detail=f"this machine's clock is {behind // 1_000_000} s behind the newest leaf",
                remedy="Set the clock; if it is right, and the log is ahead, start with --accept-clock",
            )

    def _check_mode(self) -> None:
        mode = self._book.register.mode
        if self.clock.scenario and mode == "live":
            raise Refused(
                Reason.CONTRADICTS,
                where="clock",
                article="DESIGN 3, what catches a lying host",
                detail="a live log runs on the world's clock, not on a scenario's",
            )

    def _erase_what_was_promised(self) -> None:
        """An erasure is recorded first and done then; finish what a crash left undone."""
        with self.store.reading() as look:
            promised = records.erasures(look)
        for pae, digests in promised:
            self._destroy(pae, digests)

    def _destroy(self, pae: bytes, digests: Sequence[str]) -> None:
        self.vault.erase(pae, digests)
        for one in digests:
            self.files.erase(sha256_of(one))

    def _write_vkey(self, key: SigningKey) -> None:
        wanted = checkpoints.log_key(self.settings.origin, key).text().encode() + b"\n"
        if self.log.read("vkey") != wanted:
            self.log.write({"vkey": wanted})

    def _need_writer(self) -> _Writer:
        if self._writer is None:
            raise Unavailable(Reason.NOT_THE_WRITER, where="door", detail="this process only reads")
        return self._writer
