"""Deposited files and sealed parts: found by their hash, whole or not at all, closed without the key."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import Malformed, Reason, Refused, Unavailable, Unproven
from truceline.records.sealed import Disclosure
from truceline.store import atomic
from truceline.store.files import FileName, Files
from truceline.store.logfiles import LogFolder
from truceline.store.vault import Vault

KEY = b"k" * 32
PAE = hashlib.sha256(b"a record").digest()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files", most=100_000)


@given(data=st.binary(max_size=5_000), cut=st.integers(1, 700))
def test_a_file_comes_back_as_it_went_in_however_it_was_cut(tmp_path_factory, data, cut):
    files = Files(tmp_path_factory.mktemp("files"))
    chunks = [data[at : at + cut] for at in range(0, len(data), cut)]
    name = files.put(iter(chunks), "application/octet-stream")
    assert name == files.put(data, "application/octet-stream")
    assert (name.sha256, name.length) == (hashlib.sha256(data).hexdigest(), len(data))
    assert files.read(name.sha256) == b"".join(files.stream(name.sha256)) == data


def test_a_file_that_rotted_is_no_answer(files):
    name = files.put(b"the original", "text/plain")
    path = files.path(name.sha256)
    path.chmod(0o644)
    path.write_bytes(b"the 0riginal")
    with pytest.raises(Unproven):
        files.read(name.sha256)
    with pytest.raises(Unproven):
        list(files.stream(name.sha256))


def test_too_many_bytes_are_refused_and_leave_nothing(files, tmp_path):
    with pytest.raises(Malformed) as failure:
        files.put((b"x" * 1_000 for _ in range(1_000)), "text/plain")
    assert failure.value.reason is Reason.TOO_LARGE
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["", "..", "0" * 63, "../../etc/passwd", "A" * 64, "0" * 64 + "/"])
def test_a_name_that_is_no_hash_leads_nowhere(files, name):
    with pytest.raises(Malformed):
        files.path(name)


@pytest.mark.parametrize("media", ["", "text", "text/plain\nX: y", "a" * 300 + "/b"])
def test_a_media_type_that_is_none_is_refused(files, media):
    with pytest.raises(Malformed):
        files.put(b"", media)


def test_a_missing_file_is_refused_by_name(files):
    with pytest.raises(Refused) as failure:
        files.read("0" * 64)
    assert failure.value.reason is Reason.NOT_FOUND


# -- sealed parts --------------------------------------------------------------------------


def parts() -> tuple[Disclosure, ...]:
    return (
        Disclosure(b"1" * 16, "position", {"lat_e7": 355_000_000}),
        Disclosure(b"2" * 16, "name", "Clinic 7"),
    )


def test_sealed_parts_come_back_with_the_key_alone(tmp_path):
    Vault(tmp_path, KEY).put(PAE, parts())
    kept = {one.name: one for one in Vault(tmp_path, KEY).get(PAE)}
    assert kept == {one.name: one for one in parts()}
    with pytest.raises(Unproven, match="data key"):
        Vault(tmp_path, b"w" * 32).get(PAE)
    with pytest.raises(Unavailable) as failure:
        Vault(tmp_path, None).get(PAE)
    assert failure.value.reason is Reason.LOCKED


def test_nothing_of_a_sealed_part_can_be_read_on_the_disk(tmp_path):
    Vault(tmp_path, KEY).put(PAE, parts())
    data = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for one in parts():
        assert one.text().encode() not in data
        assert one.name.encode() not in data
    assert b"Clinic" not in data


def test_a_box_does_not_open_in_the_place_of_another(tmp_path):
    from truceline.records import canonical

    vault = Vault(tmp_path, KEY)
    vault.put(PAE, parts())
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    boxes = canonical.parse(path.read_bytes())
    first, second = sorted(boxes)
    boxes[first], boxes[second] = boxes[second], boxes[first]
    path.write_bytes(canonical.encode(boxes))
    with pytest.raises(Unproven):
        vault.get(PAE)


def test_erasing_one_part_keeps_the_others(tmp_path):
    vault = Vault(tmp_path, KEY)
    vault.put(PAE, parts())
    first, second = parts()
    vault.erase(PAE, [first.digest()])
    assert vault.get(PAE) == (second,)
    vault.erase(PAE, [first.digest(), second.digest()])
    assert vault.get(PAE) == ()
    assert vault.names() == []


def test_an_erasure_cut_short_opens_nothing(tmp_path):
    vault = Vault(tmp_path, KEY)
    vault.put(PAE, parts())
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    path.write_bytes(b"\0" * path.stat().st_size)
    assert vault.get(PAE) == ()


# -- atomic writing ------------------------------------------------------------------------


def test_a_write_that_fails_leaves_the_old_bytes_and_no_rest(tmp_path, monkeypatch):
    place = tmp_path / "checkpoint"
    atomic.write(place, b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable) as failure:
        atomic.write(place, b"new")
    assert failure.value.reason is Reason.DISK_FULL
    assert place.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [place]


def test_several_files_appear_only_when_all_are_written(tmp_path, monkeypatch):
    real, calls = os.fsync, []

    def second_fails(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", second_fails)
    with pytest.raises(Unavailable):
        atomic.write_all({tmp_path / "a": b"1", tmp_path / "b": b"2"}, where="here")
    assert list(tmp_path.iterdir()) == []


# -- files under the data key --------------------------------------------------------------


@pytest.fixture
def sealing(tmp_path: Path) -> Files:
    return Files(tmp_path / "files", sealed=tmp_path / "sealed", data_key=KEY)


@pytest.mark.parametrize("length", [0, 1, 2**20 - 1, 2**20, 2**20 + 1, 2**21 + 5])
def test_a_sealed_file_is_asked_for_like_any_other(sealing, length):
    data = (b"truce" * (length // 5 + 1))[:length]
    name = sealing.put(data, "application/octet-stream", sealed=True)
    assert name == FileName(hashlib.sha256(data).hexdigest(), length, "application/octet-stream")
    assert sealing.read(name.sha256) == b"".join(sealing.stream(name.sha256)) == data
    assert sealing.has(name.sha256, length)
    assert not sealing.has(name.sha256, length + 1)
    assert list(sealing.names()) == [name.sha256]


def test_a_sealed_file_is_on_the_disk_in_no_form_that_can_be_read(sealing, tmp_path):
    plain = b"icao24 4CA123 position 35.1 36.2 " * 50_000
    sealing.put(plain, "text/plain")  # somebody had left it there in clear
    name = sealing.put(plain, "text/plain", sealed=True)
    sealing.put(plain, "text/plain")
    found = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(found) == 1
    assert b"4CA123" not in found[0]
    assert sealing.read(name.sha256) == plain


def test_a_sealed_file_does_not_open_with_another_key_or_none(sealing, tmp_path):
    name = sealing.put(b"tracks", "text/plain", sealed=True)
    for key, failure in ((b"w" * 32, Unproven), (None, Unavailable)):
        other = Files(tmp_path / "files", sealed=tmp_path / "sealed", data_key=key)
        assert other.has(name.sha256, 6)
        with pytest.raises(failure):
            other.read(name.sha256)
    with pytest.raises(Unavailable):
        other.put(b"more", "text/plain", sealed=True)


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b + b"x", lambda b: bytes([b[0] ^ 1]) + b[1:]]
)
def test_a_sealed_file_that_was_cut_or_changed_is_no_answer(sealing, damage):
    name = sealing.put(b"tracks", "text/plain", sealed=True)
    path = sealing.path(name.sha256)
    path.chmod(0o600)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Unproven):
        sealing.read(name.sha256)


def test_an_erased_file_is_gone(sealing, tmp_path):
    name = sealing.put(b"tracks", "text/plain", sealed=True)
    sealing.erase(name.sha256)
    sealing.erase(name.sha256)
    assert not sealing.has(name.sha256)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# -- what is promised is on the disk -------------------------------------------------------


@pytest.mark.parametrize("sealed", [False, True])
def test_a_deposit_is_synced_before_its_name_is_given(sealing, monkeypatch, sealed):
    """The bytes before the rename, the folder after it: or a crash leaves a name without them."""
    done: list[str] = []
    real_sync, real_rename = os.fsync, Path.replace

    def sync(handle: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "bytes")
        real_sync(handle)

    def rename(self: Path, to: Path) -> Path:
        done.append("rename")
        return real_rename(self, to)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", rename)
    sealing.put(b"evidence", "text/plain", sealed=sealed)
    before, after = done[: done.index("rename")], done[done.index("rename") :]
    assert "bytes" in before
    assert after == ["rename", "folder"]


@pytest.mark.parametrize("failing", ["vault", "files", "log"])
def test_a_failing_disk_is_told_with_its_folder(tmp_path, monkeypatch, failing):
    """Not with the name of whichever file happened to be written."""
    folder = tmp_path / failing
    ask = {
        "vault": lambda: Vault(folder, KEY).put(PAE, parts()),
        "files": lambda: Files(folder).put(b"x", "text/plain"),
        "log": lambda: LogFolder(folder).write({"tile/0/000.p/210": b"x"}),
    }[failing]

    def broken(_handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(Unavailable) as failure:
        ask()
    wanted = {"vault": "sealed/", "files": "files/", "log": "log/"}[failing]
    assert failure.value.where == f"data folder, {wanted}"


def test_sealed_parts_that_the_disk_does_not_give_are_told_and_not_taken_as_erased(tmp_path):
    vault = Vault(tmp_path, KEY)
    vault.put(PAE, parts())
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    path.unlink()
    path.mkdir()  # reading it fails with EISDIR
    with pytest.raises(Unavailable) as failure:
        vault.get(PAE)
    assert failure.value.where == "data folder, sealed/"
