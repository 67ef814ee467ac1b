"""Airspaces of AIXM 5.1 and 5.1.1 as zones: data sets, updates and digital NOTAMs. Read, not written.

One zone for each version of an airspace (`aixm_slices.py`). Properties that we do not
interpret are kept verbatim. A change to an airspace whose description is not in the
file is kept as a rule in words, with its window, and never drawn; read the file with
the data set beside it to draw it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from truceline.errors import Malformed, Reason, Refused
from truceline.geo.volume import Operation
from truceline.zones.boundary import (
    Extra,
    GeometryRule,
    Limit,
    Named,
    Original,
    Text,
    ZoneContent,
    ZoneKind,
    ZoneVolume,
)
from truceline.zones.formats import aixm_times, gml_curve, json_text
from truceline.zones.formats.aixm_slices import Version, one_text, properties, versions
from truceline.zones.formats.aixm_volumes import Joining, limit, volumes
from truceline.zones.formats.aixm_xml import (
    Index,
    bare,
    child,
    children,
    href,
    local,
    text,
    uuid_of,
    verbatim,
    within,
)
from truceline.zones.formats.reading import (
    MAX_FEATURES,
    Reading,
    Report,
    Written,
    check_size,
    original_of,
)
from truceline.zones.formats.safe_files import parse_xml, unpacked

FORMAT = "aixm"
MEDIA_TYPE = "application/vnd.aixm+xml"

_KINDS = {
    "P": ZoneKind.NO_FLY,
    "R": ZoneKind.RESTRICTED,
    "TSA": ZoneKind.RESTRICTED,
    "TRA": ZoneKind.RESTRICTED,
    "R-AMC": ZoneKind.RESTRICTED,
    "D": ZoneKind.DANGER,
    "D-AMC": ZoneKind.DANGER,
    "D_OTHER": ZoneKind.DANGER,
    "W": ZoneKind.DANGER,
}
_READ = ("designator", "name", "type", "geometryComponent", "localType")
_CONTAINERS = ("AIXMBasicMessage", "FeatureCollection")


def looks_like(head: bytes) -> bool:
    """Say whether the beginning of an XML text names AIXM."""
    return b"aixm.aero/schema" in head or b"AIXMBasicMessage" in head


@dataclass(slots=True)
class _File:
    """The documents that are read together, and what is common to the zones made of them."""

    index: Index
    ours: set[int]
    events: dict[str, Any]
    original: Original
    report: Report


def read(
    data: bytes, *, name: str = "airspace.xml", beside: Sequence[tuple[str, bytes]] = ()
) -> Reading:
    """Return the zones of an AIXM document, with a report by airspace.

    `beside` are further documents, such as the data set that an update changes: they
    lend borders, points and descriptions, and give no zone of their own. A gzip or zip
    of one document is unpacked within limits.
    """
    check_size(data, name)
    report = Report()
    root = _root(data, name)
    index = Index()
    members = _members(root)
    _take_in(root, members, index)
    for other_name, other in beside:
        other_root = _root(other, other_name)
        _take_in(other_root, _members(other_root), index)
    airspaces = [one for one in members if local(one) == "Airspace"]
    if len(airspaces) > MAX_FEATURES:
        raise Malformed(Reason.TOO_LARGE, where=name, detail=f"more than {MAX_FEATURES} airspaces")
    file = _File(
        index,
        {id(one) for one in airspaces},
        {uuid_of(one): one for one in members if local(one) == "Event"},
        original_of(data, name=name, media_type=MEDIA_TYPE),
        report,
    )
    _tell_others(members, name, report)
    zones: list[ZoneContent] = []
    for uuid in dict.fromkeys(uuid_of(one) for one in airspaces):
        _airspace(uuid, file, zones)
    return Reading(tuple(zones), tuple(report.notes), FORMAT, hashlib.sha256(data).hexdigest())


def write(zones: tuple[ZoneContent, ...]) -> Written:
    """Refuse: AIXM is read and not written."""
    raise Refused(
        Reason.NOT_FOUND,
        where="format",
        detail=f"AIXM is read, not written ({len(zones)} zones were asked for)",
        remedy="Write ED-318, ED-269, NOTAM, GeoJSON or another format",
    )


def _root(data: bytes, name: str) -> Any:
    root = parse_xml(unpacked(data, name=name, ending=".xml"), name=name)
    if local(root) not in _CONTAINERS:
        old = "; AIXM 4.5 is not read" if local(root) == "AIXM-Snapshot" else ""
        raise Malformed(
            Reason.BAD_FORMAT,
            where=name,
            detail=f"not AIXM 5.1: the root element is {local(root)}{old}",
            remedy="Give an AIXM 5.1 or 5.1.1 message",
        )
    return root


def _members(root: Any) -> list[Any]:
    return [
        feature
        for member in children(root)
        if local(member) in ("hasMember", "featureMember", "member")
        for feature in children(member)
    ]


def _take_in(root: Any, members: list[Any], index: Index) -> None:
    index.add(root)
    for one in members:
        index.add_feature(one)


def _tell_others(members: list[Any], name: str, report: Report) -> None:
    """Say what else is in the file: it is not a zone, and the reader should know."""
    others = Counter(local(one) for one in members if local(one) not in ("Airspace", "Event"))
    if others:
        listed = ", ".join(f"{kind} {count}" for kind, count in others.most_common(12))
        report.noted(name, f"{others.total()} features are no airspace and give no zone ({listed})")
    if not any(local(one) == "Airspace" for one in members):
        report.noted(name, "the file has no airspace")


# -- one airspace -------------------------------------------------------------------


def _airspace(uuid: str, file: _File, zones: list[ZoneContent]) -> None:
    where = f"airspace {uuid}"
    features = file.index.features[uuid]
    with file.report.feature(where):
        found = versions(features, file.report, where, own=file.ours)
        for version in found:
            label = _code(version, uuid)
            place = f"{where} ({label})"
            with file.report.feature(place):
                content = _zone(version, uuid, file, place)
                if content is not None:
                    file.report.take(content, place, zones)


def _code(version: Version, uuid: str) -> str:
    code = one_text(version, "designator") or one_text(version, "name") or uuid
    return f"{code[:180]} (temporary {version.sequence})" if version.temporary else code[:200]


def _zone(version: Version, uuid: str, file: _File, where: str) -> ZoneContent | None:
    activations = [
        one
        for each in properties(version, "activation")
        for one in children(each, "AirspaceActivation")
    ]
    said = [text(one, "status") for one in activations]
    if version.temporary and said and set(said) == {aixm_times.INACTIVE}:
        file.report.noted(where, "it is not active in this window, and gives no zone for it")
        return None
    events = _events(version, file)
    made, rule, precision = _geometry(version, uuid, events, file, where)
    kind = one_text(version, "type")
    named = {
        "aixm.uuid": uuid,
        "aixm.designator": one_text(version, "designator"),
        "aixm.version": f"{version.interpretation} {version.sequence}",
        "notam.id": _notam_id(events),
    }
    kinds = {"aixm.type": kind, "aixm.localType": one_text(version, "localType")}
    name = one_text(version, "name")
    return ZoneContent(
        code=_code(version, uuid),
        kind=_KINDS.get(kind, ZoneKind.OTHER),
        names=(Text("", name),) if name else (),
        ids=tuple(Named(scheme, value) for scheme, value in named.items() if value),
        raw_kinds=tuple(Named(scheme, value) for scheme, value in kinds.items() if value),
        messages=(*_notes(version), *_told(events)),
        volumes=_activated(made, activations, file, where),
        geometry_rule=rule,
        applicability=aixm_times.periods(activations, version.windows, permanent=version.permanent),
        precision_mm=precision,
        extras=tuple(_extras(version)),
        original=replace(file.original, place=f"airspace {uuid}"),
    )


def _geometry(
    version: Version, uuid: str, events: list[Any], file: _File, where: str
) -> tuple[tuple[ZoneVolume, ...], GeometryRule | None, int | None]:
    components = [
        one
        for each in properties(version, "geometryComponent")
        for one in children(each, "AirspaceGeometryComponent")
    ]
    if not components:
        file.report.noted(
            where,
            "it has no geometry here: it stays a rule in words, and is not drawn"
            if version.whole
            else "it changes an airspace that is not in the file: it stays a rule in words;"
            " read it with the data set beside it to draw it",
        )
        words = _told(events) or (Text("en", f"The airspace {uuid} as described elsewhere"),)
        return (), GeometryRule(words, reference=uuid), None
    drawing = gml_curve.Drawing(file.index)
    joining = Joining(file.index, lambda one: _components_of(one, file), drawing, path=(uuid,))
    made = volumes(components, joining)
    for one in drawing.done:
        file.report.repaired(where, one)
    return made, None, max(joining.accuracies_mm, default=None)


def _components_of(airspace: Any, file: _File) -> list[Any]:
    """The components of a contributor: of its last full description."""
    found = versions(file.index.features[uuid_of(airspace)], Report(), "")
    whole = [one for one in found if properties(one, "geometryComponent") and not one.temporary]
    if not whole:
        raise Malformed(
            Reason.BAD_GEOMETRY,
            where="contributorAirspace",
            detail=f"the airspace {uuid_of(airspace)} that contributes has no geometry",
        )
    return [
        one
        for each in properties(whole[-1], "geometryComponent")
        for one in children(each, "AirspaceGeometryComponent")
    ]


def _activated(
    made: tuple[ZoneVolume, ...], activations: list[Any], file: _File, where: str
) -> tuple[ZoneVolume, ...]:
    """The volumes within the levels of the activation, where one activation has one layer."""
    active = [one for one in activations if text(one, "status") != aixm_times.INACTIVE]
    layers = [
        layer for one in active for each in children(one, "levels") for layer in children(each)
    ]
    bounds = [_layer(one) for one in layers]
    if all(one == (Limit(), Limit()) for one in bounds):
        return made
    if (
        len(active) > 1
        or len(bounds) > 1
        or any(one.operation is not Operation.UNION for one in made)
    ):
        file.report.noted(
            where, "it is activated by levels that differ; it stands between all of its limits"
        )
        return made
    lower, upper = bounds[0]
    return tuple(
        replace(
            one,
            also_lower=one.also_lower or (lower if lower.altitude else None),
            also_upper=one.also_upper or (upper if upper.altitude else None),
        )
        for one in made
    )


def _layer(element: Any) -> tuple[Limit, Limit]:
    """The limits of a layer; FLOOR and CEILING are the volume's own."""
    found = [
        limit(
            child(element, f"{side}Limit"), text(element, f"{side}LimitReference"), f"{side}Limit"
        )
        for side in ("lower", "upper")
    ]
    lower, upper = (Limit() if one.altitude is None else one for one in found)
    return lower, upper


def _extras(version: Version) -> list[Extra]:
    return [
        Extra(f"aixm:{local(one)}", json_text.dump(verbatim(one)))
        for one in version.parts
        if local(one) not in _READ
    ]


def _notes(version: Version) -> tuple[Text, ...]:
    """The airspace's own annotations."""
    found = (
        (str(note.get("lang", "")), text(note))
        for each in properties(version, "annotation")
        for note in within(each, "note")
    )
    return tuple(Text(lang, words) for lang, words in found if words)


# -- the event of a digital NOTAM ------------------------------------------------------


def _events(version: Version, file: _File) -> list[Any]:
    references = [
        bare(href(one))
        for each in properties(version, "extension")
        for one in within(each, "theEvent")
    ]
    return [file.events[one] for one in references if one in file.events]


def _told(events: list[Any]) -> tuple[Text, ...]:
    """What the text NOTAMs of the events say."""
    found = [text(notam, "text") for event in events for notam in within(event, "NOTAM")]
    return tuple(Text("en", one) for one in dict.fromkeys(found) if one)


def _notam_id(events: list[Any]) -> str:
    for event in events:
        for notam in within(event, "NOTAM"):
            number, year = text(notam, "number"), text(notam, "year")
            if number.isdigit() and year.isdigit():
                return f"{text(notam, 'series')}{int(number):04d}/{int(year) % 100:02d}"
    return ""
