"""How a failure is told on the command line: one table to exit codes, and sentences.

The only other ending is a defect of this program: then one sentence is printed,
the traceback goes to a file that the sentence names, and the exit code is 70
(`EX_SOFTWARE`). No traceback reaches the terminal.
"""

from __future__ import annotations

import errno
import logging
import os
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path

from truceline.errors import Malformed, Reason, Refused, TrucelineError, Unavailable, Unproven

EXIT_CODES: Mapping[type[TrucelineError], int] = {
    Malformed: 2,
    Refused: 3,
    Unproven: 4,
    Unavailable: 5,
}
DEFECT = 70
INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

_WORDS: Mapping[type[TrucelineError], str] = {
    Malformed: "Cannot be read",
    Refused: "Refused",
    Unproven: "Not proven",
    Unavailable: "Not possible now",
}


def exit_code(failure: TrucelineError) -> int:
    """Return the exit code of a failure's branch."""
    return next(code for branch, code in EXIT_CODES.items() if isinstance(failure, branch))


def told(failure: TrucelineError) -> str:
    """Return the failure in lines: what happened, where, under which rule, what to do."""
    word = next(text for branch, text in _WORDS.items() if isinstance(failure, branch))
    lines = [f"{word}: {_sentence(failure.detail)}"]
    for name, text in (
        ("where", failure.where),
        ("rule", failure.article),
        ("to do", failure.remedy),
        ("reason", str(failure.reason)),
    ):
        if text:
            lines.append(f"  {name:<7} {text}")
    return "\n".join(lines)


def of_the_machine(error: OSError) -> TrucelineError:
    """Return the failure that an error of the operating system is for the user."""
    where = os.fspath(error.filename) if isinstance(error.filename, str | os.PathLike) else ""
    said = error.strerror or type(error).__name__
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unavailable(Reason.DISK_FULL, where=where, detail="the disk is full")
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST):
        return Malformed(
            Reason.NOT_FOUND if error.errno != errno.EEXIST else Reason.ID_TAKEN,
            where=where,
            detail=said,
            remedy="Check the path",
        )
    return Unavailable(
        Reason.BUSY, where=where, detail=said, remedy="Check the path and its permissions"
    )


def of_a_defect(error: BaseException) -> str:
    """Keep the traceback in a file and return the sentence that is printed instead."""
    handle, name = tempfile.mkstemp(prefix="truceline-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    return (
        f"Truceline failed in a way it did not foresee ({type(error).__name__}). "
        f"Nothing that was receipted is lost. The details are in {Path(name)}; "
        "please report them."
    )


class OneLine(logging.Formatter):
    """What the program logs, in one line; a traceback goes to a file that the line names."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = f"{record.name}: {record.getMessage()}"
        error = record.exc_info[1] if record.exc_info else None
        return f"{line}. {of_a_defect(error)}" if error is not None else line


def tell_logs() -> None:
    """Let warnings of the program reach the error stream in single lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    ours = logging.getLogger("truceline")
    ours.addHandler(handler)
    ours.setLevel(logging.WARNING)
    ours.propagate = False


def _sentence(text: str) -> str:
    return text if text.endswith(".") else text + "."
