"""The kinds of record: our constitution on a page.

One row each: what it is called, what it says, who may sign it, what it rests on,
its clear body, its sealed parts, and who may see it when nothing else is decided.
A kind's version is part of its name ("zone.proposed/1"); a changed kind is a new
row, and records under the old name stay valid under the old row.

`Leaf.SEALED` kinds never show themselves in the log: their leaf says
`kind: "sealed/1"` and everything else is a disclosure. Kinds of the words in `SEALABLE` do
the same when the instrument that they speak of is not public.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from truceline.records import shape as s
from truceline.records.roles import Role
from truceline.records.shape import Fields, File, Flag, ListOf, Named, OneOf, Text, Whole, may


class Leaf(StrEnum):
    """How much of a record stands in the log for everyone."""

    CLEAR = "clear"
    SEALED = "sealed"


class Audience(StrEnum):
    """Who may see a part when no narrower rule applies (DOMAIN 9; parties/visibility.py)."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"  # any officer of any body, auditors included
    PARTIES = "parties"  # bodies with a capacity in the instrument, secretariat, observers
    OWN_BODY = "own_body"  # the author's body alone, and whom it is disclosed to
    WATCH = "watch"  # watch floor and verifiers on the case
    FLIGHT = "flight"  # the body that announced it, those it is addressed to, watch and HNS cell
    SIGHTING = "sighting"  # the officer who reported it, watch floor, verifiers on the case
    MECHANISM = "mechanism"  # nobody by default: each hand-out is a disclosure


SEALABLE = frozenset(("instrument", "mandate", "deadline", "zone", "post", "clock", "air"))
"""Words whose records are sealed whole under an instrument that is kept among its parties."""

PRECISIONS = ("exact", "100m", "1km", "admin")
"""At which precisions a part may be sealed beside itself, as `entry.1km`: no other name is taken."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One row.

    `sealed` gives each part its audience. A part at a precision has that of its own full
    name where the row lists it, and else that of the part. `files` says who may fetch the
    files that a record of this kind names; None: whoever may see the record.
    """

    name: str
    says: str
    signers: frozenset[Role]
    rests_on: str
    body: Fields
    sealed: Mapping[str, Audience] = field(default_factory=dict)
    leaf: Leaf = Leaf.CLEAR
    audience: Audience = Audience.SIGNED_IN
    by_body_key: bool = False  # True: signed with the body's own key rather than an officer's
    files: Audience | None = None
    own_key: bool = False  # True: its sealed leaf is signed with the author's own key

    @property
    def sealable(self) -> bool:
        """Say whether a record of this kind can stand in a leaf that shows nothing."""
        return self.leaf is Leaf.SEALED or self.name.partition(".")[0] in SEALABLE

    def part_names(self) -> tuple[str, ...]:
        """Every name that a sealed part of this kind can have."""
        made = (f"{part}.{one}" for part in self.sealed for one in PRECISIONS)
        return tuple(sorted({*self.sealed, *made}))

    def audience_of(self, part: str) -> Audience | None:
        """Return the audience of a sealed part by its full name, or None: there is no such part."""
        if part in self.sealed:
            return self.sealed[part]
        base, _, precision = part.partition(".")
        return self.sealed.get(base) if precision in PRECISIONS else None


SEALED_LEAF = "sealed/1"

_PRINCIPAL = frozenset((Role.PRINCIPAL,))
_TABLE = frozenset((Role.PRINCIPAL, Role.SECRETARIAT))
_MECHANISM = frozenset((Role.MECHANISM,))
_KEY = Fields({"public": s.PUBLIC_KEY, "recovery": s.PUBLIC_KEY})
_CAPACITY = OneOf(
    ("guarantor", "conflict_party", "adherent", "witness", "observer", "secretariat", "agency")
)
_SIGNATORY = Fields({"body": s.CODE, "capacity": _CAPACITY})
_RULE = Fields(
    {
        "rule": Text(400),  # the words of the instrument, in its own language
        "says": Fields(  # the same, for clocks/: see clocks/rule.py
            {
                "from": OneOf(
                    (
                        "instant",
                        "signature",
                        "entry_into_force",
                        "day_after_signature",
                        "day_after_entry",
                    )
                ),
                "at": may(s.TIME),
                "plus": may(
                    Text(40, pattern=r"P(?!$)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?)?")
                ),
                "local_time": may(Text(5, pattern=r"[0-2]\d:[0-5]\d")),
                "zone": may(Text(60)),  # IANA time zone
                "days": may(OneOf(("calendar", "working"))),
                "weekend": may(ListOf(OneOf(s.WEEKDAYS), most=6)),  # needed for working days
                "holidays": may(ListOf(Text(10, pattern=r"\d{4}-\d{2}-\d{2}"), most=200)),
            }
        ),
    }
)

_ANNOUNCERS = frozenset(
    (Role.AGENCY, Role.LIAISON, Role.OBSERVER, Role.HNS_CELL, Role.SECRETARIAT, Role.PRINCIPAL)
)
_ANSWERERS = frozenset((Role.LIAISON, Role.PRINCIPAL, Role.SECRETARIAT))
_HEIGHT = Fields(
    {"mm": Whole(-1_000_000, 40_000_000, "millimetres"), "datum": OneOf(("STD", "AMSL", "WGS84"))}
)
_DEGREES = Whole(0, 3_600_000_000, "1e-7 degree")
_DEGREES_SIGMA = Whole(1_000_000, 1_800_000_000, "1e-7 degree")
_ASPECTS = ("address", "callsign", "window", "route", "heights", "answers", "notice")

_ROWS = (
    # -- the log, its bodies and their keys (DESIGN 3) -------------------------------------
    Kind(
        "genesis/1",
        "This log is founded: its origin, bodies with their first keys, witnesses, quorum and mechanism key",
        frozenset(),
        "DESIGN 3, trust root; countersigned by every body",
        Fields(
            {
                "mode": OneOf(("exercise", "live")),
                "title": s.TITLES,
                "bodies": ListOf(
                    Fields({"code": s.CODE, "name": s.TITLES, "capacity": _CAPACITY, "key": _KEY}),
                    most=64,
                    least=1,
                ),
                "witnesses": ListOf(
                    Fields({"body": s.CODE, "name": Text(200), "vkey": Text(400)}), most=64
                ),
                "quorum": Whole(0, 64, "cosignatures"),
                "mechanism": s.PUBLIC_KEY,
                "time_zone": Text(60),
            }
        ),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "body.admitted/1",
        "A body joins after the founding, with its first key",
        frozenset((Role.SECRETARIAT,)),
        "DOMAIN 9",
        Fields({"code": s.CODE, "name": s.TITLES, "capacity": _CAPACITY, "key": _KEY}),
    ),
    Kind(
        "officer.appointed/1",
        "A body names an officer under a pseudonym, with roles and a first key",
        frozenset(),
        "DOMAIN 9; signed with the body's own key",
        Fields(
            {
                "officer": s.CODE,
                "roles": ListOf(
                    OneOf(tuple(role for role in Role if role is not Role.MECHANISM)),
                    most=16,
                    least=1,
                ),
                "key": _KEY,
                "until": may(s.TIME),
            }
        ),
        sealed={"name": Audience.OWN_BODY, "contact": Audience.OWN_BODY},
        by_body_key=True,
    ),
    Kind(
        "officer.ended/1",
        "An officer's appointment ends; the officer's keys end with it",
        frozenset(),
        "DOMAIN 9; signed with the body's own key",
        Fields({"officer": s.CODE, "why": may(Text(400))}),
        by_body_key=True,
    ),
    Kind(
        "key.enrolled/1",
        "A further key of a body or officer comes into force",
        frozenset(),
        "DESIGN 3, keys; signed with a key in force of the holder, or of the holder's body",
        Fields({"holder": s.CODE, "key": _KEY}),
    ),
    Kind(
        "key.replaced/1",
        "A lost or worn key gives way to a new one, by the printed recovery key",
        frozenset(),
        "DESIGN 3, keys; signed with the recovery key that was enrolled with the old key",
        Fields({"old": s.KEY_ID, "key": _KEY, "why": may(Text(400))}),
    ),
    Kind(
        "key.revoked/1",
        "A key is out of force from this record on",
        frozenset(),
        "DESIGN 3, keys; signed by the holder, the holder's body, or the recovery key",
        Fields(
            {
                "key": s.KEY_ID,
                "why": OneOf(("lost", "stolen", "worn", "left")),
                "note": may(Text(400)),
            }
        ),
    ),
    Kind(
        "pseudonym.enrolled/1",
        "A key under which someone signs sealed records; who it is, is sealed",
        _MECHANISM,
        "DESIGN 3, leaves leak nothing",
        Fields({"public": s.PUBLIC_KEY}),
        sealed={"holder": Audience.MECHANISM, "request": Audience.MECHANISM},
    ),
    # -- agreements (DOMAIN 1.9, 7, 8.1) ----------------------------------------------------
    Kind(
        "instrument.published/1",
        "The text of an instrument in each language, who signs it, and its rules of time",
        _TABLE,
        "DOMAIN 7 agreement, deadline, obligation",
        Fields(
            {
                "code": s.CODE,
                "title": s.TITLES,
                "type": OneOf(
                    (
                        "memorandum",
                        "mou",
                        "terms",
                        "protocol",
                        "local_deal",
                        "joint_statement",
                        "map_annex",
                    )
                ),
                "parent": may(s.CODE),
                "signatories": ListOf(_SIGNATORY, most=32, least=1),
                "texts": Named(Fields({"file": File(), "equal_force": Flag()})),
                "secrecy": OneOf(("public", "parties", "named")),
                "effective": _RULE,
                "term": may(Text(40, pattern=r"P(\d+Y)?(\d+M)?(\d+D)?")),
                "renewal": OneOf(("auto", "consensus", "none")),
                "edge": OneOf(("geodesic", "lonlat", "rhumb")),
                "deadlines": ListOf(
                    Fields(
                        {
                            "code": s.CODE,
                            "clause": Text(200),
                            "what": s.TITLES,
                            "owner": s.CODE,
                            "due": _RULE,
                        }
                    ),
                    most=60,
                ),
                "obligations": ListOf(
                    Fields(
                        {
                            "code": s.CODE,
                            "clause": Text(200),
                            "kind": OneOf(
                                (
                                    "cease_fire",
                                    "no_fly",
                                    "withdraw",
                                    "access",
                                    "reopen_road",
                                    "inform",
                                    "separate",
                                    "standstill",
                                )
                            ),
                            "actors": ListOf(s.CODE, most=32),
                            "what": s.TITLES,
                            "exceptions": may(s.TEXTS),
                        }
                    ),
                    most=60,
                ),
                "source": may(Text(400)),  # where a real text was published
            }
        ),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "instrument.signed/1",
        "A body signs exactly these texts",
        _PRINCIPAL,
        "DOMAIN 8.1: all named signatories, same content hash",
        Fields(
            {
                "instrument": s.CODE,
                "texts": s.SHA256,
                "place": may(Text(200)),
                "stated_at": may(s.TIME),
            }
        ),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "instrument.entered/1",
        "The last signatory has signed: in force from this instant, by this rule",
        _MECHANISM,
        "clocks/rule.py, from the instrument's own words",
        Fields({"instrument": s.CODE, "from": s.TIME, "until": may(s.TIME), "rule": Text(400)}),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "instrument.reading/1",
        "A body states how it reads a clause, and what instant follows for it",
        _PRINCIPAL,
        "DOMAIN 1.1: store the clause and each party's reading of it",
        Fields(
            {
                "instrument": s.CODE,
                "clause": Text(200),
                "reading": s.TEXTS,
                "instant": may(s.TIME),
                "source": may(Text(400)),
            }
        ),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "instrument.adhered/1",
        "A further body takes on the obligations, from its own instant",
        _PRINCIPAL,
        "DOMAIN 8.1, adherence of a later party",
        Fields({"instrument": s.CODE, "from": s.TIME, "texts": s.SHA256}),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "mandate.contested/1",
        "A body contests that a signatory could sign for those it names; nothing is deleted",
        _PRINCIPAL,
        "DOMAIN 8.1, dispute on mandate",
        Fields(
            {
                "instrument": s.CODE,
                "signature": s.ULID,
                "for_whom": Text(200),
                "why": s.TEXTS,
                "source": may(Text(400)),
            }
        ),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "instrument.suspended/1",
        "A signatory suspends the instrument for its part",
        _PRINCIPAL,
        "DOMAIN 1.6",
        Fields({"instrument": s.CODE, "why": s.TEXTS, "source": may(Text(400))}),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "instrument.restored/1",
        "A signatory takes its own suspension back",
        _PRINCIPAL,
        "DOMAIN 1.6",
        Fields({"instrument": s.CODE, "suspension": s.ULID}),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "instrument.extended/1",
        "A signatory agrees to a further term; it runs when all have",
        _PRINCIPAL,
        "DOMAIN 8.1, review",
        Fields({"instrument": s.CODE, "until": s.TIME}),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "instrument.terminated/1",
        "A signatory leaves by the withdrawal clause",
        _PRINCIPAL,
        "DOMAIN 7 agreement.withdrawal_rule",
        Fields({"instrument": s.CODE, "from": s.TIME, "why": s.TEXTS}),
        audience=Audience.PUBLIC,
    ),
    # -- clocks (DOMAIN 8) --------------------------------------------------------------------
    Kind(
        "deadline.met/1",
        "The owner states that a deadline is met, with the evidence",
        _TABLE,
        "DOMAIN 7 deadline",
        Fields(
            {
                "instrument": s.CODE,
                "deadline": s.CODE,
                "met_at": s.TIME,
                "evidence": ListOf(File(), most=20),
            }
        ),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "deadline.moved/1",
        "A decision moves a deadline; it counts once a second officer has stated the same",
        _TABLE,
        "DOMAIN 7 deadline, moved by decision",
        Fields({"instrument": s.CODE, "deadline": s.CODE, "due_at": s.TIME, "decision": Text(400)}),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "deadline.waived/1",
        "A decision waives a deadline; it counts once a second officer has stated the same",
        _TABLE,
        "DOMAIN 7 deadline",
        Fields({"instrument": s.CODE, "deadline": s.CODE, "decision": Text(400)}),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "clock.fired/1",
        "A clock ran out: which, at what step of its ladder, and when it was due",
        _MECHANISM,
        "clocks/ladder.py; a clock and step that stand on the log are refused a second time",
        Fields({"clock": Text(200), "step": Whole(0, 20), "due_at": s.TIME, "to": Text(200)}),
        audience=Audience.SIGNED_IN,
    ),
    # -- zones (DOMAIN 8.1; AIRSPACE c) ---------------------------------------------------------
    Kind(
        "zone.proposed/1",
        "A body proposes a zone under an instrument: a boundary, a rule, or both",
        _TABLE,
        "DOMAIN 8.1; the content is a file, and its SHA-256 is what others consent to",
        Fields(
            {
                "zone": s.CODE,
                "name": s.TITLES,
                "instrument": s.CODE,
                "content": File(),
                "original": may(File()),
                "comment": may(s.TEXTS),
                "source": may(Text(400)),
            }
        ),
        audience=Audience.PARTIES,
    ),
    Kind(
        "zone.revised/1",
        "The proposal is replaced by a further one; positions stay open",
        _TABLE,
        "DOMAIN 8.1",
        Fields(
            {"zone": s.CODE, "content": File(), "original": may(File()), "comment": may(s.TEXTS)}
        ),
        audience=Audience.PARTIES,
    ),
    Kind(
        "zone.position/1",
        "A body files its own line, or accepts the proposal of that content",
        _PRINCIPAL,
        "DESIGN 5; silence is no position, never consent",
        Fields(
            {
                "zone": s.CODE,
                "content": may(File()),
                "accepts": may(s.SHA256),
                "basis": OneOf(("control_line", "admin", "river", "road", "named_place", "other")),
                "comment": may(s.TEXTS),
                "source": may(Text(400)),
            }
        ),
        audience=Audience.PARTIES,
    ),
    Kind(
        "zone.consented/1",
        "A body consents to exactly this content",
        _PRINCIPAL,
        "DOMAIN 8.1, signature; in force when all signatories consent to one content",
        Fields({"zone": s.CODE, "content": s.SHA256}),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "zone.adopted/1",
        "The last consent is in: this content is in force from this instant",
        _MECHANISM,
        "zones/adoption.py",
        Fields(
            {
                "zone": s.CODE,
                "instrument": s.CODE,
                "content": File(),
                "consents": ListOf(s.ULID, most=64),
                "from": s.TIME,
                "until": may(s.TIME),
                "secrecy": OneOf(("public", "parties", "named")),
            }
        ),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "zone.contested/1",
        "A body contests a boundary, in part or whole; it stays in force and is shown as contested",
        _PRINCIPAL,
        "DOMAIN 1.6, recognition per party",
        Fields({"zone": s.CODE, "content": s.SHA256, "why": s.TEXTS, "source": may(Text(400))}),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "zone.amended/1",
        "An amendment of the boundary in force is put forward; the old one holds until all consent",
        _TABLE,
        "DOMAIN 8.1",
        Fields(
            {
                "zone": s.CODE,
                "content": File(),
                "supersedes": s.SHA256,
                "original": may(File()),
                "comment": may(s.TEXTS),
            }
        ),
        audience=Audience.PARTIES,
    ),
    Kind(
        "zone.suspended/1",
        "A signatory suspends the zone for its part; the map shows by whom and since when",
        _PRINCIPAL,
        "DOMAIN 8.1",
        Fields({"zone": s.CODE, "why": s.TEXTS}),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "zone.restored/1",
        "A signatory takes its own suspension back",
        _PRINCIPAL,
        "DOMAIN 8.1",
        Fields({"zone": s.CODE, "suspension": s.ULID}),
        audience=Audience.PUBLIC,
    ),
    Kind(
        "zone.expired/1",
        "The term of the zone ran out at this instant",
        _MECHANISM,
        "DOMAIN 8.1: expired at the hour",
        Fields({"zone": s.CODE, "content": s.SHA256, "at": s.TIME}),
        audience=Audience.PUBLIC,
    ),
    # -- policing posts (DOMAIN 7 policing_assignment) -------------------------------------------
    Kind(
        "post.assigned/1",
        "A policing assignment: what stands where, who runs it, how many were agreed",
        _TABLE,
        "DOMAIN 7 policing_assignment",
        Fields(
            {
                "post": s.CODE,
                "zone": s.CODE,
                "kind": OneOf(
                    (
                        "checkpoint",
                        "observation_post",
                        "joint_post",
                        "patrol_sector",
                        "monitoring_centre",
                        "coordination_centre",
                    )
                ),
                "operator": s.CODE,
                "agreed_count": Whole(0, 1000, "posts"),
                "strength_cap": may(Whole(0, 100_000, "people")),
                "composition": may(
                    ListOf(
                        Fields({"body": s.CODE, "role": Text(80), "most": Whole(0, 10_000)}),
                        most=20,
                    )
                ),
                "powers": may(
                    ListOf(
                        OneOf(("inspect", "identify", "search_goods", "pass_civilians")), most=10
                    )
                ),
                "place": may(
                    Fields(
                        {
                            "name": s.TITLES,
                            "lat_e7": s.LAT,
                            "lon_e7": s.LON,
                            "precision_m": Whole(0, 100_000, "metres"),
                        }
                    )
                ),
                "from": may(s.TIME),
                "until": may(s.TIME),
                "source": may(Text(400)),
            }
        ),
        audience=Audience.PARTIES,
    ),
    Kind(
        "post.answered/1",
        "A body consents to a policing assignment, or contests it",
        _PRINCIPAL,
        "DOMAIN 2.2: assignments need consent records",
        Fields(
            {
                "post": s.CODE,
                "answer": OneOf(("consents", "contests")),
                "why": may(s.TEXTS),
                "source": may(Text(400)),
            }
        ),
        audience=Audience.PARTIES,
    ),
    Kind(
        "post.reported/1",
        "A body reports how many posts of an assignment it has set up",
        frozenset((Role.PRINCIPAL, Role.LIAISON)),
        "DOMAIN 11.3",
        Fields(
            {
                "post": s.CODE,
                "count": Whole(0, 1000, "posts"),
                "as_of": s.TIME,
                "source": may(Text(400)),
            }
        ),
        audience=Audience.PARTIES,
    ),
    Kind(
        "post.observed/1",
        "Observers state how many posts of an assignment they found",
        frozenset((Role.OBSERVER, Role.VERIFIER)),
        "DOMAIN 11.3",
        Fields(
            {
                "post": s.CODE,
                "count": Whole(0, 1000, "posts"),
                "as_of": s.TIME,
                "source": may(Text(400)),
            }
        ),
        audience=Audience.PARTIES,
    ),
    Kind(
        "post.withdrawn/1",
        "A policing assignment ends or passes to another",
        _TABLE,
        "DOMAIN 7 policing_assignment",
        Fields({"post": s.CODE, "from": s.TIME, "handover_to": may(s.CODE)}),
        audience=Audience.PARTIES,
    ),
    # -- air (DESIGN 6) --------------------------------------------------------------------------
    Kind(
        "air.segment/1",
        "A batch of aircraft fixes as received: one source, one interval, bound by its hash",
        _MECHANISM,
        "DESIGN 4: fixes enter the log as sealed batches",
        Fields(
            {
                "segment": s.ULID,
                "source": s.CODE,
                "file": File(),
                "first_at": s.TIME,
                "last_at": s.TIME,
                "fixes": Whole(0, 10**9, "fixes"),
                "left_out": Whole(0, 10**9, "fixes"),
                "nature": OneOf(("real", "synthetic")),
            }
        ),
        files=Audience.WATCH,
    ),
    Kind(
        "air.crossing/1",
        "An aircraft was detected inside a zone in force; who it was and where are sealed",
        _MECHANISM,
        "DESIGN 6; airspace/crossing.py; a crossing, until a finding calls it a breach",
        Fields(
            {
                "zone": s.CODE,
                "content": s.SHA256,
                "segment": s.ULID,
                "source": s.CODE,
                "nature": OneOf(("real", "synthetic")),
                "entered_at": s.TIME,
                "verdict": OneOf(("suspected", "probable", "confirmed")),
                "probability_ppm": Whole(0, 1_000_000, "parts per million"),
                "cause": OneOf(
                    ("entered", "started_inside", "activated_under", "crossed_between_fixes")
                ),
                "altitude_known": Flag(),
            }
        ),
        sealed={"aircraft": Audience.WATCH, "entry": Audience.WATCH, "fixes": Audience.WATCH},
    ),
    Kind(
        "air.left/1",
        "The aircraft of a crossing left, was lost, or the zone closed over it",
        _MECHANISM,
        "DESIGN 6",
        Fields(
            {
                "crossing": s.ULID,
                "left_at": s.TIME,
                "cause": OneOf(
                    ("left", "lost_inside", "deactivated_over", "crossed_between_fixes")
                ),
                "verdict": OneOf(("suspected", "probable", "confirmed")),
                "depth_m": may(Whole(0, 10_000_000, "metres")),
            }
        ),
        sealed={"exit": Audience.WATCH, "fixes": Audience.WATCH},
    ),
    Kind(
        "air.prediction/1",
        "An aircraft is expected to enter a zone in force: when, how likely; who and where are sealed",
        _MECHANISM,
        "DESIGN 6; AIRSPACE d.3, prediction; airspace/predictions/prediction.py",
        Fields(
            {
                "zone": s.CODE,
                "content": s.SHA256,
                "segment": s.ULID,
                "source": s.CODE,
                "nature": OneOf(("real", "synthetic")),
                "level": OneOf(("alert", "imminent")),
                "predicted_at": s.TIME,
                "entry_at": s.TIME,
                "probability_ppm": Whole(0, 1_000_000, "parts per million"),
                "ways": Whole(0, 8, "of eight ways to fly on that lead in"),
            }
        ),
        sealed={
            "aircraft": Audience.WATCH,
            "entry": Audience.WATCH,
            "fixes": Audience.WATCH,
            "grounds": Audience.WATCH,
        },
    ),
    Kind(
        "air.predicted/1",
        "What became of a prediction: entered in time, late, nuisance, or not judged",
        _MECHANISM,
        "AIRSPACE d.3, metrics; every outcome is stated, whichever it is",
        Fields(
            {
                "prediction": s.ULID,
                "zone": s.CODE,
                "outcome": OneOf(("entered", "late", "nuisance", "not_judged")),
                "level": OneOf(("alert", "imminent")),
                "settled_at": s.TIME,
                "entered_at": may(s.TIME),
                "warning_s": may(Whole(0, 10_000_000, "seconds")),
            }
        ),
    ),
    # -- flights that are announced (DOMAIN 7 flight_exemption; 1.7) -------------------------------
    Kind(
        "flight.notified/1",
        "A flight is announced: by whom, what for, its route, heights and window; all of it sealed",
        _ANNOUNCERS,
        "DOMAIN 1.7 lesson c, 7 flight_exemption; 9: a route is for those it is addressed to",
        Fields(
            {
                "flight": s.CODE,
                "purpose": OneOf(
                    ("humanitarian", "medevac", "observer", "search_and_rescue", "un", "agreed")
                ),
                "callsign": may(Text(16, pattern=r"[A-Z0-9-]{2,16}")),
                "icao24": may(Text(6, pattern=r"[0-9a-f]{6}")),
                "aircraft_type": may(Text(40)),
                "route": ListOf(Fields({"lat_e7": s.LAT, "lon_e7": s.LON}), most=200, least=2),
                "width_m": Whole(100, 100_000, "metres"),
                "lower": may(_HEIGHT),
                "upper": may(_HEIGHT),
                "from": s.TIME,
                "until": s.TIME,
                "to": ListOf(s.CODE, most=32, least=1),
                "agreement": may(
                    Fields(
                        {
                            "instrument": s.CODE,
                            "clause": Text(200),
                            "approvers": ListOf(s.CODE, most=16),
                        }
                    )
                ),
                "replaces": may(s.ULID),
                "note": may(s.TEXTS),
            }
        ),
        leaf=Leaf.SEALED,
        audience=Audience.FLIGHT,
        own_key=True,
    ),
    Kind(
        "flight.answered/1",
        "A body that a flight was announced to answers: noted, query, objection; or approved, where the agreement names it as approver",
        _ANSWERERS,
        "DOMAIN 7 flight_exemption; DESIGN 7: noted, query, objection; never approved, but by agreement",
        Fields(
            {
                "notice": s.ULID,
                "answer": OneOf(("noted", "query", "objection", "approved")),
                "why": may(s.TEXTS),
            }
        ),
        leaf=Leaf.SEALED,
        audience=Audience.FLIGHT,
        own_key=True,
    ),
    Kind(
        "flight.withdrawn/1",
        "Whoever announced a flight takes the notice back",
        _ANNOUNCERS,
        "DOMAIN 7 flight_exemption",
        Fields({"notice": s.ULID, "why": may(s.TEXTS)}),
        leaf=Leaf.SEALED,
        audience=Audience.FLIGHT,
        own_key=True,
    ),
    Kind(
        "flight.matched/1",
        "A crossing on the record and an announced flight belong together: what fits, and what does not",
        _MECHANISM,
        "DOMAIN 1.7 lessons a and c: purpose apart from presence, matched before or after the fact",
        Fields(
            {
                "crossing": s.ULID,
                "notice": s.ULID,
                "purpose": OneOf(("exempt", "claimed")),
                "announced": OneOf(("before", "after")),
                "fits": ListOf(OneOf(_ASPECTS), most=8),
                "misfits": ListOf(Fields({"what": OneOf(_ASPECTS), "said": Text(200)}), most=8),
            }
        ),
        leaf=Leaf.SEALED,
        audience=Audience.FLIGHT,
    ),
    Kind(
        "flight.expected/1",
        "An entry that would have been an alert is that of an announced flight: nobody was alerted",
        _MECHANISM,
        "DOMAIN 1.7; AIRSPACE d.3: an alert that is held back can be counted; airspace/exemptions/exemption.py",
        Fields(
            {
                "notice": s.ULID,
                "zone": s.CODE,
                "predicted_at": s.TIME,
                "entry_at": s.TIME,
                "probability_ppm": Whole(0, 1_000_000, "parts per million"),
            }
        ),
        leaf=Leaf.SEALED,
        audience=Audience.FLIGHT,
    ),
    Kind(
        "air.sighting/1",
        "Someone saw or heard an aircraft: when, what, from where, towards where",
        frozenset((Role.OBSERVER, Role.VERIFIER, Role.WATCH)),
        "DOMAIN 2.1 and 9: an observer's place is as sensitive as a site, and so is who observes",
        Fields(
            {
                "seen_at": s.TIME,
                "means": OneOf(("seen", "heard")),
                "type": OneOf(("jet", "helicopter", "drone", "unknown")),
                "count": Whole(1, 1_000, "aircraft"),
                "sight": Fields(
                    {
                        "lat_e7": s.LAT,
                        "lon_e7": s.LON,
                        "place_sigma_mm": Whole(0, 100_000_000, "millimetres"),
                        "bearing_e7": _DEGREES,
                        "bearing_sigma_e7": _DEGREES_SIGMA,
                        "band": OneOf(("overhead", "near", "middle", "far", "horizon")),
                        "heading_e7": may(_DEGREES),
                        "heading_sigma_e7": may(_DEGREES_SIGMA),
                    }
                ),
            }
        ),
        leaf=Leaf.SEALED,
        audience=Audience.SIGHTING,
        own_key=True,
    ),
    # -- disclosure (DOMAIN 7 disclosure) -----------------------------------------------------------
    Kind(
        "disclosure.made/1",
        "A sealed part was handed to a body, at this precision",
        _MECHANISM,
        "DESIGN 7, disclosure ledger",
        Fields({"record": s.ULID, "part": Text(80), "to": s.CODE, "purpose": Text(400)}),
        leaf=Leaf.SEALED,
        audience=Audience.OWN_BODY,
    ),
    Kind(
        "disclosure.recalled/1",
        "A sealed part that was handed out is called back",
        _MECHANISM,
        "DESIGN 7, disclosure ledger",
        Fields({"disclosure": s.ULID, "why": Text(400)}),
        leaf=Leaf.SEALED,
        audience=Audience.OWN_BODY,
    ),
    Kind(
        "sealed.erased/1",
        "Disclosures were destroyed; their digests stay and open nothing",
        _MECHANISM,
        "DESIGN 3, leaves leak nothing",
        Fields({"record": s.ULID, "digests": ListOf(Text(43), most=64, least=1), "why": Text(400)}),
    ),
)

KINDS: Mapping[str, Kind] = {row.name: row for row in _ROWS}
"""Every kind by its name with version."""
