"""`truceline verify`: everything that can be proved of a log without trusting its host.

Order: the trust root, the checkpoints it makes believable, every leaf, the tree
over them, then what was promised to you (receipts) and to all (the public map).
The first flaw ends nothing; all are named, bounded in number.

Pure but for what it is handed: a reader of the log's files, the time, and a way to
check pages on several cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from truceline.errors import Malformed, TrucelineError, Unavailable, Unproven
from truceline.ledger import audit, checkpoint, tiles
from truceline.ledger.audit import Sweep
from truceline.ledger.checkpoint import Checkpoint
from truceline.ledger.proof import TileTree
from truceline.ledger.tiles import WIDTH, TileReader
from truceline.records import envelope
from truceline.verifier import disclosures, grounds, leaves, public_map, receipts
from truceline.verifier import founding as foundings
from truceline.verifier import heads as head_checks
from truceline.verifier.findings import Findings
from truceline.verifier.fold import Fold
from truceline.verifier.founding import Founding
from truceline.verifier.heads import Head
from truceline.verifier.leaves import Checked, Task
from truceline.verifier.public_map import Snapshot

type Named = tuple[str, bytes]
"""A file's name, for the words of a finding, and its bytes."""

type Check = Callable[[Callable[[Task], Checked], Iterable[Task]], Iterator[Checked]]
"""Like `map`, in order; `world.py` has one that uses every core."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What this verifier saw of the log before: its genesis, and checkpoints that held."""

    genesis: str = ""
    checkpoints: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the auditor brings along."""

    genesis: str = ""
    receipts: Sequence[Named] = ()
    snapshots: Sequence[Named] = ()
    checkpoints: Sequence[Named] = ()
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The findings, and what to remember for the next run (None: remember nothing new)."""

    findings: Findings
    memory: Memory | None


MAX_REMEMBERED = 100
CHECKPOINT, WITNESSED, SNAPSHOT = "checkpoint", "checkpoint.witnessed", "snapshot"
"""The log's heads: the newest, the newest that witnesses cosigned, and the public map."""


def verify(
    reader: TileReader,
    evidence: Evidence | None = None,
    *,
    now_s: int | None = None,
    check: Check = map,
) -> Outcome:
    """Check the log behind `reader`. Never raises for what the log or the evidence contains."""
    findings = Findings()
    memory = None
    try:
        run = _start(reader, evidence or Evidence(), findings)
        if run is not None:
            memory = run.go(now_s, check)
    except Unavailable as error:
        findings.could_not("reading", f"The log could not be read to its end: {error.detail}.")
    except TrucelineError as error:
        findings.broken("reading", f"The log is not readable as one: {error}")
    return Outcome(findings, None if findings.contradicted else memory)


def _start(reader: TileReader, evidence: Evidence, findings: Findings) -> _Run | None:
    """Read the head and the trust root, or say why there is nothing to check."""
    # A log grows while it is read. These two go first: read later, they could be of a
    # larger tree than the checkpoint, which would look like leaves taken back.
    published, witnessed = reader(SNAPSHOT), reader(WITNESSED)
    head = reader(CHECKPOINT)
    if head is None:
        findings.could_not("reading", "There is no log here: no file `checkpoint`.")
        return None
    shown = checkpoint.read(head).checkpoint
    findings.log, findings.size = shown.origin, shown.size
    if shown.size == 0:
        findings.could_not("reading", "The log is empty: it has no genesis yet.")
        return None
    founding = foundings.read(reader, shown.size, findings)
    foundings.compare(founding, evidence.genesis, evidence.memory.genesis, findings)
    foundings.check_vkey(reader, founding, findings)
    return _Run(reader, head, witnessed, published, shown, founding, evidence, findings)


@dataclass(frozen=True, slots=True)
class _Run:
    """One verification, once its trust root is read."""

    reader: TileReader
    head: bytes
    witnessed: bytes | None
    published: bytes | None
    shown: Checkpoint
    founding: Founding
    evidence: Evidence
    findings: Findings

    def go(self, now_s: int | None, check: Check) -> Memory:
        """Do every check; return what to remember if all of them hold."""
        heads = head_checks.read_all(self._named_heads(), self.founding, self.findings)
        if any(one.source == CHECKPOINT for one in heads):
            self.findings.proved(
                "checkpoint",
                f"The checkpoint of {self.shown.size} leaves is signed by the log's key.",
            )
        fold = self._leaves(heads, check)
        head_checks.check_consistency(heads, self.reader, self.shown.size, self.findings)
        head_checks.check_quorum(
            heads,
            self.founding,
            self.findings,
            size=self.shown.size,
            received_at=self._received_at,
            now_s=now_s,
        )
        receipts.check(
            self.evidence.receipts, self.reader, self.shown.size, self.founding, self.findings
        )
        self._maps(fold)
        return self._memory(heads)

    def _named_heads(self) -> Iterator[Named]:
        yield CHECKPOINT, self.head
        if self.witnessed is not None:
            yield WITNESSED, self.witnessed
        yield from self.evidence.checkpoints
        for number, data in enumerate(self.evidence.memory.checkpoints, 1):
            yield f"remembered checkpoint {number}", data

    # -- leaves and tree ------------------------------------------------------

    def _leaves(self, heads: Sequence[Head], check: Check) -> Fold:
        """Run every page through the leaf checks, the fold and the tree, in order."""
        fold = Fold(self.findings, self.founding.exercise, head_checks.witnessed(heads))
        fold.ring.publics.update(self.founding.publics)
        fold.held = disclosures.gathered(self.evidence.receipts)
        sweep = Sweep(self.reader, self.shown.size)
        tasks = (
            Task(page, self.founding.origin, fold.ring.publics)
            for page in audit.pages(self.reader, self.shown.size)
        )
        pages = 0
        for checked in check(leaves.check, tasks):
            pages += 1
            for flaw in checked.flaws:
                self.findings.broken("hashes", f"{flaw.path}: {flaw.says}.", index=flaw.index)
            sweep.take(checked.hashes)
            for leaf in checked.leaves:
                fold.take(leaf)
        if pages * WIDTH < self.shown.size:
            self.findings.broken(
                "hashes",
                f"The log is signed for {self.shown.size} leaves; after leaf {pages * WIDTH - 1} "
                "it shows nothing more, and the search was given up.",
            )
        self._tree(sweep)
        self._sum_up(fold)
        return fold

    def _tree(self, sweep: Sweep) -> None:
        root = sweep.root()
        for flaw in sweep.flaws:
            self.findings.broken("hashes", f"{flaw.path}: {flaw.says}.")
        if root is None:
            self.findings.could_not("tree", "Leaves are missing, so no root could be computed.")
        elif root != self.shown.root:
            self.findings.broken(
                "tree",
                f"The leaves give the root {root.hex()}, not the signed {self.shown.root.hex()}.",
            )
        elif not self.findings.count("hashes"):
            self.findings.proved(
                "tree", f"Every one of {self.shown.size} leaves hashes to the signed root."
            )

    def _sum_up(self, fold: Fold) -> None:
        """Say what the fold proved: only where nothing of that check is broken."""
        founding, findings = self.founding, self.findings
        opened = f" ({len(fold.opened)} opened by what you hold)" if fold.opened else ""
        sealed = f", {fold.sealed} of them sealed{opened}" if fold.sealed else ""
        proofs = {
            "records": f"{fold.leaves} records are canonical, of this log, and rightly signed "
            f"({fold.signatures} signatures){sealed}.",
            "keys": "Every signing key was in force when its record was received.",
            "mandate": "Every record is by someone who may make it.",
            "ids": "No record id comes twice.",
            "refs": "Every record that a record names stands before it.",
            "sequence": "The numbers of every key go up.",
            "time": "The time of receipt never runs back.",
        }
        if not founding.exercise and fold.witnessed:
            proofs["backdated"] = "No leaf is older than witnesses had already seen."
        for check, says in proofs.items():
            if not findings.count(check):
                findings.proved(check, says)
        if founding.exercise:
            findings.noted(
                "backdated",
                "The log is an exercise on its own clock: its times say nothing of wall time.",
            )
        for key, missing in sorted(fold.gaps.items()):
            findings.noted(
                "gaps",
                f"Key {key} left out {missing} numbers: signed and never sent, or never taken.",
            )

    def _received_at(self, index: int) -> int | None:
        try:
            return envelope.read_entry(
                tiles.entry_at(self.reader, index, self.shown.size)
            ).received_at
        except (Malformed, Unproven):
            return None  # already a finding of its own

    # -- the public map -------------------------------------------------------

    def _maps(self, fold: Fold) -> None:
        grounds.check(fold, self.findings)
        shown = [(SNAPSHOT, self.published)] if self.published is not None else []
        named = [*self.evidence.snapshots, *shown]
        for name, data in named:
            self._map(name, data, fold)

    def _map(self, name: str, data: bytes, fold: Fold) -> None:
        try:
            signed = envelope.read(data)
            snapshot = public_map.read(signed)
        except TrucelineError as error:
            self.findings.could_not("map", f"{name} is not a snapshot of the map: {error.detail}.")
            return
        flaws = self._map_flaws(snapshot, receipts.signed_by_mechanism(signed, self.founding), fold)
        for says in flaws:
            self.findings.broken("map", f"{name}: {says}. Keep the file: it is the proof.")
        if not flaws:
            self.findings.proved(
                "map",
                f"{name}: the public map of {len(snapshot.zones)} zones is what the first "
                f"{snapshot.size} leaves give.",
            )

    def _map_flaws(self, snapshot: Snapshot, signed: bool, fold: Fold) -> list[str]:
        if not signed:
            return ["it is not signed by the mechanism of this log"]
        if snapshot.log != self.founding.origin:
            return [f"it is a map of another log, {snapshot.log}"]
        if snapshot.size > self.shown.size:
            return [
                f"it was signed for {snapshot.size} leaves, but the log shows {self.shown.size}"
            ]
        tree = TileTree(head_checks.within(self.reader, self.shown.size), snapshot.size)
        try:
            root = tree.root()
        except Unproven as error:
            return [f"its root cannot be checked ({error.detail})"]
        if root != snapshot.root:
            return [f"it was signed for another history: {snapshot.size} leaves with another root"]
        right = public_map.zones_at(fold.said, size=snapshot.size, at=snapshot.at)
        return public_map.differences(snapshot.zones, right)

    def _memory(self, heads: Sequence[Head]) -> Memory:
        """Keep the newest heads: older ones were just shown to be their beginning."""
        newest = sorted(heads, key=lambda one: one.size)[-MAX_REMEMBERED:]
        kept = dict.fromkeys(one.signed.encode() for one in newest)
        return Memory(self.founding.leaf.hex(), tuple(kept))
