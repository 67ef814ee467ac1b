"""Where entities lie, in columns: a question looks at all of them at once, coarsely.

A row for each volume: the middle of its footprint, how far it reaches, and its time. Ten
thousand rows are looked at in a tenth of a millisecond, wherever on earth they lie; what
is left is decided exactly by `volume.overlaps`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from truceline.dss.volume import Volume4D

_FIRST = 64
_SLACK = 1e-9
"""Radians: coarse answers err towards yes."""
_EVER = 2**62

type Floats = NDArray[np.float64]


class Places:
    """The volumes of one kind of entity, by the entity's name."""

    def __init__(self) -> None:
        self._size = 0
        self._rows: dict[str, list[int]] = {}
        self._names: list[str] = []
        self._free: list[int] = []
        self._middle: Floats = np.zeros((0, 3))
        self._reach: Floats = np.zeros(0)
        self._span: NDArray[np.int64] = np.zeros((0, 2), dtype=np.int64)

    def _reserve(self, room: int) -> None:
        """Make room for rows; one that is free reaches nowhere and meets nothing."""
        more = room - self._size
        self._middle = np.vstack((self._middle, np.zeros((more, 3))))
        self._reach = np.append(self._reach, np.full(more, -np.inf))
        self._span = np.vstack((self._span, np.zeros((more, 2), dtype=np.int64)))

    def add(self, name: str, volumes: Sequence[Volume4D]) -> None:
        """Add an entity's volumes."""
        for one in volumes:
            row = self._row()
            self._middle[row] = one.footprint.middle
            self._reach[row] = one.footprint.reach
            self._span[row] = _span(one)
            self._names[row] = name
            self._rows.setdefault(name, []).append(row)

    def remove(self, name: str) -> None:
        """Take an entity away."""
        for row in self._rows.pop(name, ()):
            self._reach[row] = -np.inf
            self._free.append(row)

    def near(self, area: Sequence[Volume4D]) -> set[str]:
        """Return the entities of which a volume may meet one of an area's."""
        found: set[str] = set()
        for one in area:
            found.update(self._names[row] for row in self._meet(one))
        return found

    def _meet(self, one: Volume4D) -> list[int]:
        used = slice(0, self._size)
        start, end = _span(one)
        span, reach = self._span[used], self._reach[used]
        rows = np.flatnonzero((span[:, 0] <= end) & (start <= span[:, 1]) & (reach >= 0))
        apart = self._middle[rows] - np.array(one.footprint.middle)
        # The chord between two middles, against that of the angle at which the caps touch.
        angle = np.minimum(reach[rows] + (one.footprint.reach + _SLACK), math.pi)
        touch = 2 * np.sin(angle / 2) + _SLACK
        near = np.einsum("ij,ij->i", apart, apart) <= touch * touch
        return [int(row) for row in rows[near]]

    def _row(self) -> int:
        if self._free:
            return self._free.pop()
        if self._size == len(self._reach):
            self._reserve(max(_FIRST, 2 * self._size))
        self._size += 1
        self._names.append("")
        return self._size - 1


def _span(one: Volume4D) -> tuple[int, int]:
    return (-_EVER if one.start is None else one.start, _EVER if one.end is None else one.end)
