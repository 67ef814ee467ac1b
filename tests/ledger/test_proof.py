"""Proofs: made as the RFC defines them, and never believed when a bit is off."""

from __future__ import annotations

import os

import aics_tlog
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import Malformed, Unproven
from truceline.ledger import proof, tiles, tree
from truceline.ledger.proof import TileTree, verify_consistency, verify_inclusion

from . import naive

ENTRIES = [b"entry %d" % number for number in range(66_000)]
LEAVES = tree.leaf_hashes(ENTRIES)
FILES = tiles.grow(tiles.EMPTY_EDGE, ENTRIES).files()


def tree_of(size: int) -> TileTree:
    return TileTree(FILES.get, size)


sizes = st.integers(1, 700)


@given(st.data(), sizes)
@settings(max_examples=60, deadline=None)
def test_an_inclusion_proof_is_the_path_of_the_definition_and_holds(data, size):
    index = data.draw(st.integers(0, size - 1))
    path = tree_of(size).inclusion(index)

    assert path == naive.path(index, LEAVES[:size])
    verify_inclusion(LEAVES[index], index, size, path, naive.mth(LEAVES[:size]))


@given(st.data(), sizes)
@settings(max_examples=60, deadline=None)
def test_a_consistency_proof_is_the_proof_of_the_definition_and_holds(data, size):
    old = data.draw(st.integers(0, size))
    path = tree_of(size).consistency(old)

    assert path == naive.proof(old, LEAVES[:size])
    verify_consistency(old, naive.mth(LEAVES[:old]), size, naive.mth(LEAVES[:size]), path)


def test_proofs_cross_the_borders_of_tiles_of_every_level():
    size = 66_000
    whole = tree_of(size)
    root = tree.root_of(LEAVES)
    for index in (0, 255, 256, 65_535, 65_536, size - 1):
        verify_inclusion(LEAVES[index], index, size, whole.inclusion(index), root)
    for old in (1, 255, 256, 257, 65_535, 65_536, 65_537, size):
        verify_consistency(old, tree.root_of(LEAVES[:old]), size, root, whole.consistency(old))


def test_another_implementation_makes_the_same_proofs_and_believes_ours():
    reader = aics_tlog.MemoryTileReader(FILES)
    whole = tree_of(66_000)
    for index in (0, 1, 300, 65_999):
        assert list(aics_tlog.inclusion_proof_from_tiles(reader, index, 66_000)) == whole.inclusion(
            index
        )
    for old in (1, 300, 512, 65_999):
        assert list(
            aics_tlog.consistency_proof_from_tiles(reader, old, 66_000)
        ) == whole.consistency(old)


@given(st.data(), sizes)
@settings(max_examples=80, deadline=None)
def test_no_altered_inclusion_proof_holds(data, size):
    index = data.draw(st.integers(0, size - 1))
    path, root = tree_of(size).inclusion(index), naive.mth(LEAVES[:size])
    altered = data.draw(st.sampled_from(["leaf", "index", "size", "drop", "add", "flip", "root"]))
    leaf = LEAVES[index]
    if altered == "leaf":
        leaf = os.urandom(32)
    elif altered == "index":
        index = data.draw(st.integers(0, size + 2).filter(lambda other: other != index))
    elif altered == "size":
        size, other = data.draw(st.integers(0, 1500).filter(lambda n: n != size)), size
        if _same_shape(index, size, other):
            return
    elif altered == "drop" and path:
        path.pop(data.draw(st.integers(0, len(path) - 1)))
    elif altered == "flip" and path:
        path[data.draw(st.integers(0, len(path) - 1))] = os.urandom(32)
    elif altered == "root":
        root = os.urandom(32)
    else:
        path.append(os.urandom(32))

    with pytest.raises(Unproven):
        verify_inclusion(leaf, index, size, path, root)


def _same_shape(index: int, one: int, other: int) -> bool:
    """A path says only on which side each sibling lies; sizes that agree on that verify alike.

    The size is bound to the root by the signed checkpoint, not by the path.
    """
    if not 0 <= index < one:
        return False
    return _sides(index, one) == _sides(index, other)


def _sides(index: int, size: int) -> list[str]:
    if size == 1:
        return []
    half = naive.split(size)
    if index < half:
        return [*_sides(index, half), "right"]
    return [*_sides(index - half, size - half), "left"]


@given(st.data(), st.integers(2, 700))
@settings(max_examples=80, deadline=None)
def test_no_altered_consistency_proof_holds(data, size):
    old = data.draw(st.integers(1, size - 1))
    path, old_root, root = (
        tree_of(size).consistency(old),
        naive.mth(LEAVES[:old]),
        naive.mth(LEAVES[:size]),
    )
    altered = data.draw(st.sampled_from(["old root", "root", "drop", "add", "flip", "swap"]))
    if altered == "old root":
        old_root = os.urandom(32)
    elif altered == "root":
        root = os.urandom(32)
    elif altered == "drop":
        path.pop(data.draw(st.integers(0, len(path) - 1)))
    elif altered == "add":
        path.append(os.urandom(32))
    elif altered == "flip":
        path[data.draw(st.integers(0, len(path) - 1))] = os.urandom(32)
    else:
        old, size = size, old

    with pytest.raises(Unproven):
        verify_consistency(old, old_root, size, root, path)


def test_a_forked_log_has_no_consistency_proof():
    ours = LEAVES[:300]
    forked = [*LEAVES[:250], os.urandom(32), *LEAVES[251:300]]
    path = tree_of(600).consistency(300)

    verify_consistency(300, naive.mth(ours), 600, naive.mth(LEAVES[:600]), path)
    with pytest.raises(Unproven, match="not shown to be the beginning"):
        verify_consistency(300, naive.mth(forked), 600, naive.mth(LEAVES[:600]), path)


def test_one_size_with_two_roots_is_a_fork():
    with pytest.raises(Unproven):
        verify_consistency(5, naive.mth(LEAVES[:5]), 5, naive.mth(LEAVES[1:6]), [])
    verify_consistency(5, naive.mth(LEAVES[:5]), 5, naive.mth(LEAVES[:5]), [])


def test_a_tree_asked_for_what_it_does_not_have_says_so():
    with pytest.raises(Malformed, match="has 5 leaves"):
        tree_of(5).inclusion(5)
    with pytest.raises(Malformed, match="not within 0 to 5"):
        tree_of(5).consistency(6)


def test_hashes_of_another_length_prove_nothing():
    with pytest.raises(Unproven, match="32 bytes"):
        verify_inclusion(LEAVES[0], 0, 2, [b"short"], naive.mth(LEAVES[:2]))


def test_a_tree_that_keeps_few_tiles_makes_the_same_proofs():
    small = TileTree(FILES.get, 66_000, kept=2)

    for index in (0, 65_999, 300, 65_536, 0):
        assert small.inclusion(index) == tree_of(66_000).inclusion(index)
    assert proof.MAX_PROOF == 63
