"""The tree of failures, and the words in which each is told.

Four branches, and no others: input that is not what it claims to be
(`Malformed`), input that a rule turns down (`Refused`), a proof that does not
hold (`Unproven`), and something that may work later (`Unavailable`).

A failure carries a reason from one list, so that a client can act on it, and
sentences, so that a person can: what happened, where, under which article, and
what to do. `api/failures.py` maps the branches to HTTP statuses and
`cli/failures.py` to exit codes. `Unproven` is never caught in order to carry on.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Why something was turned down. The value is what goes over the wire."""

    # cannot be read
    NOT_JSON = "not_json"
    NOT_CANONICAL = "not_canonical"
    FLOAT = "floating_point_number"
    INTEGER_TOO_LARGE = "integer_too_large"
    UNKNOWN_FIELD = "unknown_field"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    BAD_TEXT = "bad_text"
    BAD_FORMAT = "bad_format"
    BAD_GEOMETRY = "bad_geometry"
    BAD_TIME = "bad_time"
    BAD_KEY = "bad_key"
    UNSAFE_XML = "unsafe_xml"
    UNSAFE_ARCHIVE = "unsafe_archive"
    # a rule says no
    UNKNOWN_KIND = "unknown_kind"
    WRONG_LOG = "wrong_log"
    KEY_NOT_IN_FORCE = "key_not_in_force"
    KEY_UNKNOWN = "key_unknown"
    NO_MANDATE = "no_mandate"
    SEQUENCE = "sequence"
    ID_TAKEN = "id_taken"
    REF_UNKNOWN = "reference_unknown"
    FILE_UNKNOWN = "file_unknown"
    DISCLOSURE_MISSING = "disclosure_missing"
    DISCLOSURE_MISMATCH = "disclosure_mismatch"
    MADE_IN_FUTURE = "made_in_future"
    WRONG_STATE = "wrong_state"
    CONTRADICTS = "contradicts"
    WRONG_LEAF = "wrong_leaf"
    OUTSIDE_AGREED_AREA = "outside_agreed_area"
    NOT_VISIBLE = "not_visible"
    NOT_FOUND = "not_found"
    NOT_SIGNED_IN = "not_signed_in"
    TOO_MANY = "too_many"
    # a proof does not hold
    BAD_SIGNATURE = "bad_signature"
    BAD_PROOF = "bad_proof"
    INCONSISTENT = "inconsistent"
    QUORUM = "quorum"
    CORRUPT = "corrupt"
    # try again
    NO_WRITER = "no_writer"
    NOT_THE_WRITER = "not_the_writer"
    DISK_FULL = "disk_full"
    BUSY = "busy"
    LOCKED = "locked"
    MISSING_EXTRA = "missing_extra"
    DEFECT = "defect"


class TrucelineError(Exception):
    """Something a person must be told about, in words that they can act on.

    `where` names the place in the input (a field, a feature, a line), `article`
    the rule or article that decides, and `remedy` what to do next.
    """

    def __init__(
        self,
        reason: Reason,
        *,
        detail: str,
        where: str = "",
        article: str = "",
        remedy: str = "",
    ) -> None:
        self.reason = reason
        self.detail = detail
        self.where = where
        self.article = article
        self.remedy = remedy or REMEDIES.get(reason, "")
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        rule = f" (rule {self.article})" if self.article else ""
        todo = f" {self.remedy}" if self.remedy else ""
        return f"{place}{self.detail}{rule}.{todo}".replace("..", ".")

    def told(self) -> dict[str, str]:
        """The failure as a client reads it; empty parts are left out."""
        parts = {
            "reason": str(self.reason),
            "detail": self.detail,
            "where": self.where,
            "article": self.article,
            "remedy": self.remedy,
        }
        return {name: text for name, text in parts.items() if text}


class Malformed(TrucelineError):  # noqa: N818 -- a word that people say, not "MalformedError"
    """Cannot be read as what it claims to be."""


class Refused(TrucelineError):  # noqa: N818
    """Readable, but a rule says no. A refusal is an answer, not a crash."""


class Unproven(TrucelineError):  # noqa: N818
    """A signature, proof or consistency check fails. Never caught to carry on."""


class Unavailable(TrucelineError):  # noqa: N818
    """Cannot be done now; the same request may succeed later."""


REMEDIES: Mapping[Reason, str] = {
    Reason.NOT_JSON: "Send one JSON document in UTF-8",
    Reason.NOT_CANONICAL: "Encode the record as RFC 8785 (sorted keys, no spaces) and sign those bytes",
    Reason.FLOAT: "Use integers: degrees times 10,000,000, millimetres, microseconds, parts per million",
    Reason.INTEGER_TOO_LARGE: "Keep integers below 2^53 in size",
    Reason.UNKNOWN_FIELD: "Remove the field, or put foreign data into a file and name its SHA-256",
    Reason.TOO_LARGE: "Put the large part into a file and name its SHA-256 in the record",
    Reason.UNKNOWN_KIND: "See `truceline kinds` for the kinds that this log takes",
    Reason.WRONG_LOG: "Sign the record again with the origin of the log it is meant for",
    Reason.KEY_UNKNOWN: "Enrol the key first (`truceline keys enrol`)",
    Reason.KEY_NOT_IN_FORCE: "Sign with a key that is in force now, or replace this one",
    Reason.SEQUENCE: "Ask for the next sequence number of the key and sign again",
    Reason.ID_TAKEN: "Make a new record id; nothing on the log is edited",
    Reason.FILE_UNKNOWN: "Deposit the file first (`POST /api/files`), then send the record",
    Reason.NO_WRITER: "Start `truceline up`, or try again when the standby has taken over",
    Reason.NOT_THE_WRITER: "Submit to the running server",
    Reason.DISK_FULL: "Free space on the data folder; what was accepted is safe",
    Reason.BUSY: "Try again in a moment",
    Reason.DEFECT: "Nothing was admitted; report it with the record, the fault is ours",
    Reason.MISSING_FIELD: "Give the field; `truceline kinds KIND` lists what a record has",
    Reason.WRONG_TYPE: "Give it in the type that is named; `truceline kinds KIND` lists them",
    Reason.OUT_OF_RANGE: "Give a value within the range that is named",
    Reason.TOO_DEEP: "Write it flatter",
    Reason.BAD_TEXT: "Send text in UTF-8 without control characters",
    Reason.BAD_FORMAT: "Check that it is the file that is meant",
    Reason.BAD_GEOMETRY: "Draw it again at the place that is named",
    Reason.BAD_TIME: "Write it like 2017-05-06T00:00:00Z",
    Reason.BAD_KEY: "Give a key file or card made by `truceline keys new`",
    Reason.UNSAFE_XML: "Send a plain document, without declarations and of sane depth",
    Reason.UNSAFE_ARCHIVE: "Send the document itself, not packed",
    Reason.NO_MANDATE: "Have an officer sign whose role and body the rule names (`truceline officers list`)",
    Reason.REF_UNKNOWN: "Name something that the log has at that moment, by its exact code or id",
    Reason.DISCLOSURE_MISSING: "Send the disclosures of the sealed parts with the record",
    Reason.DISCLOSURE_MISMATCH: "Send the disclosures that were made with this record",
    Reason.MADE_IN_FUTURE: "Set the signer's clock right and sign again",
    Reason.WRONG_STATE: "Look at the state that it has now; it must change before this can be said",
    Reason.CONTRADICTS: "Keep the one that is meant",
    Reason.WRONG_LEAF: "Seal the record as the refusal says, and sign it again",
    Reason.OUTSIDE_AGREED_AREA: "Draw it within the area that was agreed, or amend that first",
    Reason.NOT_VISIBLE: "Ask as an officer of a body that may see it",
    Reason.NOT_FOUND: "Check the name; what you may not see is as if it were not there",
    Reason.NOT_SIGNED_IN: "Send a token (`truceline tokens`)",
    Reason.TOO_MANY: "Send fewer at a time, or wait a moment",
    Reason.BAD_SIGNATURE: "Do not rely on it; get it again from where it was signed",
    Reason.BAD_PROOF: "Do not rely on it; keep it, and tell the other parties",
    Reason.INCONSISTENT: "Keep both versions, and show them to the other parties",
    Reason.QUORUM: "Wait for more witnesses, or ask them",
    Reason.CORRUPT: "Restore from a copy, and compare with the other parties' copies",
    Reason.MISSING_EXTRA: "Install the extra that is named",
    Reason.LOCKED: "Unlock the installation with its data key",
}
