"""A trail: an unchangeable sequence that grows cheaply, for values folded from a log.

Every step of a fold is a value of its own, and an earlier one stays true after later
records. Copying a tuple at each step costs the whole length; a trail shares one list
between all its steps, each of which sees only as far as it knows. The first to add to
a step extends the list; a second branch from the same step gets a list of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice


class Trail[T]:
    """The first `len(self)` items of a list that is only ever added to."""

    __slots__ = ("_items", "_length")

    def __init__(self, *items: T) -> None:
        self._items: list[T] = list(items)
        self._length = len(self._items)

    def and_then(self, item: T) -> Trail[T]:
        """Return the trail with one more item; this one stays as it is."""
        items = self._items if len(self._items) == self._length else self._items[: self._length]
        items.append(item)
        longer: Trail[T] = Trail.__new__(Trail)
        longer._items = items
        longer._length = self._length + 1
        return longer

    def newest_first(self) -> Iterator[T]:
        """Yield the items from the last to the first."""
        return (self._items[number] for number in range(self._length - 1, -1, -1))

    @property
    def last(self) -> T | None:
        """The newest item, or None."""
        return self._items[self._length - 1] if self._length else None

    def __iter__(self) -> Iterator[T]:
        return islice(self._items, self._length)

    def __len__(self) -> int:
        return self._length

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trail) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Trail{tuple(self)!r}"
