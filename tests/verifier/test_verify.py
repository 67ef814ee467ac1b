"""What `truceline verify` proves of an honest log, and what it says when it cannot."""

from __future__ import annotations

import http.server
import json
import threading
from functools import partial
from pathlib import Path

import pytest
from tests.simulators.log_host import CONTENT, ORIGIN, LogHost, key, pair

from truceline.ledger import tiles
from truceline.records import keys, sealed
from truceline.verifier.findings import MAX_PER_CHECK, Findings
from truceline.verifier.run import run_verify
from truceline.verifier.verify import Evidence
from truceline.verifier.verify import verify as verify_log

PROVED = {
    "genesis",
    "genesis-hash",
    "checkpoint",
    "tree",
    "records",
    "keys",
    "mandate",
    "ids",
    "refs",
    "sequence",
    "time",
    "backdated",
    "quorum",
    "agreements",
    "adoptions",
}


def test_an_honest_log_is_proved_in_every_respect(host, tmp_path, verify):
    host.publish(tmp_path, snapshot=host.snapshot())
    mine = host.keep_receipts(tmp_path / "receipts", 0, 6, 19)

    run = verify(tmp_path, genesis=host.genesis, receipts=[mine])

    assert run.code == 0
    assert run.checks("proved") == PROVED | {"receipts", "map"}
    assert not run.checks("broken")


def test_a_log_folder_itself_is_read_as_well_as_a_data_folder(host, tmp_path, verify):
    host.publish(tmp_path)

    assert verify(tmp_path / "log", genesis=host.genesis).code == 0


def test_a_log_is_read_over_http(host, tmp_path, verify):
    host.publish(tmp_path)
    serve = partial(QuietFiles, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        run = verify(f"http://127.0.0.1:{server.server_port}/log", genesis=host.genesis)
    finally:
        server.shutdown()
        server.server_close()

    assert run.code == 0
    assert run.checks("proved") == PROVED


def serving(folder: Path, handler: type[http.server.SimpleHTTPRequestHandler]):
    serve = partial(handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def test_a_server_that_asks_for_a_token_gets_it_and_sends_it_nowhere_else(host, tmp_path, verify):
    host.publish(tmp_path)
    heard: list[str] = []

    class Open(QuietFiles):
        def do_GET(self) -> None:
            heard.append(self.headers.get("Authorization", ""))
            super().do_GET()

    class Closed(QuietFiles):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") != "Bearer tl_read_1":
                self.send_error(401)
            elif "entries" in self.path:
                self.send_response(302)
                self.send_header("Location", f"http://127.0.0.1:{other.server_port}{self.path}")
                self.end_headers()
            else:
                super().do_GET()

    other, server = serving(tmp_path, Open), serving(tmp_path, Closed)
    where = f"http://127.0.0.1:{server.server_port}/log"
    try:
        right = verify(where, genesis=host.genesis, token="tl_read_1")
        none, wrong = verify(where), verify(where, token="tl_read_2")
        broken = verify(where, token="tl\r\nX-Also: this")
    finally:
        for one in (server, other):
            one.shutdown()
            one.server_close()

    assert right.code == 0
    assert heard
    assert not any(heard)
    assert (none.code, wrong.code, broken.code) == (2, 2, 2)
    assert "asks for a token (HTTP 401)" in none.says("could_not_check")
    assert "refuses this token" in wrong.says("could_not_check")


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_what_is_proved_is_told_in_plain_words(host, tmp_path):
    host.publish(tmp_path)
    said: list[str] = []

    assert run_verify(str(tmp_path), say=said.append, genesis=host.genesis) == 0
    assert said[-1] == f"The log {ORIGIN} of 20 leaves is proved, as far as said above."
    assert any(
        line.startswith("proved") and "20 leaves hashes to the signed root" in line for line in said
    )


@pytest.mark.slow
def test_a_log_of_many_pages_is_spread_over_processes_and_proved_alike(tmp_path, verify):
    host = LogHost(quorum=0).found()
    host.contest(10_000)
    late = {"officer": "north-2", "roles": ["principal"], "key": pair("north-2")}
    host.say("officer.appointed/1", "north", late, key("north"))
    said = {"zone": "ford", "content": CONTENT["sha256"], "why": {"en": "late"}}
    host.say("zone.contested/1", "north-2", said, key("north-2"))
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 0
    assert f"{host.size} records are canonical" in run.says("proved")


def test_no_log_is_not_a_broken_log(tmp_path, verify):
    assert verify(tmp_path).code == 2
    assert verify(tmp_path / "nowhere").code == 2
    assert verify("http://127.0.0.1:9/log").code == 2


def test_without_a_hash_from_outside_the_trust_root_is_said_to_be_unproved(host, tmp_path, verify):
    host.publish(tmp_path)

    run = verify(tmp_path)

    assert run.code == 0
    assert "compare it with what your body keeps" in run.says("not_proved")
    assert host.genesis in run.says("not_proved")


def test_a_hash_that_is_not_one_is_refused(host, tmp_path):
    host.publish(tmp_path)
    said: list[str] = []

    assert run_verify(str(tmp_path), say=said.append, genesis="12ab") == 2
    assert "64 hexadecimal digits" in said[0]


def test_a_log_without_its_quorum_is_not_proved(host, tmp_path, verify):
    host.publish(tmp_path, head=host.head(cosigned_by=1))

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 1
    assert "others may be shown another log" in run.says("not_proved")


def test_leaves_past_the_last_quorum_are_named_and_become_a_failure_when_they_are_old(
    host, tmp_path, verify
):
    witnessed = host.head(cosigned_by=2)
    host.contest(3)
    host.publish(tmp_path, head=host.head())
    kept = tmp_path / "kept"
    kept.write_bytes(witnessed.encode())

    run = verify(tmp_path, genesis=host.genesis, checkpoints=[kept])

    assert "The last 3 leaves are not yet cosigned by a quorum, though" in run.says("not_proved")
    assert run.code == 1


def test_a_log_that_asks_for_no_witnesses_says_what_that_leaves_open(tmp_path, verify):
    host = LogHost(quorum=0).found()
    host.publish(tmp_path, head=host.head())

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 0
    assert "rests on kept receipts and checkpoints" in run.says("not_proved")


def test_an_exercise_on_its_own_clock_is_not_held_to_wall_time(tmp_path, verify):
    host = LogHost(mode="exercise").found()
    early = host.head(cosigned_by=2, at=host.clock + 10**12)
    host.contest(2)
    host.publish(tmp_path, head=host.head(cosigned_by=2))
    (tmp_path / "kept").write_bytes(early.encode())

    run = verify(tmp_path, genesis=host.genesis, checkpoints=[tmp_path / "kept"])

    assert run.code == 0
    assert "its times say nothing of wall time" in run.says("noted")


def test_a_gap_in_the_numbers_of_a_key_is_allowed_and_shown(host, tmp_path, verify):
    host.envelope("zone.contested/1", "south-1", {}, key("south-1"))  # signed, never sent
    host.contest(1)
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 0
    assert f"Key {key('south-1').id} left out 1 numbers" in run.says("noted")


def test_a_folder_of_older_checkpoints_is_held_together(host, tmp_path, verify):
    kept = tmp_path / "kept"
    kept.mkdir()
    for size in (9, 15):
        head = host.head(size, cosigned_by=2, at=host.clock - 10_000_000)
        (kept / str(size)).write_bytes(head.encode())
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis, checkpoints=[kept])

    assert run.code == 0
    assert "3 checkpoints, of 9 to 20 leaves, tell one history" in run.says("proved")


def test_the_newest_witnessed_checkpoint_that_the_log_shows_counts(host, tmp_path, verify):
    witnessed = host.head(cosigned_by=2, at=host.clock)
    host.contest(1)
    host.publish(tmp_path, head=host.head())
    (tmp_path / "log" / "checkpoint.witnessed").write_bytes(witnessed.encode())

    run = verify(tmp_path, genesis=host.genesis)

    assert "2 witnesses (2 needed) cosigned the first 20 leaves" in run.says("proved")
    assert "The last 1 leaves are not yet cosigned" in run.says("not_proved")


def test_what_was_seen_is_remembered_for_the_next_run(host, tmp_path, verify):
    memory = tmp_path / "memory.json"
    host.publish(tmp_path)
    verify(tmp_path, genesis=host.genesis, memory=memory)
    host.contest(3)
    host.publish(tmp_path)

    run = verify(tmp_path, memory=memory)

    assert run.code == 0
    assert "Genesis is the one seen before" in run.says("proved")
    assert "2 checkpoints, of 20 to 23 leaves, tell one history" in run.says("proved")


def test_a_memory_file_that_is_something_else_is_left_alone(host, tmp_path, verify):
    host.publish(tmp_path)
    mine = tmp_path / "notes.json"
    mine.write_text('{"shopping": []}')

    assert verify(tmp_path, memory=mine).code == 2
    assert mine.read_text() == '{"shopping": []}'


def test_a_refusal_among_the_receipts_is_recognised(host, tmp_path, verify):
    from tests.simulators.log_host import MECHANISM

    from truceline.records.receipt import Refusal
    from truceline.records.record import Micros

    refusal = Refusal(ORIGIN, b"\x00" * 32, Micros(1), {"reason": "sequence"}).signed(MECHANISM)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "a.json").write_bytes(refusal.encode())
    (mine / "b.json").write_text("{}")
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis, receipts=[mine])

    assert "1 refusals are truly signed" in run.says("noted")
    assert "b.json is not a receipt" in run.says("could_not_check")
    assert run.code == 2


def test_a_log_that_grows_while_it_is_read_is_not_accused(host):
    """The files that go with a later checkpoint appear between two reads."""
    now = files_of(host, host.head(cosigned_by=2))
    host.contest(40)
    later = files_of(host, host.head(cosigned_by=2))
    shown = dict(now)

    def read(path: str) -> bytes | None:
        data = shown.get(path)
        if path == "checkpoint":
            shown.clear()
            shown.update(later)
        return data

    outcome = verify_log(read, Evidence(genesis=host.genesis))

    assert outcome.findings.size == 20
    assert not outcome.findings.contradicted


def files_of(host: LogHost, head) -> dict[str, bytes]:
    return {
        **host.files(),
        **host_partials(host),
        "checkpoint": head.encode(),
        "checkpoint.witnessed": head.encode(),
        "snapshot": host.snapshot().encode(),
    }


def host_partials(host: LogHost) -> dict[str, bytes]:
    """The partial files of the tree of 20, which the log had to publish and still has."""
    return tiles.grow(tiles.EMPTY_EDGE, host.entries[:20]).files()


def test_a_size_that_nobody_can_read_through_does_not_keep_the_auditor_busy(host, tmp_path, verify):
    from truceline.ledger import checkpoint

    head = checkpoint.sign(checkpoint.Checkpoint(ORIGIN, 2**52, bytes(32)), MECHANISM_KEY)
    full = LogHost().found()
    full.contest(300)
    full.publish(tmp_path)
    (tmp_path / "log" / "checkpoint").write_bytes(head.encode())

    run = verify(tmp_path, genesis=full.genesis)

    assert run.code == 1
    assert "the search was given up" in run.says("broken")


def test_sealed_parts_that_one_holds_are_those_that_the_leaf_seals(host, tmp_path, verify):
    parts = sealed.seal({"name": "A. Person", "contact": "radio 4"}, lambda: b"a fixed salt, 16")
    officer = {"officer": "south-2", "roles": ["liaison"], "key": pair("south-2")}
    host.say("officer.appointed/1", "south", officer, key("south"), sealed=sealed.digests(parts))
    host.publish(tmp_path)
    mine = host.keep_receipts(tmp_path / "mine", 20)
    texts = [one.text() for one in parts]
    (mine / "20.disclosures.json").write_text(json.dumps({"index": 20, "disclosures": texts}))

    run = verify(tmp_path, genesis=host.genesis, receipts=[mine])

    assert run.code == 0
    assert "2 sealed parts that you hold are those that their leaves seal" in run.says("proved")

    other = sealed.seal({"name": "B. Person"}, lambda: b"a fixed salt, 16")[0].text()
    for name, value in {
        "false": {"index": 20, "disclosures": [other]},
        "twice": {"index": 20, "disclosures": texts[:1] * 2},
        "elsewhere": {"index": 19, "disclosures": texts},
        "beyond": {"index": 99, "disclosures": texts},
        "before": {"index": -1, "disclosures": texts},
        "none": {"index": 20, "disclosures": ["!", 7]},
    }.items():
        (mine / f"{name}.json").write_text(json.dumps(value))
    run = verify(tmp_path, genesis=host.genesis, receipts=[mine])

    assert run.code == 1
    for name in ("false.json: leaf 20", "elsewhere.json: leaf 19"):
        assert f"{name}: the record does not commit to this disclosure" in run.says("broken")
    assert run.says("could_not_check").count("\n") == 3
    assert run.checks("broken") == {"disclosures"}


# -- bytes that are not what they claim ---------------------------------------


def test_every_altered_leaf_is_named_and_no_other(host, tmp_path, verify):
    host.publish(tmp_path)
    place = tmp_path / "log" / "tile" / "entries" / "000.p" / "20"
    entries = tiles.unpack(place.read_bytes())
    for index in (9, 14):
        entries[index] = entries[index].replace(b'"received_at":17', b'"received_at":16')
    place.write_bytes(tiles.pack(entries))

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 1
    assert {one["leaf"] for one in run.told["findings"] if one["check"] == "hashes"} == {9, 14}


def test_a_leaf_that_is_not_a_record_is_one_finding(host, tmp_path, verify):
    host.entries.append(b"not json")
    host.entries.append(b'{"b":1, "a":2}')
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 1
    assert "leaf 20 is not a record" in run.says("broken")
    assert "leaf 21 is not a record" in run.says("broken")
    assert "20 records are canonical" not in run.says("proved")


@pytest.mark.parametrize("name", ["tile/entries/000.p/20", "tile/0/000.p/20"])
def test_a_file_that_is_withheld_is_named(host, tmp_path, verify, name):
    host.contest(300)
    host.publish(tmp_path)
    (tmp_path / "log" / name.replace("000.p/20", "001.p/64")).unlink()

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code == 1
    assert "the log does not" in run.says("broken")


@pytest.mark.parametrize(
    "name", ["checkpoint", "tile/entries/000.p/20", "tile/0/000.p/20", "snapshot", "vkey"]
)
@pytest.mark.parametrize("garbage", [b"", b"\xff" * 50, b"{}", b"\n\n\n"])
def test_garbage_in_any_file_is_told_and_never_a_traceback(host, tmp_path, verify, name, garbage):
    host.publish(tmp_path, snapshot=host.snapshot())
    (tmp_path / "log" / name).write_bytes(garbage)

    run = verify(tmp_path, genesis=host.genesis)

    assert run.code in (1, 2)


def test_a_record_of_another_log_is_found(host, tmp_path, verify):
    body = {"zone": "ford", "content": CONTENT["sha256"], "why": {"en": "exercise"}}
    host.take(
        host.envelope("zone.contested/1", "south-1", body, key("south-1"), log="other.example/log")
    )
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert "leaf 20 is a record of another log, other.example/log" in run.says("broken")


def test_a_repeated_record_is_found(host, tmp_path, verify):
    host.entries.append(host.entries[-1])
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert run.checks("broken") == {"ids", "sequence"}


def test_a_kind_or_body_that_no_table_names_is_found(host, tmp_path, verify):
    host.take(host.envelope("zone.annexed/1", "south-1", {}, key("south-1")))
    host.take(host.envelope("zone.contested/1", "south-1", {"zone": "ford"}, key("south-1")))
    host.publish(tmp_path)

    run = verify(tmp_path, genesis=host.genesis)

    assert "leaf 20 has the kind zone.annexed/1, which no table names" in run.says("broken")
    assert "leaf 21 (zone.contested/1) has a wrong body" in run.says("broken")


def test_a_sealed_leaf_says_nothing_and_is_signed_by_a_pseudonym(host, tmp_path, verify):
    host.say(
        "pseudonym.enrolled/1",
        "mechanism",
        {"public": keys.public_to_text(key("nobody").public)},
        MECHANISM_KEY,
    )
    host.take(host.envelope("sealed/1", "", {}, key("nobody"), sealed=("x" * 43,)))
    host.publish(tmp_path)
    assert verify(tmp_path, genesis=host.genesis).code == 0

    host.take(host.envelope("sealed/1", "south-1", {}, key("south-1"), sealed=("x" * 43,)))
    host.take(host.envelope("sealed/1", "", {"who": "x"}, key("nobody"), sealed=("x" * 43,)))
    host.publish(tmp_path)
    run = verify(tmp_path, genesis=host.genesis)

    assert "leaf 22 is sealed and says more than it should" in run.says("broken")
    assert "leaf 23 is sealed and says more than it should" in run.says("broken")


MECHANISM_KEY = key("mechanism")


def test_findings_are_bounded_and_counted():
    findings = Findings()
    for index in range(1000):
        findings.broken("hashes", f"leaf {index}", index=index)

    assert len(findings.listed) == MAX_PER_CHECK
    assert findings.count("hashes") == 1000
    assert f"and {1000 - MAX_PER_CHECK} more of hashes" in findings.lines()[-2]
