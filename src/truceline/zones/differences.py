"""Where two contents differ apart from their lines: limits, times, kinds, words."""

from __future__ import annotations

from truceline.zones.boundary import Limit, ZoneContent


def other_differences(
    a: ZoneContent, b: ZoneContent, *, label_a: str = "A", label_b: str = "B"
) -> tuple[str, ...]:
    """Return, in words, where two contents differ apart from their lines."""
    made = []
    for what, one, other in (
        ("kind", str(a.kind), str(b.kind)),
        ("edges between vertices", _edges(a), _edges(b)),
        ("lower limit", _limits(a, "lower"), _limits(b, "lower")),
        ("upper limit", _limits(a, "upper"), _limits(b, "upper")),
        ("times", a.applicability, b.applicability),
        ("places named as included", a.places_included, b.places_included),
        ("places named as excluded", a.places_excluded, b.places_excluded),
        ("rule in words", a.geometry_rule, b.geometry_rule),
        ("what is restricted", a.rule, b.rule),
    ):
        if one != other:
            shown = f": {label_a} has {one}, {label_b} has {other}" if isinstance(one, str) else ""
            made.append(f"{what} differ{'s' if not what.endswith('s') else ''}{shown}")
    return tuple(made)


def _edges(content: ZoneContent) -> str:
    return ", ".join(sorted({str(one.edge) for one in content.volumes})) or "none"


def _limits(content: ZoneContent, side: str) -> str:
    found = [limit_words(getattr(one, side)) for one in content.volumes]
    return ", ".join(dict.fromkeys(found)) or "none"


def limit_words(limit: Limit) -> str:
    """Return a limit as people say it: "1500 ft AMSL", "FL 245", "surface", "no limit"."""
    if limit.altitude is None:
        return limit.text or "no limit"
    at = limit.altitude
    if at.datum == "SFC":
        return "surface"
    return f"FL {at.as_given}" if at.unit == "FL" else f"{at.as_given} {at.unit} {at.datum}"
