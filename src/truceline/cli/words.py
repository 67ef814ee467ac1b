"""How a command gets what it needs: `reads` gives it the mechanism, `writes` a desk with a key.

Both add the options that go with it (`--server`, `--data`, `--key`, `--json` and so
on), so that every command takes them in the same words.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from truceline.cli import keyfile, options, reach
from truceline.cli.statement import Desk
from truceline.errors import Malformed, Reason

_WHERE: Mapping[str, tuple[Any, Any]] = {
    "server": (options.Server, None),
    "token": (options.Token, None),
    "data": (options.Data, None),
    "as_json": (options.Json, False),
}
_WITH: Mapping[str, tuple[Any, Any]] = {
    "key": (options.Key, inspect.Parameter.empty),
    "receipts": (options.Receipts, None),
}


def group(name: str, says: str) -> typer.Typer:
    """Return a group of commands that shows its help when nothing is asked of it."""
    return typer.Typer(name=name, help=says, no_args_is_help=True, rich_markup_mode=None)


def reads(app: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command whose first two parameters are the mechanism and `as_json`."""

    def register(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(
            *, server: str | None, token: str | None, data: Path | None, as_json: bool, **given: Any
        ) -> None:
            with reach.mechanism(server, token, data) as mechanism:
                command(mechanism, as_json, **given)

        _offer(run, command, 2, _WHERE)
        app.command(name)(run)
        return command

    return register


def writes(app: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command whose first parameter is a desk: a mechanism, a key, receipts."""

    def register(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(
            *,
            server: str | None,
            token: str | None,
            data: Path | None,
            as_json: bool,
            key: Path,
            receipts: Path | None,
            **given: Any,
        ) -> None:
            unlocked = keyfile.unlock(key)
            kept = receipts or key.parent / "receipts"
            with reach.mechanism(server, token, data, writing=True) as mechanism:
                command(Desk(mechanism, unlocked, kept, as_json=as_json), **given)

        _offer(run, command, 1, {**_WITH, **_WHERE})
        app.command(name)(run)
        return command

    return register


def _offer(
    run: Callable[..., None],
    command: Callable[..., None],
    ours: int,
    shared: Mapping[str, tuple[Any, Any]],
) -> None:
    """Give `run` the command's own parameters, without our first ones, and the shared options."""
    hints = typing.get_type_hints(command, include_extras=True)
    own = [
        one.replace(annotation=hints[one.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for one in list(inspect.signature(command).parameters.values())[ours:]
    ]
    added = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
        )
        for name, (annotation, default) in shared.items()
    ]
    run.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]  # read by Typer
    run.__annotations__ = {one.name: one.annotation for one in (*own, *added)}
    del run.__wrapped__  # type: ignore[attr-defined]  # or its own parameters would be asked for


def instant(text: str | None, where: str = "--at") -> int | None:
    """Return microseconds since 1970 for an ISO 8601 moment; without an offset it is UTC."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
        aware = read if read.tzinfo else read.replace(tzinfo=UTC)
        seconds = int((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1)
    except (ValueError, OverflowError):
        raise Malformed(
            Reason.BAD_TIME,
            where=where,
            detail=f"{text!r} is not a moment in ISO 8601",
            remedy="Write it like 2017-05-06T00:00Z",
        ) from None
    if seconds < 0:
        raise Malformed(Reason.OUT_OF_RANGE, where=where, detail="the moment is before 1970")
    return seconds * 1_000_000 + aware.microsecond


def texts(given: list[str], where: str) -> dict[str, str]:
    """Return texts by language from `en=...`; a text without a language is English."""
    found: dict[str, str] = {}
    for one in given:
        language, sign, text = one.partition("=")
        if not sign or not 2 <= len(language) <= 11 or not language.isascii() or " " in language:
            language, text = "en", one
        if language in found:
            raise Malformed(
                Reason.CONTRADICTS, where=where, detail=f"two texts for the language {language!r}"
            )
        found[language] = text
    return found


def texts_or_nothing(given: list[str] | None, where: str) -> dict[str, str] | None:
    """Return texts by language, or None when none was given."""
    return texts(given, where) if given else None
