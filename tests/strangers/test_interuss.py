"""InterUSS's own test suites against the program as people start it: prober and mock_uss.

They live in an environment of their own (`requirements/interuss.lock`, made by `make test`).
The wheel lacks the data of three of the prober's files; those 36 cases are in
`tests/api/test_dss_intents.py`, with bodies of our own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from tests.support.assembly import Assembly, agreed, founded

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".tools" / "interuss" / "bin" / "python"
HERE = Path(__file__).parent
LACKING = (
    "scd/test_operation_references_error_cases.py",
    "scd/test_operation_references_state_transition.py",
    "scd/test_operation_special_cases.py",
)
STARTS_S = 60.0

pytestmark = [
    pytest.mark.xdist_group("interuss"),
    pytest.mark.skipif(
        not PYTHON.exists(), reason="InterUSS's suites are not here (Python 3.13, make test)"
    ),
]

_KEY = """
import sys
from monitoring.monitorlib.auth import NoAuth
import monitoring.prober
key = NoAuth.dummy_private_key.export_to_pem(private_key=False).decode()
print(monitoring.prober.__path__[0])
print(key, end="")
"""


def stranger(*arguments: str, cwd: Path = HERE) -> subprocess.CompletedProcess[str]:
    """Run the strangers' Python, without what ours was told in its environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PY")}
    return subprocess.run(
        [str(PYTHON), *arguments], cwd=cwd, env=clean, capture_output=True, text=True, check=False
    )


@contextmanager
def served(place: Path, *options: str) -> Iterator[str]:
    """`truceline serve` on a free port, with an agreement and a zone in force; yields its address."""
    assembly = Assembly()
    with founded(place, assembly) as begun:
        for one in agreed(begun, assembly):
            begun.door.submit(one).taken()
    note = place / "data" / "server.json"
    command = [sys.executable, "-m", "truceline.cli", "serve", "--data", str(place / "data")]
    process = subprocess.Popen([*command, "--port", "0", *options], stdout=subprocess.DEVNULL)
    try:
        yield _address(process, note)
    finally:
        process.terminate()
        process.wait(30)


def _address(process: subprocess.Popen[bytes], note: Path) -> str:
    until = time.monotonic() + STARTS_S
    while time.monotonic() < until:
        assert process.poll() is None, "the server did not start"
        try:
            url = str(json.loads(note.read_text())["url"]).replace("127.0.0.1", "localhost")
            httpx.get(f"{url}/healthz", timeout=5)
            return url
        except (OSError, ValueError, httpx.HTTPError):
            time.sleep(0.05)
    raise AssertionError("the server did not answer in time")


def test_the_prober_passes(tmp_path: Path) -> None:
    prober, _, key = stranger("-c", _KEY).stdout.partition("\n")
    (tmp_path / "authority.pem").write_text(key)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # ours is not theirs
    named = ("--dss-key", str(tmp_path / "authority.pem"), "--dss-audience", "localhost")

    with served(tmp_path, *named) as url:
        done = stranger(
            *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", f"{tmp_path}/pytest.ini"),
            *("--rootdir", ".", "--junitxml", f"{tmp_path}/found.xml"),
            *(f"--ignore={one}" for one in LACKING),
            *("--dss-endpoint", url, "--scd-api-version", "1.0.0"),
            *("--rid-auth", "NoAuth(sub=fake_uss)", "--scd-auth1", "NoAuth(sub=fake_uss)"),
            *("--scd-auth2", "NoAuth(sub=fake_uss2)", "."),
            cwd=Path(prober),
        )

    assert "141 passed" in done.stdout, done.stdout[-4000:]
    suite = ElementTree.parse(tmp_path / "found.xml").getroot().find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "141",
        "failures": "0",
        "errors": "0",
        "skipped": "0",
    }


def test_mock_uss_loads_our_ed269_and_finds_the_zone(tmp_path: Path) -> None:
    with served(tmp_path) as url:
        done = stranger(
            *("ask_mock_uss.py", f"{url}/api/zones/in-force.ed269.json"),
            *("35.75", "36.75", "35.75", "37.75"),  # within zone Z1, and a degree east of it
        )

    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["loaded"]["result"] == "Ready"
    assert told["found"] == {"applicableGeozone": ["Present", "Absent"]}
