"""The model of two ledgers, learned from both without being told which links are true.

For a pair (a, b), with M links expected among N_a and N_b reports, the odds that the two
tell of one event, against two reports without counterpart, are

    M / ((N_a - M) (N_b - M)) * place * time * kind

(Fellegi and Sunter 1969, with continuous comparisons). The share of reports with a
counterpart, the jitter of time and place, and how often both say the same kind are set by
expectation and maximisation (Dempster, Laird and Rubin 1977) over the probabilities of
`association`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from truceline.incidents.matching import density
from truceline.incidents.matching.association import marginals
from truceline.incidents.matching.columns import Columns, Floats, Ints, Row, columns, near

_ROUNDS = 40
_STILL = 1e-3
_REACH = 3.5  # sigmas of each report
_LEAST_RADIUS_M = 100.0
_UNKNOWN_RADIUS_M = 5_000.0
_MOST_DAYS = 12.0  # taus between two reports of one event
_ENOUGH = 150  # reports of one size, for a density of places of their own
_TAIL = 0.02  # share of links whose times differ far more than tau says
_SHAPE_BINS = 24
_TEMPER = 0.9
_SPAN = 4.0  # taus that the bins cover
_GAIN = 0.02  # nats a link, below which the jitter is taken as normal
_SHAPE_FROM = 300.0  # links, before the shape of the jitter is learned too


@dataclass(frozen=True, slots=True)
class Learned:
    """What the two ledgers taught.

    `tau_days`: standard deviation of the time between two reports of one event, beyond the
    length that they give themselves. `scale`: how many of its stated radii a place is off,
    one sigma on each axis. `agreed`: share of links that name the same kind; `alike`: whose radii are of one size:
    both sides may have it from one gazetteer, or not. `shape`: the
    density of |days| / tau in `_SHAPE_BINS` bins up to `_MOST_DAYS`; empty: normal.
    """

    links: float
    tau_days: float = 1.0
    scale: float = 1.0
    agreed: float = 0.8
    alike: float = 0.5
    shape: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A proposal: two reports, the probability that they tell of one event, and why."""

    a: str
    b: str
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pairs:
    a: Ints
    b: Ints
    metres: Floats
    days: Floats
    vague: Floats  # variance of the times as given, days squared
    same: Floats  # 1, 0, NaN: a kind is not said
    rare: Floats  # chance of two unrelated reports saying these kinds, or different ones
    sized: Floats  # 1, 0, NaN: a radius is not given
    usual: Floats  # chance of two unrelated reports having these sizes, or different ones


@dataclass(frozen=True, slots=True)
class Scored:
    """Every candidate with its probability, and what was learned on the way."""

    a: Columns
    b: Columns
    at_a: Ints
    at_b: Ints
    metres: Floats
    days: Floats
    same: Floats
    crowd: Floats  # links that the place, hour and kind alone would not tell apart
    probability: Floats
    learned: Learned


def match(a: Sequence[Row], b: Sequence[Row], *, least: float = 0.05) -> tuple[list[Link], Learned]:
    """Propose links between two ledgers, the surest first, down to a probability of `least`."""
    if not a or not b:
        return [], Learned(0.0)
    scored = score(a, b)
    order = np.argsort(-scored.probability, kind="stable")
    told = [int(at) for at in order if scored.probability[at] >= least]
    return [_link(scored, at) for at in told], scored.learned


def score(a: Sequence[Row], b: Sequence[Row], known: Learned | None = None) -> Scored:
    """Give each pair of reports that may tell of one event its probability.

    Neither ledger is empty. `known`: parameters that are given and not learned.
    """
    of_a, of_b, kinds = columns(a, b)
    learned = known or Learned(0.4 * min(len(a), len(b)))
    for _ in range(1 if known else 3):
        begun = learned
        scored = _learn(of_a, of_b, len(kinds), learned, learn=known is None)
        learned = scored.learned
        if abs(np.log(learned.scale / begun.scale)) < 0.1:
            break
    return scored


def _learn(a: Columns, b: Columns, kinds: int, begun: Learned, *, learn: bool) -> Scored:
    radius_a, radius_b = _radii(a, begun.scale), _radii(b, begun.scale)
    pairs = _candidates(a, b, radius_a, radius_b, kinds, begun.tau_days)
    place, hour = _usual(pairs, a, b, radius_a, radius_b, begun.tau_days)
    learned = replace(begun, shape=()) if learn else begun
    probability = _probability(pairs, place, hour, learned, len(a), len(b))
    shaped = False
    for _ in range(_ROUNDS if learn else 0):
        new = _taught(pairs, probability, learned, begun.scale, radius_a, radius_b, shaped=shaped)
        moved = abs(new.links - learned.links) / max(learned.links, 1.0)
        moved = max(moved, abs(float(np.log(new.tau_days / learned.tau_days))))
        learned = new
        probability = _probability(pairs, place, hour, learned, len(a), len(b))
        if moved < _STILL and (shaped or learned.links < _SHAPE_FROM):
            break
        shaped = shaped or moved < _STILL
    probability = _tempered(probability)
    crowd = np.bincount(pairs.a, probability, len(a))[pairs.a] - probability
    return Scored(
        a, b, pairs.a, pairs.b, pairs.metres, pairs.days, pairs.same, crowd, probability, learned
    )


def _usual(
    pairs: _Pairs, a: Columns, b: Columns, radius_a: Floats, radius_b: Floats, tau_days: float
) -> tuple[Floats, Floats]:
    """Return, for each pair, the ratio of its places and the density of its hours.

    Reports of one size of radius are held against the places of that size, where there are
    enough of them: "somewhere in the province" lies on other points than a crater.
    """
    both, radius = _joined(a, b), np.concatenate((radius_a, radius_b))
    square = radius_a[pairs.a] ** 2 + radius_b[pairs.b] ** 2
    place, hour = np.ones(len(pairs.a)), np.ones(len(pairs.a))
    for size in (None, *np.unique(both.size)):
        mine = np.flatnonzero(np.full(len(both), True) if size is None else both.size == size)
        here = np.full(len(pairs.a), True)
        if size is not None:
            here = (a.size[pairs.a] == size) & (b.size[pairs.b] == size)
        if (size is not None and len(mine) < _ENOUGH) or not here.any():
            continue
        some = both.where(mine)
        points = density.weights(some, radius[mine], *density.support(some.x, some.y, radius[mine]))
        of_a, of_b = density.shares(a, radius_a, points), density.shares(b, radius_b, points)
        one, other = pairs.a[here], pairs.b[here]
        place[here] = density.place_ratio(
            one, other, of_a, of_b, points, pairs.metres[here], square[here]
        )
        hour[here] = np.sqrt(
            density.hour_density(a, of_a, len(points.x), tau_days)[one]
            * density.hour_density(b, of_b, len(points.x), tau_days)[other]
        )
    return place, hour


def _tempered(probability: Floats) -> Floats:
    """Return probabilities less sure by a tenth of their log-odds.

    The densities are learned from the same reports that are then scored, which makes the
    score surer than it may be: by about as much on generated ledgers (bench/match.py).
    """
    held = np.clip(probability, 1e-12, 1 - 1e-12)
    out: Floats = 1 / (1 + ((1 - held) / held) ** _TEMPER)
    return out


def _radii(one: Columns, scale: float) -> Floats:
    stated = one.radius[np.isfinite(one.radius)]
    usual = float(np.median(stated)) if len(stated) else _UNKNOWN_RADIUS_M
    filled = np.where(np.isfinite(one.radius), one.radius, max(usual, _LEAST_RADIUS_M))
    out: Floats = np.maximum(filled * scale, _LEAST_RADIUS_M)
    return out


def _candidates(
    a: Columns, b: Columns, radius_a: Floats, radius_b: Floats, kinds: int, tau: float
) -> _Pairs:
    def times_fit(one: Ints, other: Ints) -> NDArray[np.bool_]:
        days = np.abs(a.day[one] - b.day[other])
        fit: NDArray[np.bool_] = ~(days > most + 4 * np.sqrt(_vague(a, b, one, other)))
        return fit

    most = _MOST_DAYS * max(tau, 0.02)
    reach_a, reach_b = radius_a * _REACH, radius_b * _REACH
    one, other, metres = near(a.x, a.y, reach_a, b.x, b.y, reach_b, times_fit)
    days, vague = np.abs(a.day[one] - b.day[other]), _vague(a, b, one, other)
    sizes = int(max(a.size.max(initial=0), b.size.max(initial=0))) + 1
    return _Pairs(
        one, other, metres, days, vague,
        *_same(a.kind, b.kind, one, other, kinds),
        *_same(a.size, b.size, one, other, sizes),
    )  # fmt: skip


def _vague(a: Columns, b: Columns, one: Ints, other: Ints) -> Floats:
    out: Floats = np.nan_to_num(a.spread[one]) ** 2 + np.nan_to_num(b.spread[other]) ** 2
    return out


def _same(a: Ints, b: Ints, one: Ints, other: Ints, classes: int) -> tuple[Floats, Floats]:
    """Return which pairs say the same class (NaN: not said), and the chance of it unrelated."""
    share_a, share_b = _shares(a, classes), _shares(b, classes)
    of_a, of_b = a[one], b[other]
    said = (of_a >= 0) & (of_b >= 0)
    same = np.where(said, (of_a == of_b).astype(float), np.nan)
    by_chance = np.where(same == 1, np.sqrt(share_a[of_a] * share_b[of_b]), 1 - share_a @ share_b)
    return same, np.maximum(by_chance, 1e-6)


def _shares(said: Ints, classes: int) -> Floats:
    counted = np.bincount(said[said >= 0], minlength=max(classes, 1)) + 0.01
    out: Floats = counted / counted.sum()
    return out


def _joined(a: Columns, b: Columns) -> Columns:
    return Columns(
        a.ids + b.ids,
        *(np.concatenate((getattr(a, name), getattr(b, name))) for name in Columns.__slots__[1:]),
    )


def _probability(
    pairs: _Pairs, place: Floats, hour: Floats, learned: Learned, size_a: int, size_b: int
) -> Floats:
    links = min(learned.links, 0.98 * min(size_a, size_b))
    chance = links / max((size_a - links) * (size_b - links), 1e-9)
    time = np.where(np.isfinite(pairs.days), sum(_time(pairs, learned)) / hour, 1.0)
    kind = np.where(pairs.same == 1, learned.agreed, 1.0 - learned.agreed) / pairs.rare
    size = np.where(pairs.sized == 1, learned.alike, 1.0 - learned.alike) / pairs.usual
    odds = chance * place * time * np.where(np.isfinite(pairs.same), kind, 1.0)
    odds *= np.where(np.isfinite(pairs.sized), size, 1.0)
    return marginals(pairs.a, pairs.b, odds, size_a, size_b)


def _time(pairs: _Pairs, learned: Learned) -> tuple[Floats, Floats]:
    """Return the density, per day, of the signed time between two reports of one event.

    In two parts, whose sum it is: what the jitter explains, and a wide rest.
    """
    sigma = np.sqrt(learned.tau_days**2 + pairs.vague)
    ratio = pairs.days / sigma
    told = np.exp(-0.5 * ratio**2) / np.sqrt(2 * np.pi)
    if learned.shape:
        at = np.minimum((ratio * _SHAPE_BINS / _SPAN).astype(np.int64), _SHAPE_BINS - 1)
        told = 0.1 * told + 0.9 * np.asarray(learned.shape)[at] / 2
    wide = np.exp(-0.5 * (ratio / 4) ** 2) / np.sqrt(2 * np.pi) / 4
    return (1 - _TAIL) * told / sigma, _TAIL * wide / sigma


def _taught(
    pairs: _Pairs,
    probability: Floats,
    learned: Learned,
    scale: float,
    radius_a: Floats,
    radius_b: Floats,
    *,
    shaped: bool,
) -> Learned:
    """Return what the links as they now stand teach. The radii have been taken times `scale`."""
    links = float(probability.sum())
    if links < 1e-6:
        return learned
    timed = np.isfinite(pairs.days)
    days = np.where(timed, pairs.days, 0.0)
    core, wide = _time(pairs, learned)
    weight = np.where(timed, probability * core / np.maximum(core + wide, 1e-300), 0.0)
    # What the times as given do not explain; a prior of two links at what was held before.
    square = float(weight @ np.maximum(days**2 - pairs.vague, -pairs.vague / 2))
    tau = np.sqrt(max((square + 2 * learned.tau_days**2) / (float(weight.sum()) + 2), 1e-6))
    variance = (radius_a[pairs.a] ** 2 + radius_b[pairs.b] ** 2) * 2
    off = float(probability @ (pairs.metres**2 / variance))
    scale *= float(np.sqrt((off + 5) / (links + 5)))
    agreed, alike = _agreed(probability, pairs.same), _agreed(probability, pairs.sized)
    taught = replace(learned, links=links, tau_days=float(tau), agreed=agreed, alike=alike)
    taught = replace(taught, scale=float(np.clip(scale, 0.1, 5.0)))
    if not shaped:
        return taught
    taught = replace(taught, tau_days=learned.tau_days)  # the shape is told in its units
    return replace(taught, shape=_shape(pairs, weight, taught))


def _agreed(probability: Floats, same: Floats) -> float:
    said = np.isfinite(same)
    right = float(probability[said & (same == 1)].sum())
    return min((right + 2) / (float(probability[said].sum()) + 4), 0.995)


def _shape(pairs: _Pairs, weight: Floats, learned: Learned) -> tuple[float, ...]:
    """Return the density of |days| / tau in bins, or nothing where the normal tells as well."""
    sigma = np.sqrt(learned.tau_days**2 + pairs.vague)
    ratio = np.where(np.isfinite(pairs.days), pairs.days, 0.0) / sigma
    counted, edges = np.histogram(ratio, _SHAPE_BINS, (0.0, _SPAN), weights=weight)
    smooth = np.convolve(np.pad(counted, 1, mode="edge"), (0.25, 0.5, 0.25), "valid")
    shape = smooth / max(float(smooth.sum()), 1e-9) * _SHAPE_BINS / _SPAN
    middle = (edges[:-1] + edges[1:]) / 2
    normal = np.exp(-0.5 * middle**2) * np.sqrt(2 / np.pi)
    gain = float(counted @ np.log(np.maximum(shape, 1e-9) / normal)) / float(counted.sum())
    return tuple(shape) if gain > _GAIN else ()


def _link(scored: Scored, at: int) -> Link:
    a, b = int(scored.at_a[at]), int(scored.at_b[at])
    return Link(
        scored.a.ids[a],
        scored.b.ids[b],
        round(float(scored.probability[at]), 4),
        _reasons(scored, at, a, b),
    )


def _reasons(scored: Scored, at: int, a: int, b: int) -> tuple[str, ...]:
    radius = np.hypot(scored.a.radius[a], scored.b.radius[b])
    within = "" if np.isnan(radius) else f" (stated radii together {radius / 1000:.1f} km)"
    said = [f"{scored.metres[at] / 1000:.1f} km apart{within}"]
    if np.isnan(scored.days[at]):
        said.append("a time is not said")
    else:
        usual = scored.learned.tau_days * 24
        said.append(f"{scored.days[at] * 24:.1f} h apart (usual here {usual:.1f} h)")
    if np.isnan(scored.same[at]):
        said.append("a kind is not said")
    else:
        said.append("same kind" if scored.same[at] == 1 else "different kinds")
    if scored.crowd[at] >= 0.05:
        said.append(f"others fit too: {scored.crowd[at]:.2f} in all")
    return tuple(said)
