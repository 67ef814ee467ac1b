"""What a zone is: everything that its documents say, and nothing that they do not.

A zone may have a geometry, a geometry *rule* ("15-20 km inside the line", "certain
parts of the neighbouring provinces"), or both. A rule without a geometry is
unresolved geometry: a value of its own, never drawn as a polygon that nobody agreed.

The fields are those of AIRSPACE (c) and DOMAIN 7. Fields of a foreign document that
we do not interpret are kept as verbatim JSON text (`Extra`) at the level where they
stood, and are put back on export to the same format.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from truceline.errors import Malformed, Reason
from truceline.geo.altitude import Altitude, Datum
from truceline.geo.flatten import TOLERANCE_M, flatten
from truceline.geo.ring import check_polygon
from truceline.geo.schedule import Period
from truceline.geo.volume import Edge, MultiPolygon, Operation, Polygon, Shape, Volume, Window

MAX_VOLUMES = 1_000
MAX_CODE = 200


class ZoneKind(StrEnum):
    """What a zone is for (DOMAIN 7, AIRSPACE c). A document's own words are in `raw_kinds`."""

    DE_ESCALATION = "de_escalation"
    SECURITY = "security_zone"
    DEMILITARISED = "demilitarised"
    BUFFER = "buffer"
    NO_FLY = "no_fly"
    RESTRICTED = "restricted"
    DANGER = "danger"
    WARNING_BUFFER = "warning_buffer"
    DECONFLICTION = "deconfliction"
    CORRIDOR = "humanitarian_corridor"
    DISENGAGEMENT = "disengagement"
    WITHDRAWAL_BAND = "withdrawal_band"
    INFORMATION = "information"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Text:
    """Words in a language (BCP 47); `lang` "" where the document names none."""

    lang: str
    text: str


@dataclass(frozen=True, slots=True)
class Named:
    """A value in somebody's scheme: ("ed.identifier", "ABC1234"), ("openair.AC", "R")."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class Extra:
    """A field that we do not interpret: `key` is "format:name", `json` its value, verbatim."""

    key: str
    json: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A lower or upper limit, as the document gives it.

    `altitude` None and no text: without bound. `text` holds what is not a height of
    its own ("by NOTAM") or how a height was spelled ("GND", "UNL"); a limit with text
    and no altitude is unknown unless the text says unlimited. `geoid` names a geoid
    other than EGM96. `inclusive` None: the document does not say.
    """

    altitude: Altitude | None = None
    text: str = ""
    geoid: str = ""
    inclusive: bool | None = None

    @property
    def unbounded(self) -> bool:
        """Say whether the document sets no limit here, as opposed to one we cannot read."""
        return self.altitude is None and self.text.upper() in ("", "UNL", "UNLIM", "UNLIMITED")

    @property
    def unreadable(self) -> bool:
        """Say whether there is a limit in words alone."""
        return self.altitude is None and not self.unbounded


NO_LIMIT = Limit()


@dataclass(frozen=True, slots=True)
class ZoneVolume:
    """One piece of a zone, in the order in which operations join them.

    `also_lower` and `also_upper` are second limits of the same side (AIXM min/max);
    the stricter one holds. `reference` names another zone that lends its shape.
    """

    shape: Shape
    lower: Limit = NO_LIMIT
    upper: Limit = NO_LIMIT
    edge: Edge = Edge.GEODESIC
    operation: Operation = Operation.UNION
    window: Window = Window()  # noqa: RUF009 -- a frozen value, shared safely
    id: str = ""
    also_lower: Limit | None = None
    also_upper: Limit | None = None
    reference: str = ""
    extras: tuple[Extra, ...] = ()


@dataclass(frozen=True, slots=True)
class GeometryRule:
    """A boundary in words, as the text has it, with what can be counted in it.

    `reference` is the code of the line or zone that the words lean on; the distances
    are its band ("15-20 km inside line X"). `places` are gazetteer codes named in it.
    """

    texts: tuple[Text, ...]
    reference: str = ""
    from_mm: int | None = None
    to_mm: int | None = None
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Authority:
    """Whom to ask or tell, and how long before (`interval_before`: ISO 8601 duration)."""

    names: tuple[Text, ...] = ()
    services: tuple[Text, ...] = ()
    contacts: tuple[Text, ...] = ()
    site_url: str = ""
    email: str = ""
    phone: str = ""
    purpose: str = ""
    interval_before: str = ""
    extras: tuple[Extra, ...] = ()


@dataclass(frozen=True, slots=True)
class Restriction:
    """What is not to be done here: by whom, which activity, with which class of weapon."""

    actor: str
    activity: str
    weapon: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who is bound and on what terms.

    `conditions` are words or an expression of the document; `exempt` are references to
    authorised flights; `regulation_exemption` None: not said.
    """

    restrictions: tuple[Restriction, ...] = ()
    bound: tuple[str, ...] = ()
    conditions: tuple[Text, ...] = ()
    exempt: tuple[str, ...] = ()
    regulation_exemption: bool | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """The document that a zone was read from: a file by its hash, and the place in it.

    `dataset` keeps the fields of the document around the zone (title, metadata).
    """

    sha256: str
    media_type: str
    size: int
    name: str = ""
    place: str = ""
    dataset: tuple[Extra, ...] = ()


@dataclass(frozen=True, slots=True)
class ZoneContent:
    """One version of a zone: what the parties sign. Frozen; `zones/document.py` writes it down.

    `precision_mm` is how well the line is known on the ground; None: nobody has said.
    `edge_chosen` says that the agreement chose the kind of edge, rather than a format.
    """

    code: str
    kind: ZoneKind
    names: tuple[Text, ...] = ()
    ids: tuple[Named, ...] = ()
    raw_kinds: tuple[Named, ...] = ()
    reasons: tuple[str, ...] = ()
    reason_texts: tuple[Text, ...] = ()
    messages: tuple[Text, ...] = ()
    rule: Rule = Rule()
    authorities: tuple[Authority, ...] = ()
    volumes: tuple[ZoneVolume, ...] = ()
    geometry_rule: GeometryRule | None = None
    applicability: tuple[Period, ...] = ()
    places_included: tuple[str, ...] = ()
    places_excluded: tuple[str, ...] = ()
    precision_mm: int | None = None
    edge_chosen: bool = False
    extras: tuple[Extra, ...] = ()
    original: Original | None = None

    @property
    def unresolved(self) -> bool:
        """Say whether there is a rule in words and no geometry."""
        return not self.volumes

    def name(self, lang: str = "en") -> str:
        """Return the name in a language, or the first name, or the code."""
        wanted = [one.text for one in self.names if one.lang.split("-")[0] == lang]
        return (wanted or [one.text for one in self.names] or [self.code])[0]

    def raw_kind(self, scheme: str) -> str:
        """Return the document's own word for the kind, or ""."""
        return next((one.value for one in self.raw_kinds if one.scheme == scheme), "")

    def id_in(self, scheme: str) -> str:
        """Return the identifier in a scheme, or ""."""
        return next((one.value for one in self.ids if one.scheme == scheme), "")

    def airspace(self) -> tuple[Volume, ...]:
        """Return the volumes that an aircraft is tested against.

        A limit in words alone counts as no limit: doubt widens a zone, and the verdict
        of a crossing says that the height was not certain (`limits_uncertain`).
        """
        return tuple(
            Volume(
                shape=one.shape,
                lower=_stricter(one.lower, one.also_lower, highest=True),
                upper=_stricter(one.upper, one.also_upper, highest=False),
                edge=one.edge,
                operation=one.operation,
                window=one.window,
            )
            for one in self.volumes
        )

    @property
    def limits_uncertain(self) -> bool:
        """Say whether a limit is given in words that are no height."""
        return any(limit.unreadable for one in self.volumes for limit in (one.lower, one.upper))

    def without_original(self) -> ZoneContent:
        """Return the same content without where it was read from."""
        return replace(self, original=None)


def check_content(content: ZoneContent) -> None:
    """Refuse a content that could not be agreed on: no code, nothing said of where, a bad shape."""
    if not content.code.strip() or len(content.code) > MAX_CODE:
        raise Malformed(
            Reason.MISSING_FIELD,
            where="zone.code",
            detail=f"a zone needs a code of 1 to {MAX_CODE} characters",
        )
    where = f"zone {content.code}"
    if not content.volumes and content.geometry_rule is None:
        raise Malformed(
            Reason.BAD_GEOMETRY,
            where=where,
            detail="the zone has neither a geometry nor a rule in words",
            remedy="Give a shape, or the words of the text that say where it is",
        )
    if len(content.volumes) > MAX_VOLUMES:
        raise Malformed(Reason.TOO_LARGE, where=where, detail=f"more than {MAX_VOLUMES} volumes")
    for number, volume in enumerate(content.volumes, start=1):
        check_volume(volume, where=f"{where}, volume {number}")


def check_volume(volume: ZoneVolume, *, where: str) -> None:
    """Refuse a bad shape, limits upside down in one datum, or a surface limit with a height."""
    match volume.shape:
        case Polygon() | MultiPolygon():
            for number, one in enumerate(polygons_of(volume.shape), start=1):
                check_polygon(one, where=f"{where}, polygon {number}")
        case _:
            for one in flatten(volume.shape, edge=volume.edge, tolerance_m=TOLERANCE_M):
                check_polygon(one, where=where)
    low, high = volume.lower.altitude, volume.upper.altitude
    if low and high and low.datum is high.datum and low.mm > high.mm:
        raise Malformed(
            Reason.OUT_OF_RANGE,
            where=f"{where}, limits",
            detail=f"the lower limit ({low.as_given} {low.unit}) is above the upper one ({high.as_given} {high.unit})",
        )
    for one_limit in (low, high):
        if one_limit and one_limit.datum is Datum.SFC and one_limit.mm != 0:
            raise Malformed(
                Reason.OUT_OF_RANGE,
                where=f"{where}, limits",
                detail="a limit at the surface (SFC) has the value 0",
                remedy="Use AGL for a height above the ground",
            )
    if volume.window.start and volume.window.end and volume.window.start >= volume.window.end:
        raise Malformed(
            Reason.BAD_TIME, where=f"{where}, window", detail="the end is not after the start"
        )


def polygons_of(shape: Polygon | MultiPolygon) -> tuple[Polygon, ...]:
    """Return the polygons of an area."""
    return shape.polygons if isinstance(shape, MultiPolygon) else (shape,)


def area_of(polygons: Iterable[Polygon]) -> Polygon | MultiPolygon:
    """Return one polygon as itself, several as a multipolygon."""
    found = tuple(polygons)
    return found[0] if len(found) == 1 else MultiPolygon(found)


def _stricter(limit: Limit, also: Limit | None, *, highest: bool) -> Altitude | None:
    """The stricter of two limits; with different datums the first, which widens nothing unseen."""
    first, second = limit.altitude, also.altitude if also else None
    if first is None or second is None:
        return first or second
    if first.datum is not second.datum:
        return first
    return max(first, second, key=lambda one: one.mm if highest else -one.mm)
