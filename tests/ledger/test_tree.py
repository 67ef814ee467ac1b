"""The tree is RFC 6962's: held against its vectors, a recursive tree, and a stranger's code."""

from __future__ import annotations

import json
import os
from pathlib import Path

import aics_tlog
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import Malformed
from truceline.ledger import tree

from . import naive

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "rfc6962.json").read_text())
RANDOM = [os.urandom(32) for _ in range(700)]

hashes = st.lists(st.binary(min_size=32, max_size=32), max_size=70)


def test_the_root_of_no_leaves_is_the_hash_of_nothing():
    assert (
        tree.EMPTY.root().hex()
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference_vectors(size):
    leaves = [tree.leaf_hash(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"][:size]]

    assert tree.root_of(leaves).hex() == VECTORS["roots"][size - 1]


@given(hashes)
@settings(max_examples=60, deadline=None)
def test_the_grown_root_is_the_root_of_the_recursive_definition(leaves):
    assert tree.root_of(leaves) == naive.mth(leaves)


@given(hashes, st.lists(st.integers(1, 20), max_size=12))
@settings(max_examples=60, deadline=None)
def test_the_root_does_not_depend_on_how_the_leaves_were_batched(leaves, cuts):
    frontier, at = tree.EMPTY, 0
    for cut in [*cuts, len(leaves)]:
        frontier, _ = frontier.extend(leaves[at : at + cut])
        at = min(len(leaves), at + cut)

    assert frontier == tree.EMPTY.extend(leaves)[0]


@given(st.integers(0, 300), st.integers(0, 300))
@settings(max_examples=30, deadline=None)
def test_an_append_names_every_node_that_became_complete_and_no_other(before, more):
    frontier, _ = tree.EMPTY.extend(RANDOM[:before])
    _, rows = frontier.extend(RANDOM[before : before + more])

    for height, row in enumerate(rows):
        first, last = before >> height, (before + more) >> height
        assert row == [
            naive.mth(RANDOM[n << height : (n + 1) << height]) for n in range(first, last)
        ]


def test_another_implementation_finds_the_same_root():
    for size in (1, 2, 3, 255, 256, 257, 700):
        other = aics_tlog.MerkleTree()
        for leaf in RANDOM[:size]:
            other.append(leaf)

        assert tree.root_of([tree.leaf_hash(leaf) for leaf in RANDOM[:size]]) == other.root()


def test_a_frontier_comes_back_from_its_peaks():
    for size in (0, 1, 6, 255, 256, 257):
        frontier, _ = tree.EMPTY.extend(RANDOM[:size])
        peaks = [peak for peak in reversed(frontier.peaks) if peak]

        assert tree.frontier_from(size, peaks) == frontier


def test_peaks_that_do_not_fit_the_size_are_refused():
    with pytest.raises(Malformed):
        tree.frontier_from(3, [RANDOM[0]])
    with pytest.raises(Malformed):
        tree.frontier_from(1, [b"short"])
