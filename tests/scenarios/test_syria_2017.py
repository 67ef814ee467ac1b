"""The play of `syria_2017.md`, performed as a user starts it, and then looked at from outside."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from truceline.ledger.tree import leaf_hash
from truceline.mechanism import settings as setting
from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.installation import Installation
from truceline.records import envelope, record
from truceline.records.kinds import KINDS, SEALED_LEAF, Leaf
from truceline.records.record import Micros, Record
from truceline.scenario import flights, material
from truceline.scenario.sky import SOURCES
from truceline.store import log
from truceline.store.layout import Layout
from truceline.zones import in_force

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("syria")]


def at(text: str) -> Micros:
    """A moment written with its offset."""
    return material.micros(datetime.fromisoformat(text))


def truceline(*words: object, home: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, with a home folder of its own and no network needed."""
    return subprocess.run(
        [sys.executable, "-m", "truceline.cli", *map(str, words)],
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=check,
        timeout=240,
    )


@dataclass(frozen=True)
class Told:
    """A demonstration that was told to its end."""

    folder: Path
    home: Path
    said: str

    def entries(self) -> list[tuple[int, Micros, Record]]:
        """Every leaf: its index, when it was received, the record as it stands in the log."""
        with self.opened() as installation, installation.store.reading() as look:
            return [
                (row.index, row.received_at, self._record(row.entry)) for row in log.walk(look, 0)
            ]

    @staticmethod
    def _record(entry: bytes) -> Record:
        return record.read(envelope.read_entry(entry).envelope.payload)

    def opened(self) -> Installation:
        """The installation, to be read."""
        clock = ScenarioClock(Micros(0), playing=False)
        chosen = setting.read(Layout(self.folder).settings)
        return Installation.open(self.folder, chosen, clock=clock, writer=False)

    def genesis(self) -> str:
        """The leaf hash of the founding record, as a party would have kept it."""
        with self.opened() as installation, installation.store.reading() as look:
            return leaf_hash(next(iter(log.walk(look, 0))).entry).hex()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The whole demonstration, run once without a page."""
    home = tmp_path_factory.mktemp("home")
    folder = tmp_path_factory.mktemp("syria") / "demo"
    done = truceline("demo", "--headless", "--data", folder, home=home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        yield Told(folder, home, done.stdout)


@pytest.fixture(scope="module")
def book(told: Told) -> Iterator[Any]:
    """The state at the end of the log."""
    with told.opened() as installation, installation.reading_book() as state:
        yield state


def in_force_at(book: Any, zone: str, moment: str) -> str | None:
    """The short hash of what is in force, or None."""
    found = in_force.in_force(book.zones[zone], at(moment))
    return None if found is None else found.content


def test_the_founding_is_signed_by_all_and_the_officers_are_pseudonyms(told, book):
    cast = material.cast()

    assert book.register.mode == "exercise"
    assert set(book.register.bodies) == {one.code for one in cast.bodies}
    assert set(book.register.officers) == {one.code for one in cast.officers}


def test_every_act_of_the_play_stands_in_the_log_and_the_refused_one_does_not(told):
    by_kind = Counter(one.kind for _, _, one in told.entries())
    acts = [one for one in material.acts() if not one.refused]
    wanted = Counter(one.kind for one in acts if KINDS[one.kind].leaf is Leaf.CLEAR)

    for kind, count in wanted.items():
        assert by_kind[kind] == count, kind
    assert by_kind[SEALED_LEAF] >= len(acts) - wanted.total()


def test_an_instrument_enters_by_its_own_rule_and_keeps_each_reading(book):
    astana = book.instruments["ASTANA-2017"]

    assert astana.entered.from_at == at("2017-05-05T00:00:00+03:00")
    assert book.instruments["AMMAN-2017"].entered.from_at == at("2017-07-09T12:00:00+03:00")
    assert len(astana.readings) == 3


def test_each_clock_fired_once_at_its_own_instant(told, book):
    fired = [
        (one.body["clock"], one.body["step"], one.body["due_at"], received)
        for _, received, one in told.entries()
        if one.kind == "clock.fired/1"
    ]
    steps = [(clock, step) for clock, step, _, _ in fired]

    assert len(steps) == len(set(steps))
    assert ("deadline/ASTANA-2017/MAPS", 2) in steps
    assert ("deadline/HOMS-2017/EXIT", 2) in steps
    for clock, step, due_at, received in fired:
        assert 0 <= received - due_at < 60_000_000, (clock, step)
    assert (
        book.instruments["ASTANA-2017"].deadlines["MAPS"].state(at("2017-09-20T09:00+03:00"))
        == "late"
    )


def test_zones_come_into_force_at_their_hours_and_others_never(book):
    assert in_force_at(book, "SOUTH-D", "2017-07-09T11:59:59+03:00") is None
    assert in_force_at(book, "SOUTH-D", "2017-07-09T12:00:00+03:00") is not None
    assert in_force_at(book, "HOMS-B", "2017-08-03T11:59:59+03:00") is None
    assert in_force_at(book, "HOMS-B", "2017-08-03T12:00:00+03:00") is not None
    assert in_force_at(book, "DEZ-1", "2017-09-15T12:00:00+03:00") is None
    assert in_force_at(book, "DEZ-1", "2017-09-15T13:00:00+03:00") is not None
    for never in ("DEZ-2", "DEZ-3", "DEZ-4", "DCZ-TANF"):
        assert in_force_at(book, never, "2017-09-20T09:00:00+03:00") is None


def test_eastern_ghouta_is_narrow_until_the_second_group_has_joined(book):
    narrow = in_force_at(book, "GHOUTA-C", "2017-07-22T12:00:00+03:00")
    before = in_force_at(book, "GHOUTA-C", "2017-08-18T20:59:59+03:00")
    after = in_force_at(book, "GHOUTA-C", "2017-08-18T21:00:01+03:00")

    assert narrow == before
    assert after not in (None, narrow)
    assert "FAR" in book.instruments["GHOUTA-2017"].adherents


def test_a_second_line_stands_beside_the_one_in_force_until_the_second_group_joins(book):
    zone = book.zones["GHOUTA-C"]
    opening = material.story()["story"][0]["at"]
    before, beside, after = (
        {one.body: one.line for one in in_force.positions(zone, at(moment))}
        for moment in ("2017-07-26T09:00+03:00", opening.isoformat(), "2017-08-19T00:00+03:00")
    )

    assert "JAI" not in before
    assert beside["JAI"] != beside["RU"] == in_force_at(book, "GHOUTA-C", opening.isoformat())
    assert after["JAI"] == after["RU"]


def test_posts_keep_agreed_reported_and_observed_apart(book):
    post = book.posts["SOUTH-CP"]

    assert post.agreed == 2
    assert [one.count for one in post.reports] == [2]
    assert [one.count for one in post.observations] == [0]


def test_a_lost_key_gave_way_to_another_by_its_recovery_key(book):
    held = book.register.all_keys_of("OBS-PIPIT")

    assert [str(one.ended) for one in held] == ["replaced", "None"]


def test_the_log_proves_itself_offline_with_what_a_party_has_kept(told):
    done = truceline(
        "verify",
        told.folder,
        "--genesis",
        told.genesis(),
        "--receipts",
        told.folder / "parties" / "RU" / "receipts",
        "--snapshot",
        told.folder / "log" / "snapshots",
        home=told.home,
    )

    assert done.returncode == 0
    unproved = [line for line in done.stdout.splitlines() if line.startswith("NOT PROVED")]
    known = (
        "stated by the mechanism",
        "outcomes tell of an entry",
        "prediction",
        "pseudonym",
        "sealed",
    )
    assert all(any(one in line for one in known) for line in unproved), unproved
    assert "5 witnesses (3 needed) cosigned" in done.stdout


def test_the_views_made_again_from_the_log_are_the_same(told):
    done = truceline("rebuild", "--data", told.folder, "--json", home=told.home)
    made = json.loads(done.stdout)

    assert made["before"] == made["after"]
    assert made["records"] == len(told.entries())


def test_the_sky_run_again_from_its_segments_gives_the_crossings_on_the_record(told):
    replayed = truceline(
        "replay", "--data", told.folder, "--from", "2017-05-01T00:00Z", "--to", "2017-10-01T00:00Z",
        "--json", home=told.home,
    )  # fmt: skip
    counts = json.loads(replayed.stdout)
    assert counts["the_same_on_the_record"] == counts["crossings_found"] > 0
    assert counts["segment_never_sealed"] == 0


def test_the_log_on_this_machine_fits_together(told):
    assert truceline("ledger", "fsck", "--data", told.folder, home=told.home).returncode == 0


# -- nothing leaks (Shown by 5) -----------------------------------------------------------------


LEAST_NUMBER = 1_000_000
"""Smaller numbers (feet, sequence numbers) cannot be told from anybody else's numbers."""
YEAR_2000 = 946_684_800_000_000
SAID_IN_CLEAR = frozenset(("crossed_at", "zone"))
"""The instant of entry and of leaving, and a public zone's code, stand in clear and are meant to."""


def deep(value: Any, name: str = "") -> Iterator[Any]:
    """Every text and large number inside a value, but for what is said in clear too."""
    if isinstance(value, dict):
        for inside, inner in value.items():
            yield from deep(inner, inside)
    elif isinstance(value, list):
        for inner in value:
            yield from deep(inner, name)
    elif name not in SAID_IN_CLEAR and (
        (isinstance(value, str) and len(value) >= 5)
        or (type(value) is int and abs(value) >= LEAST_NUMBER)
    ):
        yield value


def published(told: Told) -> list[bytes]:
    """Everything that the log shows to everyone: files and receipts, and what is in base 64 there."""
    files = [one for one in (told.folder / "log").rglob("*") if one.is_file()]
    files += list((told.folder / "parties").glob("*/receipts/*"))
    parts = [one.read_bytes() for one in files]
    inside = [
        base64.b64decode(found)
        for part in parts
        for found in re.findall(rb'"payload":"([A-Za-z0-9+/=]+)"', part)
    ]
    return [*parts, *inside]


def sealed_parts(told: Told) -> list[tuple[Record, Mapping[str, Any]]]:
    """Every record with sealed parts and the parts, opened with the data key."""
    with told.opened() as installation, installation.store.reading() as look:
        rows = list(log.walk(look, 0))
        found = []
        for row in rows:
            outer = told._record(row.entry)
            if outer.sealed:
                kept = installation.vault.get(row.pae)
                found.append((outer, {one.name: one.value for one in kept}))
        return found


def hidden_in(told: Told) -> set[str | int]:
    """Every value that is sealed somewhere, but for those that are said in clear elsewhere.

    Said in clear are times (of receipt, of entry), the ids of records, codes and kinds.
    """
    entries = told.entries()
    clear: set[str | int] = {one.id for _, _, one in entries} | set(KINDS)
    clear |= {one.code for one in material.cast().bodies} | {"mechanism", *SOURCES.values()}
    clear |= {one.code for one in material.cast().officers}
    times = {time for _, at_, one in entries for time in (at_, one.made_at, *deep(one.body))}
    clear |= {time for time in times if type(time) is int and time > YEAR_2000}
    values = {
        one
        for _, parts in sealed_parts(told)
        for name, part in parts.items()
        if "."
        not in name  # a place to the nearest kilometre is a round number that others have too
        for one in deep(part)
    }
    values |= {one.name for one in KINDS.values() if one.leaf is Leaf.SEALED}
    return (values - clear) | {one.name for one in KINDS.values() if one.leaf is Leaf.SEALED}


def leaked(hidden: set[str | int], shown: list[bytes]) -> list[str | int]:
    """The hidden values that stand in what is shown: as a JSON value, or inside a longer text."""
    tokens = {one for part in shown for one in re.findall(rb'"(?:[^"\\]|\\.)*"|-?\d+', part)}
    whole = b"\n".join(shown)
    return [
        one
        for one in sorted(hidden, key=str)
        if json.dumps(one).encode() in tokens
        or json.dumps(one, ensure_ascii=False).encode() in tokens
        or (isinstance(one, str) and len(one) >= 8 and one.encode() in whole)
    ]


def test_no_sealed_value_kind_or_name_stands_in_the_published_log(told):
    hidden = hidden_in(told)

    assert len(hidden) > 300
    assert {one.name for one in material.cast().officers} <= hidden
    assert {one.icao24 for one in flights.programme().past if "above" not in one.key} <= hidden
    assert leaked(hidden, published(told)) == []


@pytest.mark.parametrize("planted", ["Heron Vasterling", "f0a101", "disclosure.made/1"])
def test_the_search_would_find_a_leak(told, planted):
    hidden = hidden_in(told)
    leaf = base64.b64encode(json.dumps({"body": {"note": planted}}).encode())
    (told.folder / "log" / "planted").write_bytes(b'{"payload":"' + leaf + b'"}')
    try:
        assert leaked(hidden, published(told)) == [planted]
    finally:
        (told.folder / "log" / "planted").unlink()


def test_a_sealed_leaf_shows_a_pseudonym_digests_and_nothing_else(told):
    hidden = [one for _, _, one in told.entries() if one.kind == SEALED_LEAF]

    assert hidden, "the play hands a sealed part out"
    for one in hidden:
        assert (one.author, one.refs, one.body) == ("", (), {})
        assert len(one.sealed) >= 4


def _escaped(text: str) -> bytes:
    return json.dumps(text)[1:-1].encode()


# -- again ------------------------------------------------------------------------------------------


def told_things(told: Told) -> Counter[str]:
    """What was said, apart from keys, salts and what follows from them."""
    return Counter(
        json.dumps([one.kind, one.author, _without_keys(one.body)], sort_keys=True)
        for _, _, one in told.entries()
        # An outcome is told by the id of its prediction, which is drawn anew, and by the clock.
        if one.kind not in ("genesis/1", "pseudonym.enrolled/1", "air.predicted/1")
    )


def _without_keys(value: Any) -> Any:
    chance = {"key", "old", "segment", "crossing", "signature", "consents", "file"}
    if isinstance(value, dict):
        return {name: _without_keys(one) for name, one in value.items() if name not in chance}
    return [_without_keys(one) for one in value] if isinstance(value, list) else value


def leaves_in(folder: Path) -> int:
    """How many leaves the published checkpoint covers."""
    try:
        return int((folder / "log" / "checkpoint").read_text().splitlines()[1])
    except (FileNotFoundError, IndexError):
        return 0


def killed_at(told: Told, size: int) -> int:
    """Start a telling and kill it, no hand on anything, once the log has so many leaves."""
    running = subprocess.Popen(
        [sys.executable, "-m", "truceline.cli", "demo", "--headless", "--data", str(told.folder)],
        env={**os.environ, "HOME": str(told.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while leaves_in(told.folder) < size and running.poll() is None:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    return leaves_in(told.folder)


def test_a_second_telling_says_the_same_and_one_that_was_killed_goes_on(told, tmp_path):
    again = Told(tmp_path / "demo", told.home, "")
    whole = len(told.entries())
    for size in (15, 60, whole - 20):
        assert killed_at(again, size) < whole
    truceline("demo", "--headless", "--data", again.folder, home=told.home)

    assert told_things(again) == told_things(told)


def test_the_page_is_served_on_one_address_and_stops_in_order(told):
    started = time.monotonic()
    running = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "truceline.cli",
            "demo",
            "--no-open",
            "--port",
            "0",
            "--data",
            str(told.folder),
        ],
        env={**os.environ, "HOME": str(told.home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    lines = []
    for line in running.stdout:
        lines.append(line)
        if line.startswith("http://"):
            break
    took = time.monotonic() - started
    running.send_signal(signal.SIGINT)
    rest, _ = running.communicate(timeout=30)

    assert running.returncode == 0
    assert sum("http://" in one for one in [*lines, *rest.splitlines()]) == 1
    assert took < 20, "the second start takes seconds, also on a busy machine"
