"""Elements of AIXM and GML, whatever the version of their namespace: names, texts, references.

A nil element (`xsi:nil="true"`) says that a value is not known or does not apply; it
counts as absent. References (`xlink:href`) are followed within the documents at hand
alone, never over a network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from truceline.errors import Malformed, Reason

GML = "http://www.opengis.net/gml/3.2"
_XLINK = "{http://www.w3.org/1999/xlink}"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_UUID = re.compile(r"^(?:urn:uuid:|uuid\.|#uuid\.)", re.IGNORECASE)

MAX_VERTICES = 2_000_000
"""Vertices that one document may come to, references followed: a curve can be named often."""


def local(element: Any) -> str:
    """Return an element's name without its namespace; "" for comments."""
    return str(etree.QName(element).localname) if isinstance(element.tag, str) else ""


def nil(element: Any) -> bool:
    """Say whether the element says that there is no value."""
    return element.get(_NIL) in ("true", "1")


def children(element: Any, name: str = "") -> list[Any]:
    """Return the child elements that are not nil, of one name or of any."""
    if element is None:
        return []
    found = [one for one in element if isinstance(one.tag, str) and not nil(one)]
    return [one for one in found if not name or local(one) == name]


def child(element: Any, *names: str) -> Any:
    """Return the first element down a path of names, or None."""
    for name in names:
        element = next(iter(children(element, name)), None)
    return element


def text(element: Any, *names: str) -> str:
    """Return the text at the end of a path, with white space made plain; "" where there is none."""
    found = child(element, *names) if names else element
    return "" if found is None else " ".join("".join(found.itertext()).split())


def within(element: Any, *names: str) -> Iterator[Any]:
    """Yield the elements of these names at any depth, not those inside one another."""
    for one in children(element):
        if local(one) in names:
            yield one
        else:
            yield from within(one, *names)


def href(element: Any) -> str:
    """Return what an element refers to, or ""."""
    return "" if element is None else str(element.get(f"{_XLINK}href") or "").strip()


def verbatim(element: Any) -> str:
    """Return the element as XML text, with its namespaces."""
    return etree.tostring(element, encoding="unicode", with_tail=False).strip()


def bare(reference: str) -> str:
    """Return a reference without `urn:uuid:`, `uuid.` or `#`."""
    return _UUID.sub("", reference).removeprefix("#").strip().lower()


@dataclass(slots=True)
class Index:
    """What can be referred to: features by their UUID, elements by their `gml:id`.

    `left` counts down the vertices that may still be read.
    """

    features: dict[str, list[Any]] = field(default_factory=dict)
    by_id: dict[str, Any] = field(default_factory=dict)
    left: int = MAX_VERTICES

    def add(self, root: Any) -> None:
        """Take in the elements of a document; the first of a `gml:id` counts."""
        for one in root.iter():
            identity = one.get(f"{{{GML}}}id") if isinstance(one.tag, str) else None
            if identity:
                self.by_id.setdefault(identity.lower(), one)

    def add_feature(self, feature: Any) -> None:
        """Take in a feature under its UUID; one feature may stand in several members."""
        self.features.setdefault(uuid_of(feature), []).append(feature)

    def found(self, reference: str) -> Any:
        """Return the element that a reference means, or None."""
        key = bare(reference)
        features = self.features.get(key)
        return features[0] if features else self.by_id.get(key)

    def spend(self, vertices: int) -> None:
        """Count vertices; refuses when the document comes to more than it may."""
        self.left -= vertices
        if self.left < 0:
            raise Malformed(
                Reason.TOO_LARGE,
                where="geometry",
                detail=f"the document comes to more than {MAX_VERTICES} vertices with its references followed",
                remedy="Split it into several files",
            )


def uuid_of(feature: Any) -> str:
    """Return a feature's UUID: its `gml:identifier`, else its `gml:id`."""
    return bare(text(feature, "identifier") or feature.get(f"{{{GML}}}id") or "")
