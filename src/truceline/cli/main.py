"""The command `truceline`: what can be done, one file per word, and how each ending is told.

Heavy imports stand inside the commands, so that `truceline --help` answers at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from truceline import __version__
from truceline.cli import (
    backup,
    bodies,
    clocks,
    crossings,
    demo,
    doctor,
    failures,
    feed,
    flights,
    founding,
    instruments,
    keys,
    kinds,
    ledger,
    log,
    match,
    posts,
    rebuild,
    records,
    replay,
    shown,
    sightings,
    tokens,
    up,
    zones,
    zones_files,
)
from truceline.errors import TrucelineError

app = typer.Typer(
    name="truceline",
    help="The software of a joint ceasefire mechanism: signed boundaries, watched skies, "
    "one record nobody can rewrite.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        shown.say(f"truceline {__version__}")
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """The software of a joint ceasefire mechanism."""


app.add_typer(founding.app)
app.command("up")(up.up)
app.command("serve")(up.up)  # the same, by the word that test suites look for
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.add_typer(ledger.app)
app.command("rebuild")(rebuild.rebuild)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.add_typer(keys.app)
app.add_typer(tokens.app)
app.add_typer(bodies.bodies)
app.add_typer(bodies.officers)
app.add_typer(instruments.app)
zones.app.add_typer(zones_files.app)  # convert and compare: files alone, no mechanism
app.add_typer(zones.app)
app.add_typer(posts.app)
app.command("match")(match.match)
app.command("crossings")(crossings.crossings)
app.command("feed")(feed.feed)
app.add_typer(sightings.app)
app.command("replay")(replay.replay)
app.add_typer(flights.app)
app.command("clocks")(clocks.clocks)
app.add_typer(clocks.deadlines)
app.add_typer(records.records)
app.add_typer(records.files)
app.add_typer(log.app)
app.command("verify")(log.verify)
app.command("witness")(log.witness)
app.command("kinds")(kinds.kinds)


def run() -> None:
    """Run the command line and end with the exit code of `cli/failures.py`."""
    failures.tell_logs()
    sys.exit(_run())


def _run() -> int:
    try:
        app()
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 1
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has left; there is nobody to tell
    except KeyboardInterrupt:
        return failures.INTERRUPTED
    except (TrucelineError, OSError) as error:
        failure = failures.of_the_machine(error) if isinstance(error, OSError) else error
        shown.warn(failures.told(failure))
        return failures.exit_code(failure)
    except Exception as error:  # noqa: BLE001 -- the one place where a defect becomes a sentence
        shown.warn(failures.of_a_defect(error))
        return failures.DEFECT
    return 0
