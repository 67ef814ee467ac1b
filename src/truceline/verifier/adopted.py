"""Zones as the parties consented to them, held against what the mechanism says of them.

An adoption must follow from what stands before it: the zone proposed under that
instrument, the content put forward, and the latest word of every binding party that
still counts; the secrecy is the instrument's; it begins neither before the last word it
rests on nor long before it was stated, and ends with the instrument at the latest. An
expiry is of the latest adoption, at its own `until` or the hour of a signatory's leaving.

Within those bounds only the window inside the zone's content says from when until when,
and the content is a file that the log names by its hash: there the mechanism's word is
told as such, and not as proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from truceline.verifier.agreed import Agreement, Agreements, Doubt, unproved, wrong
from truceline.verifier.public_map import Said

LATE_MICROS = 60 * 1_000_000
"""An adoption is stated with what caused it; by so much may the statement come later."""


@dataclass(slots=True)
class Zone:
    """A zone, the contents put forward, the latest consent of each body, and what was stated."""

    instrument: str
    contents: set[str] = field(default_factory=set)
    consents: dict[str, Said] = field(default_factory=dict)
    adopted: Said | None = None
    expired_at: int | None = None

    def ended(self, at: int) -> int | None:
        """When the latest adoption ended, if that was not after `at`."""
        until = self.adopted.body.get("until") if self.adopted else None
        ends = [one for one in (until, self.expired_at) if one is not None and one <= at]
        return min(ends, default=None)

    def counted(self, at: int) -> dict[str, Said]:
        """The consents that count at a moment: those from before an end do not count again."""
        ended = self.ended(at)
        return {
            body: one
            for body, one in self.consents.items()
            if ended is None or one.received_at >= ended
        }


class Zones:
    """Every zone after the records taken so far."""

    def __init__(self, agreements: Agreements) -> None:
        self._agreements = agreements.known
        self._zones: dict[str, Zone] = {}

    def take(self, one: Said) -> list[Doubt]:
        """Fold one record, and return what it lacks."""
        step = _STEPS.get(one.kind)
        return list(step(self, one, one.body)) if step else []

    def unsaid(self, at: int) -> Iterator[Doubt]:
        """Return what all had consented to by `at` and the mechanism has not adopted."""
        for code, zone in self._zones.items():
            agreement = self._agreements.get(zone.instrument)
            if agreement is not None and agreement.entered is not None:
                yield from _unadopted(code, zone, agreement, at)

    def _proposed(self, one: Said, body: Mapping[str, Any]) -> Iterator[Doubt]:
        if body["zone"] in self._zones:
            yield wrong(one, "adoptions", f"proposes {body['zone']} a second time")
            return
        if body["instrument"] not in self._agreements:
            yield wrong(one, "adoptions", f"is under {body['instrument']}, which nobody published")
            return
        self._zones[body["zone"]] = Zone(body["instrument"], {body["content"]["sha256"]})

    def _put_forward(self, one: Said, body: Mapping[str, Any]) -> Iterator[Doubt]:
        zone = self._zones.get(body["zone"])
        if zone is None:
            yield wrong(one, "adoptions", f"speaks of {body['zone']}, which nobody proposed")
        elif "content" in body:
            zone.contents.add(body["content"]["sha256"])

    def _consented(self, one: Said, body: Mapping[str, Any]) -> Iterator[Doubt]:
        zone = self._zones.get(body["zone"])
        if zone is None or body["content"] not in zone.contents:
            why = f"consents to a content of {body['zone']} that nobody put forward"
            yield wrong(one, "adoptions", why)
            return
        zone.consents[one.by] = one

    def _adopted(self, one: Said, body: Mapping[str, Any]) -> Iterator[Doubt]:
        zone, agreement = self._zones.get(body["zone"]), self._agreements.get(body["instrument"])
        if zone is None or zone.instrument != body["instrument"] or agreement is None:
            why = f"it was not proposed under the instrument {body['instrument']}"
            yield _unfounded(one, why)
            return
        words = [*zone.consents.values(), *([agreement.last_word] if agreement.last_word else [])]
        cause = max(words, key=lambda word: word.number, default=None)
        if cause is None or (zone.adopted and zone.adopted.number > cause.number):
            yield _unfounded(one, "nobody has said anything new on it")
            return
        for why in _consent_flaws(body, zone, agreement, cause.received_at):
            yield _unfounded(one, why)
        yield from _window(one, agreement, cause.received_at)
        zone.adopted, zone.expired_at = one, None

    def _suspended(self, one: Said, body: Mapping[str, Any]) -> Iterator[Doubt]:
        zone = self._zones.get(body["zone"])
        agreement = self._agreements.get(zone.instrument) if zone else None
        if agreement is None or one.by not in agreement.binding:
            why = f"suspends {body['zone']}, to which {one.by} is not bound"
            yield wrong(one, "suspensions", why)

    def _expired(self, one: Said, body: Mapping[str, Any]) -> Iterator[Doubt]:
        zone = self._zones.get(body["zone"])
        last = zone.adopted if zone else None
        if zone is None or last is None or zone.expired_at is not None:
            yield wrong(one, "expiries", f"ends {body['zone']}, which is not in force")
            return
        ends = list(self._agreements[zone.instrument].leavings)
        ends += [last.body["until"]] if "until" in last.body else []
        zone.expired_at = body["at"]
        if body["content"] != last.body["content"]["sha256"]:
            yield wrong(one, "expiries", f"ends another content of {body['zone']} than in force")
        elif body["at"] != min(ends, default=None) or body["at"] > one.received_at:
            why = f"ends {body['zone']} at an hour that neither its adoption nor a leaving names"
            yield wrong(one, "expiries", why)


def _consent_flaws(
    body: Mapping[str, Any], zone: Zone, agreement: Agreement, cause: int
) -> Iterator[str]:
    content, named = body["content"]["sha256"], set(body["consents"])
    if agreement.entered is None:
        yield f"its instrument {body['instrument']} is not in force"
    if body["secrecy"] != agreement.body["secrecy"]:
        yield (
            f"as {body['secrecy']}, while its instrument is {agreement.body['secrecy']}: "
            "the map would be another"
        )
    counted = zone.counted(cause)
    for party in agreement.binding:
        consent = counted.get(party)
        if consent is None or consent.body["content"] != content:
            yield f"{party} has not consented to this content"
        elif consent.id not in named:
            yield f"it does not name the consent of {party}"


def _window(one: Said, agreement: Agreement, cause: int) -> Iterator[Doubt]:
    """From when until when: bounds that the records give; within them only the content can say."""
    body, entered = one.body, agreement.entered
    start, until, end = body["from"], body.get("until"), agreement.end()
    least = max(cause, entered.body["from"]) if entered else cause
    if start < least:
        yield _unfounded(one, "it begins before the last word that it rests on")
    elif one.received_at - cause > LATE_MICROS:
        yield _unfounded(one, "it was stated long after the last word that it rests on")
    elif start > least:
        yield unproved(
            one, "adoptions-from", f"puts {body['zone']} in force later than all had agreed"
        )
    if end is not None and (until is None or until > end):
        yield _unfounded(one, f"beyond the end of its instrument {body['instrument']}")
    elif until != end:
        yield unproved(one, "adoptions-until", f"ends {body['zone']} before its instrument ends")


def _unadopted(code: str, zone: Zone, agreement: Agreement, at: int) -> Iterator[Doubt]:
    counted = zone.counted(at)
    agreed = {counted[body].body["content"] for body in agreement.binding if body in counted}
    if len(agreed) != 1 or not counted.keys() >= set(agreement.binding):
        return
    if zone.adopted is None or zone.adopted.body["content"]["sha256"] not in agreed:
        last = max((counted[body] for body in agreement.binding), key=lambda one: one.number)
        why = f"is the last consent to one content of {code}, which nobody adopted: why not,"
        yield unproved(last, "unsaid", why)


def _unfounded(one: Said, why: str) -> Doubt:
    return wrong(one, "adoptions", f"puts {one.body['zone']} in force, but {why}")


_STEPS: Mapping[str, Callable[[Zones, Said, Mapping[str, Any]], Iterator[Doubt]]] = {
    "zone.proposed/1": Zones._proposed,
    "zone.revised/1": Zones._put_forward,
    "zone.amended/1": Zones._put_forward,
    "zone.position/1": Zones._put_forward,
    "zone.consented/1": Zones._consented,
    "zone.adopted/1": Zones._adopted,
    "zone.suspended/1": Zones._suspended,
    "zone.expired/1": Zones._expired,
}
