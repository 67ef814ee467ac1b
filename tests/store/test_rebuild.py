"""The views are what the log gives: made again, equal to the byte, on both stores alike."""

from __future__ import annotations

import sqlalchemy as sa
from tests.support.assembly import Assembly, agreed, founded, fresh_id, key_tree, report

from truceline.mechanism import fsck, upkeep
from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.installation import Installation
from truceline.records.record import Micros
from truceline.records.sealed import Disclosure, digests
from truceline.store import schema
from truceline.store.files import digest_of
from truceline.store.views import contents, public_map, records, writing


def lived(installation, assembly) -> None:
    """A little of everything that leaves rows."""
    for number in range(5):
        installation.door.submit(report(assembly, "north-1", number)).taken()
    part = Disclosure(b"4" * 16, "name", "Someone")
    body = {"officer": "n5", "roles": ["unit"], "key": key_tree("n5")}
    signed = assembly.hand("north").sign("officer.appointed/1", body, sealed=digests([part]))
    installation.door.submit(signed, [part.text()]).taken()
    why = {"en": "A reason", "ar": "سبب"}
    north = assembly.hand("north-1")
    installation.door.submit(north.sign("zone.suspended/1", {"zone": "Z1", "why": why})).taken()
    with installation.store.reading() as look:
        about = records.newest(look, limit=1)[0].id
    told = {"record": about, "part": "name", "to": "south", "purpose": "because"}
    installation.door.state("disclosure.made/1", told).taken()


def test_rebuilding_gives_the_same_views(installation, assembly):
    lived(installation, assembly)
    folder = installation.layout.folder
    installation.close()
    with upkeep.opened(folder, writing=True) as ground:
        made = upkeep.rebuild(ground)
    assert made.same
    assert made.records > 20


def test_a_view_that_was_tampered_with_is_found_and_mended(installation, assembly):
    lived(installation, assembly)
    folder = installation.layout.folder
    with installation.store.writing() as tx:
        tx.execute(sa.update(schema.consent).values(body="south"))
    installation.close()
    with upkeep.opened(folder, writing=False) as ground:
        assert any("consent" in one for one in fsck.fsck(ground).wrong)
    with upkeep.opened(folder, writing=True) as ground:
        assert not upkeep.rebuild(ground).same
        assert upkeep.rebuild(ground).same
        assert fsck.fsck(ground).wrong == []


def test_both_stores_hold_the_same_views_of_the_same_log(tmp_path, postgres_server, monkeypatch):
    found = []
    for name, database in (("one", ""), ("two", postgres_server.database())):
        clock = ScenarioClock(Micros(1_700_000_000_000_000), playing=False)
        assembly = Assembly()
        from tests.support import assembly as support

        monkeypatch.setattr(support, "_numbers", iter(range(1, 1_000)))
        (tmp_path / name).mkdir()
        with founded(tmp_path / name, assembly, database=database, clock=clock) as made:
            for one in agreed(made, assembly):
                made.door.submit(one).taken()
            with made.store.reading() as look:
                tables = {t.name: writing_of(look, t) for t in schema.views()}
            found.append(tables)
    differing = [name for name in found[0] if found[0][name] != found[1][name]]
    # The two logs have mechanism keys of their own; nothing else in them differs.
    assert set(differing) <= {"record", "key"}
    assert found[0]["content"] == found[1]["content"]


def writing_of(look, table) -> list[bytes]:
    """The dump of one view, without what depends on the mechanism's own key."""
    lines, inside = [], False
    for line in writing.dump(look):
        head = line.split(b" ", 1)[0].decode()
        if head in schema.metadata.tables and line.endswith(b"\n") and b"leaf_index" in line:
            inside = head == table.name
            continue
        if inside:
            lines.append(line)
    return lines


def test_the_public_map_of_sql_is_that_of_the_fold(installation, assembly):
    lived(installation, assembly)
    at = installation.clock.now()
    with installation.reading_book() as book, installation.store.reading() as look:
        assert public_map.items(look, size=book.size, at=at) == book.public_map(at)
        (item,) = book.public_map(at)
    assert item["suspended_by"] == ["north"]
    with installation.store.reading() as look:
        assert public_map.items(look, size=7, at=at) == []


def test_boundaries_are_found_by_place_with_an_exact_test(installation):
    with installation.store.reading() as look:
        inside = contents.touching(look, west=36.6, south=35.6, east=36.7, north=35.7)
        beside = contents.touching(look, west=37.1, south=35.6, east=37.2, north=35.7)
        barely = contents.touching(look, west=37.000001, south=35.6, east=37.2, north=35.7)
    assert [one.zone for one in inside] == ["Z1"]
    assert beside == barely == []


def test_fsck_finds_nothing_wrong_with_an_honest_installation(installation, assembly):
    lived(installation, assembly)
    folder = installation.layout.folder
    installation.close()
    with upkeep.opened(folder, writing=False) as ground:
        found = fsck.fsck(ground)
    assert found.wrong == []
    assert found.sealed_parts >= 1
    assert found.files >= 2


def test_fsck_names_what_was_altered(installation, assembly):
    lived(installation, assembly)
    folder = installation.layout
    with installation.store.reading() as look:
        named = records.by_index(look, 5)
    installation.close()
    file = next(path for path in folder.files.rglob("*") if path.is_file())
    file.chmod(0o644)
    file.write_bytes(b"something else")
    tile = next((folder.log / "tile" / "0").rglob("*.p/*"))
    tile.write_bytes(b"\0" * tile.stat().st_size)
    next(path for path in folder.sealed.glob("??/*")).unlink()
    with upkeep.opened(folder.folder, writing=False) as ground:
        wrong = "\n".join(fsck.fsck(ground).wrong)
    assert f"file {file.name}" in wrong
    assert "a sealed part is lost" in wrong
    assert named.kind == "instrument.published/1"


def test_the_logs_files_are_made_again_to_fit_the_published_checkpoint(installation):
    folder = installation.layout.folder
    installation.close()
    before = {
        path.relative_to(folder): path.read_bytes()
        for path in (folder / "log" / "tile").rglob("*")
        if path.is_file()
    }
    for path in before:
        (folder / path).unlink()
    with upkeep.opened(folder, writing=True) as ground:
        assert upkeep.rebuild_log(ground) > 0
        assert fsck.fsck(ground).wrong == []
    after = {path: (folder / path).read_bytes() for path in before if (folder / path).exists()}
    assert after
    assert all(before[path] == data for path, data in after.items())


def test_a_fence_keeps_rebuild_out_while_the_installation_runs(installation):
    import pytest

    from truceline.errors import Reason, Unavailable

    with (
        pytest.raises(Unavailable) as failure,
        upkeep.opened(installation.layout.folder, writing=True),
    ):
        pass
    assert failure.value.reason is Reason.NOT_THE_WRITER


def with_a_sealed_file(installation) -> tuple[str, str]:
    """A segment on the log whose file lies under the data key: its record's id, its hash."""
    file = installation.files.put(b"everybody's tracks " * 99, "text/plain", sealed=True)
    body = {
        "segment": fresh_id(),
        "source": "t",
        "file": file.tree(),
        "first_at": 1,
        "last_at": 2,
        "fixes": 3,
        "left_out": 0,
        "nature": "synthetic",
    }
    index = installation.door.state("air.segment/1", body).taken()
    with installation.store.reading() as look:
        return records.by_index(look, index).id, file.sha256


def test_a_sealed_file_is_nowhere_in_the_data_folder_and_fsck_reads_it(installation, assembly):
    _, sha256 = with_a_sealed_file(installation)
    folder = installation.layout.folder
    installation.close()
    for path in folder.rglob("*"):
        assert not path.is_file() or b"everybody's tracks" not in path.read_bytes(), path
    with upkeep.opened(folder, writing=True) as ground:
        assert ground.files.read(sha256).startswith(b"everybody's tracks")
        assert fsck.fsck(ground).wrong == []
        assert upkeep.rebuild(ground).same
    path = next((folder / "sealed" / "files").glob("??/??/*"))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1])
    with upkeep.opened(folder, writing=False) as ground:
        assert any(sha256 in one for one in fsck.fsck(ground).wrong)


def test_a_sealed_file_can_be_erased_and_the_erasure_is_finished_after_a_crash(
    installation, assembly
):
    record_id, sha256 = with_a_sealed_file(installation)
    installation.erase(record_id, [digest_of(sha256)], "asked to").taken()
    assert not installation.files.has(sha256)
    second, kept = with_a_sealed_file(installation)
    erased = {"record": second, "digests": [digest_of(kept)], "why": "asked to"}
    installation.door.state("sealed.erased/1", erased).taken()  # and here the power failed
    folder = installation.layout.folder
    installation.close()
    with Installation.open(folder) as again:
        assert not again.files.has(kept)
    with upkeep.opened(folder, writing=False) as ground:
        assert fsck.fsck(ground).wrong == []
