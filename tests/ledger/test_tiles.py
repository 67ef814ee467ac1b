"""Tiles and bundles: names, what an append writes, and what a reader may believe."""

from __future__ import annotations

import aics_tlog
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import Malformed, Unproven
from truceline.ledger import tiles, tree
from truceline.ledger.tiles import Place

ENTRIES = [b"entry %d" % number for number in range(70_000)]


def log_of(size: int) -> dict[str, bytes]:
    return tiles.grow(tiles.EMPTY_EDGE, ENTRIES[:size]).files()


@pytest.mark.parametrize(
    ("number", "path"),
    [
        (0, "tile/0/000"),
        (999, "tile/0/999"),
        (1000, "tile/0/x001/000"),
        (1234067, "tile/0/x001/x234/067"),
    ],
)
def test_an_index_is_written_in_threes(number, path):
    assert tiles.tile_path(0, number) == path
    assert tiles.read_path(path) == Place(0, number)


def test_a_partial_file_names_its_width():
    assert tiles.bundle_path(3, 7) == "tile/entries/003.p/7"
    assert tiles.read_path("tile/entries/003.p/7") == Place(None, 3, 7)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1",
        "tile/00/001",
        "tile/64/001",
        "tile/0/x000/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/07",
        "tile/0/../001",
        "tile/0/001\n",
        "checkpoint",
        "tile/entries/x001/001/",
    ],
)
def test_another_spelling_of_a_path_is_refused(path):
    with pytest.raises(Malformed):
        tiles.read_path(path)


def test_a_tree_of_seventy_thousand_has_the_files_of_the_specification():
    files = log_of(70_000)

    assert sum(path.startswith("tile/0/") and ".p/" not in path for path in files) == 273
    assert len(files["tile/0/273.p/112"]) == 112 * 32
    assert len(files["tile/1/000"]) == 8192
    assert len(files["tile/1/001.p/17"]) == 17 * 32
    assert len(files["tile/2/000.p/1"]) == 32
    assert len(tiles.unpack(files["tile/entries/273.p/112"])) == 112
    assert len(files) == 273 + 1 + 1 + 1 + 1 + 273 + 1


def test_a_tree_of_256_has_one_full_tile_and_a_partial_one_above_it():
    assert set(log_of(256)) == {"tile/0/000", "tile/1/000.p/1", "tile/entries/000"}


@given(st.lists(st.integers(1, 400), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_the_files_do_not_depend_on_how_the_entries_were_batched(batches):
    edge, files, at = tiles.EMPTY_EDGE, {}, 0
    for batch in batches:
        growth = tiles.grow(edge, ENTRIES[at : at + batch])
        files.update(growth.full)
        edge, at = growth.edge, at + batch
    files.update(edge.partial())

    assert files == log_of(at)
    assert edge.root() == tree.root_of(tree.leaf_hashes(ENTRIES[:at]))


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600, 65_536, 65_537, 70_000])
def test_a_writer_finds_its_edge_again_in_the_files(size):
    grown = tiles.grow(tiles.EMPTY_EDGE, ENTRIES[:size])

    assert tiles.edge_at(grown.files().get, size) == grown.edge


def test_a_writer_that_lost_its_partial_files_reads_the_full_ones():
    grown = tiles.grow(tiles.EMPTY_EDGE, ENTRIES[:300])

    full = {path: data for path, data in log_of(65_536).items() if ".p/" not in path}

    assert tiles.edge_at(full.get, 300) == grown.edge


def test_a_log_without_its_tiles_has_proved_nothing():
    with pytest.raises(Unproven, match="no such file"):
        tiles.edge_at({}.get, 300)
    with pytest.raises(Unproven, match="the tile has 31 bytes"):
        tiles.fetch({"tile/0/000.p/1": b"x" * 31}.get, Place(0, 0, 1))


@given(st.lists(st.binary(max_size=300), max_size=256))
@settings(max_examples=40, deadline=None)
def test_a_bundle_gives_its_entries_back(entries):
    assert tiles.unpack(tiles.pack(entries)) == entries


def test_an_entry_of_65535_bytes_is_taken_and_one_more_is_refused():
    whole = b"x" * 65_535

    assert tiles.unpack(tiles.pack([whole])) == [whole]
    with pytest.raises(Malformed, match="65536 bytes"):
        tiles.grow(tiles.EMPTY_EDGE, [whole + b"x"])


@pytest.mark.parametrize("bundle", [b"\x00", b"\x00\x02a", b"\x00\x01ab", b"\x00\x00" * 257])
def test_a_torn_or_overfull_bundle_is_refused(bundle):
    with pytest.raises(Malformed, match="not a bundle"):
        tiles.unpack(bundle)


def test_one_entry_is_found_by_its_index():
    files = log_of(600)

    assert tiles.entry_at(files.get, 0, 600) == ENTRIES[0]
    assert tiles.entry_at(files.get, 599, 600) == ENTRIES[599]
    with pytest.raises(Malformed):
        tiles.entry_at(files.get, 600, 600)


def test_another_implementation_reads_our_files():
    files = log_of(70_000)
    reader = aics_tlog.MemoryTileReader(files)
    root = tree.root_of(tree.leaf_hashes(ENTRIES))

    assert aics_tlog.tree_root_from_tiles(reader, 70_000) == root
    assert aics_tlog.read_entry(reader, 69_999, 70_000) == ENTRIES[69_999]
