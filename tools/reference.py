"""Write docs/reference/ from the code: commands, routes, settings, refusals, kinds.

`make reference` runs it; `tests/documents` compares what it gives with what is there, so
that a page never says what the program does not do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer.main

from truceline.api.failures import BRANCHES, STATUSES
from truceline.cli.failures import EXIT_CODES
from truceline.cli.main import app as command_line
from truceline.errors import REMEDIES, Reason
from truceline.mechanism.settings import BESIDE, PREFIX, Settings
from truceline.records.kinds import KINDS, Leaf

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
MADE = "<!-- Made by `make reference` from the code. Change the code, not this page. -->\n"


def main() -> int:
    """Write the pages; with `--check`, say which differ and change nothing."""
    wrong = 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        file, text = FOLDER / name, make()
        if "--check" not in sys.argv:
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            print(f"{file} is not what the code says: run make reference", file=sys.stderr)
            wrong = 1
    return wrong


# -- commands ----------------------------------------------------------------------------


def commands() -> str:
    """Every command with its arguments and options."""
    root = typer.main.get_command(command_line)
    exits = ", ".join(f"{code} {name.__name__}" for name, code in EXIT_CODES.items())
    parts = [
        MADE,
        "# Commands\n",
        "`truceline COMMAND --help` says the same. Reading commands take `--json`. Exit codes: 0 "
        f"done, {exits}, 1 a check found something, 70 a defect of the program (its file is named), "
        "130 stopped by Ctrl-C.\n",
    ]
    for name, command in _leaves(root, ()):
        parts += [f"## truceline {' '.join(name)}\n", f"{_prose(command.help)}\n"]
        rows = [_parameter(one) for one in command.params if not getattr(one, "hidden", False)]
        parts.append(_table(("parameter", "says"), [row for row in rows if row]))
    return "\n".join(parts)


def _leaves(command: Any, name: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner: Mapping[str, Any] = getattr(command, "commands", {})
    if not inner:
        yield name, command
    for word in sorted(inner):
        if not getattr(inner[word], "hidden", False):
            yield from _leaves(inner[word], (*name, word))


def _parameter(one: Any) -> tuple[str, str] | None:
    names = " / ".join([*one.opts, *getattr(one, "secondary_opts", [])])
    if "--help" in one.opts:
        return None
    is_option = names.startswith("-")
    shown = names if is_option else one.name.upper().replace("_", "-")
    needed = "" if one.required or not is_option else " (optional)"
    several = ", several times" if getattr(one, "multiple", False) else ""
    variable = f"; or `{one.envvar}`" if getattr(one, "envvar", None) else ""
    return f"`{shown}`", f"{_prose(one.help)}{needed}{several}{variable}"


# -- routes ------------------------------------------------------------------------------


def routes() -> str:
    """Every route of the API, from its own document."""
    document = openapi()
    parts = [
        MADE,
        "# Routes\n",
        f"{document['info']['description']}\n",
        "The full document, with the shape of every answer, is served at `/openapi.json` "
        f"(OpenAPI {document['openapi']}). A failure is `{{failure, reason, detail, where, article, "
        "remedy}`; see [refusals](refusals.md).\n",
    ]
    for path, methods in sorted(document["paths"].items()):
        for method, one in methods.items():
            parts += [f"## {method.upper()} {path}\n", f"{_prose(one['description'])}\n"]
            rows = [
                (f"`{each['name']}` ({each['in']})", _says(each))
                for each in one.get("parameters", [])
            ]
            parts.append(_table(("parameter", "says"), rows))
    return "\n".join(parts)


def openapi() -> dict[str, Any]:
    """The OpenAPI document of a server with a demonstration: all routes there are."""
    from truceline.api.app import described  # noqa: PLC0415 -- the server's half is heavy

    return described()


def _says(parameter: Mapping[str, Any]) -> str:
    shape = parameter.get("schema", {})
    bounds = [f"{name} {shape[name]}" for name in ("minimum", "maximum") if name in shape]
    default = [f"default {shape['default']}"] if shape.get("default") not in (None, "") else []
    words = [_prose(parameter.get("description")), *bounds, *default]
    return "; ".join(word for word in words if word) or "required"


# -- settings ----------------------------------------------------------------------------


def settings() -> str:
    """Every setting with its default, its variable and its sentence."""
    beside = ", ".join(f"`{name}`" for name in sorted(BESIDE))
    rows = []
    for name, field in Settings.model_fields.items():
        default = "none" if field.default_factory else f"`{field.default!r}`"
        if field.default in ("", None):
            default = "none"
        rows.append((f"`{name}`", f"`{PREFIX}{name.upper()}`", default, field.description or ""))
    parts = [
        MADE,
        "# Settings\n",
        "One file, `truceline.toml` in the data folder, and the environment, which goes first. An "
        "unknown name is refused in both. No setting weakens a check.\n",
        _table(("setting", "variable", "default", "says"), rows),
        f"For the command line alone, and not settings: {beside}.\n",
    ]
    return "\n".join(parts)


# -- refusals ----------------------------------------------------------------------------


def refusals() -> str:
    """Every reason with its status and remedy."""
    branches = _table(
        ("branch", "word", "HTTP status", "exit code"),
        [
            (branch.__name__, word, str(status), str(EXIT_CODES[branch]))
            for branch, (word, status) in BRANCHES.items()
        ],
    )
    rows = [
        (f"`{reason}`", str(STATUSES.get(reason, "of its branch")), REMEDIES.get(reason, ""))
        for reason in Reason
    ]
    parts = [
        MADE,
        "# Refusals\n",
        "A failure is one of four branches and carries one reason from this list. The status of a "
        "reason goes before that of its branch. Refusals of submissions are signed.\n",
        branches,
        _table(("reason", "HTTP status", "what to do, unless the answer says better"), rows),
    ]
    return "\n".join(parts)


# -- kinds -------------------------------------------------------------------------------


def kinds() -> str:
    """The table of kinds, field by field."""
    parts = [
        MADE,
        "# Kinds of record\n",
        "The constitution on a page: `records/kinds.py`. A changed kind is a new version. `?` marks "
        "a field that may be absent.\n",
    ]
    for kind in KINDS.values():
        signers = ", ".join(sorted(kind.signers)) or (
            "the body's own key" if kind.by_body_key else "see below"
        )
        leaf = "; the leaf shows nothing" if kind.leaf is Leaf.SEALED else ""
        parts += [
            f"## {kind.name}\n",
            f"{kind.says}.\n",
            f"Signed by: {signers}. Seen by: {kind.audience}{leaf}. Rests on: {kind.rests_on}.\n",
        ]
        rows = [
            (f"`{name}{'?' if shape.optional else ''}`", shape.said())
            for name, shape in kind.body.fields.items()
        ]
        rows += [(f"`{part}` (sealed)", f"seen by {who}") for part, who in kind.sealed.items()]
        parts.append(_table(("field", "is"), rows))
    return "\n".join(parts)


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    lines = [heads, tuple("---" for _ in heads), *rows]
    cells = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines)
    return "\n".join(f"| {line} |" for line in cells) + "\n"


def _prose(text: str | None) -> str:
    return " ".join((text or "").split())


PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands,
    "routes.md": routes,
    "settings.md": settings,
    "refusals.md": refusals,
    "kinds.md": kinds,
}

if __name__ == "__main__":
    sys.exit(main())
