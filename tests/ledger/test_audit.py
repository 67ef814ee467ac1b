"""The log hashed again: an honest one has no flaw, and of another every flaw is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.ledger import audit, tiles, tree

ENTRIES = [b"entry %d" % number for number in range(66_000)]
SMALL = 700


def log_of(size: int) -> tuple[dict[str, bytes], bytes]:
    grown = tiles.grow(tiles.EMPTY_EDGE, ENTRIES[:size])
    return grown.files(), grown.root


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 4096, 5000, 65_536, 66_000])
def test_an_honest_log_has_no_flaw(size):
    files, root = log_of(size)

    assert audit.check_hashes(files.get, size, root) == []


@given(st.sets(st.integers(0, SMALL - 1), min_size=1, max_size=9))
def test_every_altered_entry_is_named_and_no_other(indexes):
    files, root = log_of(SMALL)
    for index in indexes:
        path = audit.Page(
            index // 256, tiles.width_of(SMALL, 0, index // 256), None, None
        ).bundle_place()
        entries = tiles.unpack(files[path])
        entries[index % 256] += b"!"
        files[path] = tiles.pack(entries)

    flaws = audit.check_hashes(files.get, SMALL, root)

    assert {flaw.index for flaw in flaws} == indexes


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("tile/0/001", "hash 1 is not the root of tile/0/001 (leaves 256 to 511)"),
        ("tile/1/000.p/2", "is not the root of tile/0/000"),
    ],
)
def test_an_altered_tile_is_named_by_the_one_above_it(path, says):
    files, root = log_of(SMALL)
    files[path] = bytes(32) + files[path][32:]

    told = [f"{flaw.path} {flaw.says}" for flaw in audit.check_hashes(files.get, SMALL, root)]

    assert any(says in one for one in told)


def test_entries_and_tiles_altered_together_no_longer_give_the_signed_root():
    files, root = log_of(SMALL)
    other = [*ENTRIES[:300], b"another", *ENTRIES[301:SMALL]]
    files = tiles.grow(tiles.EMPTY_EDGE, other).files()

    (flaw,) = audit.check_hashes(files.get, SMALL, root)
    assert flaw.path == "checkpoint"
    assert tree.root_of(tree.leaf_hashes(other)).hex() in flaw.says


def test_what_is_missing_is_named_and_the_rest_still_checked():
    files, root = log_of(SMALL)
    del files["tile/entries/001"]
    del files["tile/0/002.p/188"]
    files["tile/entries/000"] = files["tile/entries/000"][:-1]

    says = [flaw.says for flaw in audit.check_hashes(files.get, SMALL, root)]

    assert any("does not show leaves 256 to 511" in one for one in says)
    assert any("does not have this tile" in one for one in says)
    assert any("not a bundle" in one for one in says)


def test_a_size_without_files_is_not_searched_to_its_end():
    files, root = log_of(SMALL)

    flaws = audit.check_hashes(files.get, 2**52, root)

    assert len(flaws) < 100
