"""Every commit point, failed both ways: the write failed and was lost; the write succeeded
and the answer was lost. In both the sender submits again, and the log holds the record once."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.assembly import Assembly, key_tree, report

from truceline.errors import Reason, Unavailable
from truceline.ledger import checkpoint as checkpoints
from truceline.mechanism.installation import Installation
from truceline.records.sealed import Disclosure, digests
from truceline.store import atomic, log
from truceline.store.store import Store
from truceline.store.vault import Vault
from truceline.store.views import writing

FULL = OSError(errno.ENOSPC, "No space left on device")


class Fails:
    """Puts a failure before or after the real thing, once."""

    def __init__(self, real: Callable[..., object], failure: Exception, *, after: bool) -> None:
        self.real, self.failure, self.after, self.left = real, failure, after, 1

    def __call__(self, *arguments: object, **named: object) -> object:
        fails, self.left = self.left > 0, self.left - 1
        if fails and not self.after:
            raise self.failure
        answer = self.real(*arguments, **named)
        if fails:
            raise self.failure
        return answer


def size(installation: Installation) -> int:
    with installation.store.reading() as look:
        return log.size(look)


def leaves_with(installation: Installation, envelope: bytes) -> int:
    """How many leaves hold the record of an envelope."""
    from truceline.records import envelope as envelopes

    wanted = envelopes.read(envelope).digest()
    with installation.store.reading() as look:
        return sum(row.pae == wanted for row in log.walk(look))


@contextmanager
def commit_fails(monkeypatch: pytest.MonkeyPatch, *, after: bool) -> Iterator[None]:
    """The next transaction fails at its end: before it is made, or when it is told."""
    real = Store.writing
    left = [1]

    @contextmanager
    def writing_once(self: Store) -> Iterator[object]:
        fails = left[0] > 0 and threading.current_thread().name == "truceline-writing"
        left[0] -= fails
        if not fails:
            with real(self) as tx:
                yield tx
        elif after:
            with real(self) as tx:
                yield tx
            raise Unavailable(Reason.BUSY, where="store", detail="the answer was lost")
        else:
            try:
                with real(self) as tx:
                    yield tx
                    raise _Undone
            except _Undone:
                raise Unavailable(Reason.DISK_FULL, where="store", detail="full") from None

    monkeypatch.setattr(Store, "writing", writing_once)
    yield
    monkeypatch.setattr(Store, "writing", real)


class _Undone(Exception):  # noqa: N818 -- it says what happened
    """Takes a transaction back that would have been made."""


# -- the transaction -----------------------------------------------------------------------


def test_a_commit_that_failed_and_was_lost_leaves_nothing(installation, assembly, monkeypatch):
    signed, before = report(assembly, "north-1"), size(installation)
    with commit_fails(monkeypatch, after=False):
        answer = installation.door.submit(signed)
    assert answer.failure.reason is Reason.DISK_FULL
    assert answer.refusal is None
    assert size(installation) == before
    assert installation.door.submit(signed).taken() == before


def test_a_commit_whose_answer_was_lost_gives_its_receipt_on_asking_again(
    installation, assembly, monkeypatch
):
    signed, before = report(assembly, "north-1"), size(installation)
    with commit_fails(monkeypatch, after=True):
        assert isinstance(installation.door.submit(signed).failure, Unavailable)
    assert size(installation) == before + 1
    again = installation.door.submit(signed)
    assert again.taken() == before
    assert leaves_with(installation, signed) == 1
    assert installation.book.size == before + 1
    assert installation.door.submit(report(assembly, "north-1")).taken() == before + 1


def test_nobody_in_a_group_is_told_of_a_state_that_was_not_committed(
    installation, assembly, monkeypatch
):
    """A refusal judged beside a record whose commit then failed would be a lie."""
    first, second = report(assembly, "north-1"), report(assembly, "north-1")
    assembly.hand("north-1").seq -= 1
    clash = report(assembly, "north-1")
    with commit_fails(monkeypatch, after=False):
        waiting = [installation.door.submit_nowait(one) for one in (first, second, clash)]
        answers = [one.result() for one in waiting]
    told = [one for one in answers if one.failure is not None and one.refusal is not None]
    # The queue may have cut the group in two; then the second was committed before the clash.
    assert not told or leaves_with(installation, second) == 1
    if leaves_with(installation, clash):
        return  # cut in two as well: the clash came alone, after the loss, and stands
    installation.door.submit(second).taken()
    assert installation.door.submit(clash).failure.reason is Reason.SEQUENCE


@pytest.mark.parametrize("place", [(log, "append"), (writing, "apply")], ids=["leaf", "views"])
def test_leaf_and_views_change_together_or_not_at_all(installation, assembly, monkeypatch, place):
    module, name = place
    signed, before = report(assembly, "north-1"), size(installation)
    fails = Fails(getattr(module, name), Unavailable(Reason.BUSY, detail="cut"), after=True)
    monkeypatch.setattr(module, name, fails)
    assert isinstance(installation.door.submit(signed).failure, Unavailable)
    assert size(installation) == before
    assert installation.door.submit(signed).taken() == before


def test_a_defect_in_one_record_harms_no_other_of_its_group(installation, assembly, monkeypatch):
    from truceline.mechanism import rules

    real = rules.decide

    def stumbles(candidate, book):
        if candidate.record.body.get("count") == 13:
            raise ZeroDivisionError("a defect")
        return real(candidate, book)

    monkeypatch.setattr(rules, "decide", stumbles)
    counts = [1, 13, 2, 3]
    signed = [report(assembly, "north-1", count) for count in counts]
    answers = [one.result() for one in [installation.door.submit_nowait(s) for s in signed]]
    assert [one.failure is None for one in answers] == [True, False, True, True]
    assert answers[1].failure.reason is Reason.DEFECT


# -- sealed parts --------------------------------------------------------------------------


def sealed_record(assembly: Assembly) -> tuple[bytes, list[str]]:
    part = Disclosure(b"3" * 16, "name", "Someone")
    body = {"officer": "n9", "roles": ["unit"], "key": key_tree("n9")}
    signed = assembly.hand("north").sign("officer.appointed/1", body, sealed=digests([part]))
    return signed, [part.text()]


@pytest.mark.parametrize("after", [False, True], ids=["lost", "answer lost"])
def test_sealed_parts_that_could_not_be_kept_stop_their_record(
    installation, assembly, monkeypatch, after
):
    signed, texts = sealed_record(assembly)
    before = size(installation)
    failure = Unavailable(Reason.DISK_FULL, where="sealed parts", detail="full")
    fails = Fails(Vault.put_all, failure, after=after)
    kept = installation.vault.names()

    def put_all(self: Vault, parts: object) -> object:
        return fails(self, parts)

    monkeypatch.setattr(Vault, "put_all", put_all)
    answer = installation.door.submit(signed, texts)
    assert answer.failure.reason is Reason.DISK_FULL
    assert size(installation) == before
    assert installation.vault.names() == kept
    assert installation.door.submit(signed, texts).taken() == before


def test_sealed_parts_of_a_record_whose_commit_failed_are_not_left_behind(
    installation, assembly, monkeypatch
):
    signed, texts = sealed_record(assembly)
    kept = installation.vault.names()
    with commit_fails(monkeypatch, after=False):
        assert installation.door.submit(signed, texts).failure is not None
    assert installation.vault.names() == kept
    installation.door.submit(signed, texts).taken()
    assert len(installation.vault.names()) == len(kept) + 1


def test_sealed_parts_of_a_record_whose_answer_was_lost_are_kept(
    installation, assembly, monkeypatch
):
    signed, texts = sealed_record(assembly)
    kept = installation.vault.names()
    with commit_fails(monkeypatch, after=True):
        assert installation.door.submit(signed, texts).failure is not None
    assert len(installation.vault.names()) == len(kept) + 1
    installation.door.submit(signed, texts).taken()


# -- tiles and checkpoint ------------------------------------------------------------------


@pytest.mark.parametrize("after", [False, True], ids=["lost", "answer lost"])
@pytest.mark.parametrize("nth", [0, 1], ids=["tiles", "checkpoint"])
def test_a_checkpoint_that_was_cut_short_is_published_by_the_next_start(
    installation, assembly, monkeypatch, after, nth
):
    installation.wait_sealed(size(installation))
    older = installation.checkpoint().checkpoint
    real, calls = atomic.write_all, [0]

    def cut(files, **named):
        number, calls[0] = calls[0], calls[0] + 1
        if number < nth:
            return real(files, **named)
        if after:
            real(files, **named)
        raise Unavailable(Reason.DISK_FULL, where="log", detail="the disk is gone")

    monkeypatch.setattr(atomic, "write_all", cut)
    taken = installation.door.submit(report(assembly, "north-1")).taken()
    assert not installation.wait_sealed(taken + 1, timeout_s=0.3) or after
    monkeypatch.setattr(atomic, "write_all", real)
    folder = installation.layout.folder
    installation.close()
    with Installation.open(folder) as again:
        head = again.checkpoint().checkpoint
        assert head.size == taken + 1
        proof = tree_of(again).consistency(older.size)
        assert_consistent(older, head, proof)


def tree_of(installation: Installation):
    from truceline.ledger.proof import TileTree

    return TileTree(installation.log.read, installation.checkpoint().checkpoint.size)


def assert_consistent(older, head, path) -> None:
    from truceline.ledger import proof

    proof.verify_consistency(older.size, older.root, head.size, head.root, path)


def test_a_checkpoint_over_what_the_store_has_lost_stops_the_start(
    installation, assembly, tmp_path
):
    """A store restored from an older copy must not go on beside a newer checkpoint."""
    from sqlalchemy import text

    from truceline.errors import Unproven

    installation.wait_sealed(size(installation))
    folder = installation.layout.folder
    with installation.store.writing() as tx:
        for table in ("entry", "record"):
            tx.execute(text(f"DELETE FROM {table} WHERE leaf_index >= 9"))
    installation.close()
    with pytest.raises(Unproven, match="fewer"):
        Installation.open(folder)


# -- files and the disk --------------------------------------------------------------------


@pytest.mark.parametrize("after", [False, True], ids=["lost", "answer lost"])
def test_a_deposit_that_failed_leaves_no_half_file(installation, monkeypatch, after):
    real = Path.replace
    fails = Fails(real, FULL, after=after)

    def replace(self: Path, target: Path) -> object:
        # The sealing thread renames too, at a moment of its own.
        ours = self.is_relative_to(installation.layout.files)
        return fails(self, target) if ours else real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(Unavailable) as failure:
        installation.files.put(b"evidence", "text/plain")
    assert failure.value.reason is Reason.DISK_FULL
    monkeypatch.setattr(Path, "replace", real)
    assert not list(installation.layout.files.rglob("*.partial"))
    name = installation.files.put(b"evidence", "text/plain")
    assert installation.files.read(name.sha256) == b"evidence"


def test_an_erasure_that_was_cut_short_is_finished_at_the_next_start(
    installation, assembly, monkeypatch
):
    signed, texts = sealed_record(assembly)
    index = installation.door.submit(signed, texts).taken()
    from truceline.records.sealed import digest_of
    from truceline.store.views import records

    with installation.store.reading() as look:
        shown = records.by_index(look, index)
        pae = records.pae_of(look, shown.id)
    erased = {"record": shown.id, "digests": [digest_of(texts[0])], "why": "asked to"}
    installation.door.state("sealed.erased/1", erased).taken()
    assert installation.vault.held(pae)  # recorded, and then we stopped
    folder = installation.layout.folder
    installation.close()
    with Installation.open(folder) as again:
        assert not again.vault.held(pae)


def test_the_published_checkpoint_is_signed_by_the_logs_key(installation):
    installation.wait_sealed(size(installation))
    data = installation.log.read("checkpoint")
    key = checkpoints.log_key(installation.settings.origin, installation.mechanism_key())
    assert checkpoints.verified(data, key).checkpoint.size == size(installation)
