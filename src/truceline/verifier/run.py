"""What the commands `truceline verify` and `truceline witness` do, told through `say`.

Each returns the exit code: for verify 0 proved, 1 broken, 2 not readable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from truceline.errors import Malformed, Reason, TrucelineError
from truceline.ledger import note
from truceline.ledger.note import VerifierKey
from truceline.records.keys import SigningKey
from truceline.verifier import witness as witnesses
from truceline.verifier import world
from truceline.verifier.serve import WitnessServer
from truceline.verifier.verify import Evidence, verify
from truceline.verifier.witness import Witness
from truceline.verifier.world import WitnessFolder

NOT_READABLE = 2


def run_verify(
    where: str,
    *,
    say: Callable[[str], None],
    genesis: str = "",
    receipts: Sequence[Path] = (),
    snapshots: Sequence[Path] = (),
    checkpoints: Sequence[Path] = (),
    memory: Path | None = None,
    token: str = "",
    as_json: bool = False,
) -> int:
    """Verify the log at `where`: a URL prefix, a log folder, or a data folder with `log/`.

    `genesis` is the leaf hash of entry 0 in hex, from outside. `receipts` and
    `snapshots` are files or folders of JSON files, `checkpoints` files or folders of
    checkpoints kept from before, `memory` a small file that this command keeps itself.
    `token` is sent to a server that shows its log to those who are signed in.
    """
    try:
        reader = world.log_reader(where, token)
        evidence = Evidence(
            genesis=_hash(genesis),
            receipts=world.read_named(receipts),
            snapshots=world.read_named(snapshots),
            checkpoints=world.read_named(checkpoints, "[!.]*"),
            memory=world.read_memory(memory),
        )
        outcome = verify(reader, evidence, now_s=world.now_s(), check=world.on_every_core)
        if memory and outcome.memory:
            world.write_memory(memory, outcome.memory)
    except TrucelineError as error:
        say(json.dumps({"exit": NOT_READABLE, **error.told()}) if as_json else str(error))
        return NOT_READABLE
    if as_json:
        say(json.dumps(outcome.findings.told(), ensure_ascii=False, indent=1))
    else:
        for line in outcome.findings.lines():
            say(line)
    return outcome.findings.exit_code


def _hash(text: str) -> str:
    text = text.strip().lower()
    if text and (len(text) != 64 or any(letter not in "0123456789abcdef" for letter in text)):
        raise Malformed(
            Reason.BAD_FORMAT, where="--genesis", detail="a hash has 64 hexadecimal digits"
        )
    return text


def open_witness(folder: Path, *, name: str, logs: Sequence[VerifierKey]) -> Witness:
    """Return the witness that lives in `folder` (made when empty), its lock held until `close`.

    Refuses a folder that another witness holds, or whose state is lost or unreadable.
    """
    note.check_name(name, where="witness name")
    home = world.WitnessFolder(folder)
    release = home.hold()
    try:
        return _witness_in(home, name, logs, release)
    except BaseException:
        release()
        raise


def _witness_in(
    home: WitnessFolder, name: str, logs: Sequence[VerifierKey], release: Callable[[], None]
) -> Witness:
    key: SigningKey = home.key(witnesses.write_state({}))
    by_origin: dict[str, tuple[VerifierKey, ...]] = {}
    for log in logs:
        by_origin[log.name] = (*by_origin.get(log.name, ()), log)
    made = Witness(
        name=name,
        key=key,
        logs=by_origin,
        seen=witnesses.read_state(home.state()),
        remember=home.remember,
        now_s=world.now_s,
        release=release,
    )
    home.publish(made.vkey())
    return made


def run_witness(
    folder: Path,
    *,
    say: Callable[[str], None],
    name: str,
    logs: Sequence[str],
    host: str = "127.0.0.1",
    port: int = 7380,
    started: Callable[[WitnessServer], None] | None = None,
) -> int:
    """Serve a witness until it is stopped. `logs` are the vkeys of the logs it follows."""
    try:
        made = open_witness(folder, name=name, logs=[note.read_vkey(text) for text in logs])
    except TrucelineError as error:
        say(str(error))
        return NOT_READABLE
    try:
        server = WitnessServer((host, port), made, say)
    except OSError as error:
        made.close()
        say(f"cannot listen on {host}:{port}: {error.strerror}")
        return NOT_READABLE
    say(f"witness {made.vkey().text()}")
    say(f"follows {', '.join(sorted(made.logs)) or 'no log yet'}")
    say(f"listens on http://{host}:{server.server_port}/add-checkpoint")
    if started:
        started(server)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        say("stopped")
    finally:
        server.server_close()
        made.close()
    return 0
