"""Hostile records, for everything that reads records: the door, the verifier, another verifier.

Each case is one record, made from a good one by one change. `differs` says why the door
and the verifier may come to two verdicts on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from truceline.records import keys
from truceline.records.record import PAYLOAD_TYPE, Micros, RecordId

from . import agreements
from .assembly import LOG, key, key_body, ulid


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile record: what is changed in a good one, and who signs."""

    name: str
    kind: str = "zone.contested/1"
    author: str = "north-p"
    signers: tuple[str, ...] = ("north-p",)
    body: dict[str, Any] | None = None
    changed: dict[str, Any] | None = None
    payload: Callable[[bytes], bytes] = bytes
    payload_type: str = PAYLOAD_TYPE
    false: bool = False
    differs: str = ""


RING = agreements.content("ring")
SHA = RING["sha256"]
CONTEST = {"zone": "Z", "content": SHA, "why": {"en": "no"}}
SIGN_TWICE = {"instrument": "MEMO", "texts": agreements.texts_digest(agreements.TEXTS)}
WHY_TALE = "the verifier judges what the map, the keys and the agreements rest on, not every word"
WHY_HARMLESS = "it changes nothing that the verifier rests on"


def ids() -> list[Case]:
    """Ids that a lenient reader takes for another's, or for one at all."""
    good = ulid("a good id")
    return [
        Case(f"id {text!r}", changed={"id": RecordId(text)})
        for text in (
            "",
            good + "\n",
            "\n" + good,
            good + " ",
            good.lower(),
            good[:-1],
            good + "0",
            "8" + good[1:],
            good[:-1] + "I",
            good[:-1] + "U",
            good[:-1] + "_",
            good[:-1] + "\uff10",  # a digit zero, full width
            good[:-1] + "\u0660",  # a digit zero, Arabic
            good[:-2] + "\u200b0",
            "-" + good[1:],
            "+" + good[1:],
        )
    ]


def heads() -> list[Case]:
    """Every other field around the body."""
    far = 2**53
    return [
        Case("another log", changed={"log": "log.example/other"}),
        Case("the log with a newline", changed={"log": LOG + "\n"}),
        Case("a kind with a newline", kind="zone.contested/1\n"),
        Case("a kind of another version", kind="zone.contested/2"),
        Case("a kind in capitals", kind="ZONE.CONTESTED/1"),
        Case("no kind", kind=""),
        Case("a sealed leaf that says something", kind="sealed/1", changed={"sealed": ("x" * 43,)}),
        Case("an author with a newline", author="north-p\n"),
        Case("an author in another case", author="North-P"),
        Case("nobody as author", author=""),
        Case("the mechanism as author", author="mechanism"),
        Case("a colleague as author", author="north-l"),
        Case("number 0", changed={"seq": 0}),
        Case("a negative number", changed={"seq": -1}),
        Case("a number that was used", changed={"seq": 1}),
        Case("a number past 2^53", changed={"seq": far}),
        Case("a truth for a number", changed={"seq": True}),
        Case("a reference to nothing", changed={"refs": (ulid("nothing"),)}),
        Case("a reference that is none", changed={"refs": ("\n",)}),
        Case("a reference with a newline", changed={"refs": (ulid("genesis/1 0") + "\n",)}),
        Case("too many references", changed={"refs": (ulid("genesis/1 0"),) * 65}),
        Case("a time before 1970", changed={"made_at": Micros(-1)}),
        Case("too many sealed parts", changed={"sealed": ("x" * 43,) * 65}),
        Case(
            "an author's clock a day ahead",
            changed={"made_at": Micros(2 * 10**15)},
            differs="an author's clock proves nothing to anyone; the door asks for it to be set",
        ),
    ]


def payloads() -> list[Case]:
    """Bytes that some parser reads, and that are not the canonical ones."""
    swaps = {
        "a space": (b'"v":1', b'"v": 1'),
        "a key twice": (b'"v":1', b'"v":1,"v":1'),
        "a float": (b'"v":1', b'"v":1.0'),
        "another version": (b'"v":1', b'"v":2'),
        "an escape that is not needed": (b'"zone":"Z"', b'"zone":"\\u005a"'),
        "a field of the record too many": (b'"v":1', b'"v":1,"w":1'),
        "U+0000": (b'"zone":"Z"', b'"zone":"\\u0000"'),
        "a lone surrogate": (b'"zone":"Z"', b'"zone":"\\ud800"'),
    }
    return [
        Case(name, payload=lambda data, old=old, new=new: data.replace(old, new))
        for name, (old, new) in swaps.items()
    ] + [
        Case("bytes after the end", payload=lambda data: data + b"\n"),
        Case("a byte-order mark", payload=lambda data: b"\xef\xbb\xbf" + data),
        Case("nothing at all", payload=lambda _: b""),
        Case("a list", payload=lambda data: b"[" + data + b"]"),
        Case("another type of payload", payload_type="application/json"),
    ]


def bodies() -> list[Case]:
    """Bodies out of shape."""
    changes: dict[str, dict[str, Any]] = {
        "a code with a newline": {"zone": "Z\n"},
        "a code with a slash": {"zone": "Z/1"},
        "an empty code": {"zone": ""},
        "a code of another script": {"zone": "\u0396"},
        "a hash in capitals": {"content": SHA.upper()},
        "a hash with a newline": {"content": SHA + "\n"},
        "a hash too short": {"content": SHA[:-1]},
        "a number for a text": {"zone": 1},
        "a null": {"source": None},
        "a field too many": {"also": "this"},
        "a language that is none": {"why": {"english!": "no"}},
        "a language with a newline": {"why": {"en\n": "no"}},
        "no languages": {"why": {}},
        "a text too long": {"why": {"en": "x" * 20_001}},
        "an empty text": {"why": {"en": ""}},
        "a list for an object": {"why": ["no"]},
    }
    cases = [Case(name, body=CONTEST | change) for name, change in changes.items()]
    return [*cases, Case("a field too few", body={"zone": "Z", "content": SHA})]


def hands() -> list[Case]:
    """Signatures and keys."""
    return [
        Case("a signature that does not hold", false=True),
        Case("a key that no record names", signers=("a stranger",)),
        Case("another officer's key", signers=("south-p",)),
        Case("the body's key for an officer", signers=("north",)),
        Case("the body for itself where an officer is needed", author="north", signers=("north",)),
        Case("the recovery key", signers=("north-p/recovery",)),
        Case("the mechanism's key", signers=("mechanism",)),
        Case("with a stranger beside", signers=("north-p", "a stranger")),
        Case("with a revoked key beside", signers=("north-p", "north-gone")),
        Case("a revoked key", author="north-gone", signers=("north-gone",)),
        Case("a role that may not", author="north-l", signers=("north-l",)),
    ]


def people() -> list[Case]:
    """Keys and officers."""

    def appoint(name: str, **change: Any) -> Case:
        body = {"officer": "new", "roles": ["liaison"], "key": key_body("new")} | change
        return Case(name, "officer.appointed/1", "north", ("north",), body)

    def enrol(name: str, author: str, holder: str, **change: Any) -> Case:
        body = {"holder": holder, "key": key_body("further")} | change
        return Case(name, "key.enrolled/1", author, (author,), body)

    def key_of(name: str) -> str:
        return str(keys.key_id(key(name).public))

    same = {"public": key_body("x")["public"], "recovery": key_body("x")["public"]}
    return [
        appoint("an officer with the mechanism's name", officer="MECHANISM"),
        appoint("an officer with a body's name", officer="south"),
        appoint("an officer appointed twice", officer="north-l"),
        appoint("an officer with a newline", officer="new\n"),
        appoint("an officer with someone's key", key=key_body("south-p")),
        appoint("one key for two uses", key=same),
        appoint("the role of the mechanism", roles=["mechanism"]),
        appoint("a role that looks into others' affairs", roles=["watch"]),
        appoint("a role twice as good", roles=["principal", "secretariat"]),
        appoint("no role", roles=[]),
        Case(
            "an appointment that is over before it began",
            "officer.appointed/1",
            "north",
            ("north",),
            {"officer": "new", "roles": ["liaison"], "key": key_body("new"), "until": 1},
            differs=WHY_HARMLESS,
        ),
        enrol("a key for another body's officer", "north", "south-p"),
        enrol("a key for a colleague", "north-p", "north-l"),
        enrol("a key for the mechanism", "north", "mechanism"),
        enrol("a key for an officer who left", "north", "north-gone"),
        enrol("a key that is someone's recovery key", "north-p", "north-p",
              key={"public": key_body("south")["recovery"], "recovery": key_body("y")["public"]}),
        Case("an officer of another body ended", "officer.ended/1", "north", ("north",),
             {"officer": "south-p"}),
        Case("an officer ended twice", "officer.ended/1", "north", ("north",),
             {"officer": "north-gone"}),
        Case("another body's key revoked", "key.revoked/1", "north", ("north",),
             {"key": key_of("south-p"), "why": "lost"}),
        Case("the mechanism's key revoked", "key.revoked/1", "north", ("north",),
             {"key": key_of("mechanism"), "why": "lost"}),
        Case("a key replaced by its body", "key.replaced/1", "north", ("north",),
             {"old": key_of("north-p"), "key": key_body("z")}),
        Case("a key replaced by another's recovery key", "key.replaced/1", "north-l",
             ("north-l/recovery",), {"old": key_of("north-p"), "key": key_body("z")}),
        Case("a revoked key replaced by its thief", "key.replaced/1", "north-gone",
             ("north-gone/recovery",), {"old": key_of("north-gone"), "key": key_body("z")}),
        Case("a body admitted by a party", "body.admitted/1", "north-p", ("north-p",),
             {"code": "puppet", "name": {"en": "P"}, "capacity": "guarantor",
              "key": key_body("puppet")}),
        Case("a body with the mechanism's name", "body.admitted/1", "office-s", ("office-s",),
             {"code": "Mechanism", "name": {"en": "P"}, "capacity": "guarantor",
              "key": key_body("puppet")}),
        Case("a second founding", "genesis/1", "mechanism", ("mechanism",), {
            "mode": "live", "title": {"en": "again"},
            "bodies": [{"code": "b", "name": {"en": "b"}, "capacity": "guarantor",
                        "key": key_body("b")}],
            "witnesses": [], "quorum": 0,
            "mechanism": keys.public_to_text(key("mechanism").public), "time_zone": "UTC"}),
    ]  # fmt: skip


def words() -> list[Case]:
    """What parties say of agreements and zones."""
    return [
        Case("a consent to what nobody put forward", "zone.consented/1",
             body={"zone": "Z", "content": "ab" * 32}),
        Case("a consent in a zone that nobody proposed", "zone.consented/1",
             body={"zone": "Y", "content": SHA}),
        Case("a signature on other texts", "instrument.signed/1",
             body=SIGN_TWICE | {"texts": "ab" * 32}),
        Case("a signature by one who is not named", "instrument.signed/1", "east-p", ("east-p",),
             SIGN_TWICE),
        Case("a signature on what nobody published", "instrument.signed/1",
             body=SIGN_TWICE | {"instrument": "OTHER"}),
        Case("a second signature", "instrument.signed/1", body=SIGN_TWICE, differs=WHY_HARMLESS),
        Case("an instrument published again", "instrument.published/1", "office-s", ("office-s",),
             agreements.instrument("north")),
        Case("a zone proposed again", "zone.proposed/1",
             body={"zone": "Z", "name": {"en": "Z"}, "instrument": "MEMO", "content": RING}),
        Case("a zone under no instrument", "zone.proposed/1",
             body={"zone": "Y", "name": {"en": "Y"}, "instrument": "OTHER", "content": RING}),
        Case("a leaving by one who never joined", "instrument.terminated/1", "east-p", ("east-p",),
             {"instrument": "MEMO", "from": 1, "why": {"en": "bye"}}),
        Case("an extension by one who never joined", "instrument.extended/1", "east-p",
             ("east-p",), {"instrument": "MEMO", "until": 2**51}),
        Case("a suspension by one who is not bound", "zone.suspended/1", "east-p", ("east-p",),
             {"zone": "Z", "why": {"en": "no"}}),
        Case("another's suspension taken back", "zone.restored/1",
             body={"zone": "Z", "suspension": ulid("genesis/1 0")}, differs=WHY_HARMLESS),
        Case("a contest of what nobody put forward", body=CONTEST | {"content": "ab" * 32},
             differs=WHY_TALE),
        Case("a report on no post", "post.reported/1",
             body={"post": "P", "count": 1, "as_of": 1}, differs=WHY_TALE),
    ]  # fmt: skip


def statements() -> list[Case]:
    """What only the mechanism may say, said by it: a stolen mechanism key, or its own lie."""

    def states(name: str, kind: str, differs: str = "", **body: Any) -> Case:
        return Case(name, kind, "mechanism", ("mechanism",), body, differs=differs)

    adopted = {"zone": "Z", "instrument": "MEMO", "content": RING, "secrecy": "public"}
    return [
        states("entered twice", "instrument.entered/1", instrument="MEMO", rule="so", **{"from": 1}),
        states("entered what nobody published", "instrument.entered/1",
               instrument="OTHER", rule="so", **{"from": 1}),
        states("adopted without consent", "zone.adopted/1",
               **adopted, consents=[], **{"from": 2**51}),
        states("adopted a zone that nobody proposed", "zone.adopted/1",
               **(adopted | {"zone": "Y"}), consents=[], **{"from": 2**51}),
        states("expired what is not in force", "zone.expired/1", zone="Z", content=SHA, at=1),
        states("fired before it was due", "clock.fired/1",
               clock="positions/Z", step=0, due_at=2**51, to="north"),
        states("a crossing where nothing was adopted", "air.crossing/1", zone="Z", content=SHA,
               segment=ulid("s"), source="feed", nature="real", entered_at=1, verdict="confirmed",
               probability_ppm=1, cause="entered", altitude_known=True,
               differs="the door makes crossings itself, from the zones in force"),
        states("a prediction where nothing was adopted", "air.prediction/1", zone="Z", content=SHA,
               segment=ulid("s"), source="feed", nature="real", level="alert", predicted_at=1,
               entry_at=2, probability_ppm=1, ways=1,
               differs="the door makes predictions itself, from the zones in force"),
        states("an outcome of no prediction", "air.predicted/1", prediction=ulid("s"), zone="Z",
               outcome="entered", level="alert", settled_at=2, entered_at=2,
               differs="the door makes outcomes itself, from its predictions"),
        states("fired a clock that nobody set", "clock.fired/1",
               clock="of nobody", step=0, due_at=1, to="north",
               differs="clocks are told as stated by the mechanism, not proved"),
    ]  # fmt: skip


CASES = [
    Case("nothing wrong"),
    Case("a consent", "zone.consented/1", body={"zone": "Z", "content": SHA}),
    *ids(),
    *heads(),
    *payloads(),
    *bodies(),
    *hands(),
    *people(),
    *words(),
    *statements(),
]
