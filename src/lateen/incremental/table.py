# SPDX-License-Identifier: Apache-2.0
"""`Table`: an immutable mapping that remembers how it differs from the one it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar
from weakref import ReferenceType, ref

K = TypeVar("K")
V = TypeVar("V")


class Change(NamedTuple, Generic[K]):
    """Keys whose value is new or another one, and keys that are gone; both in a stable order."""

    changed: tuple[K, ...]
    removed: tuple[K, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed)


class Table(Mapping[K, V]):
    """An immutable mapping in insertion order.

    Every proxy that shares a table refers to the same object, so "nothing changed" is an identity test, and the
    difference between two generations of a table is worked out once, however many streams ask for it.
    """

    __slots__ = ("__weakref__", "_change", "_previous", "_values")

    def __init__(self, values: dict[K, V] | None = None) -> None:
        self._values: dict[K, V] = values if values is not None else {}
        self._previous: ReferenceType[Table[K, V]] | None = None
        self._change: Change[K] = Change((), ())

    def __getitem__(self, key: K) -> V:
        return self._values[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Table):
            return NotImplemented
        if self._previous is not None and self._previous() is other:
            return not self._change
        if other._previous is not None and other._previous() is self:
            return not other._change
        return self._values == other._values

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"Table({self._values!r})"

    def derive(self, changed: Mapping[K, V], removed: tuple[K, ...] = ()) -> Table[K, V]:
        """This table with `changed` set and `removed` taken out; knows its difference to this one at once."""
        values = self._values.copy()
        for key in removed:
            del values[key]
        values.update(changed)
        child: Table[K, V] = Table(values)
        child._previous, child._change = ref(self), Change(tuple(changed), removed)
        return child

    def changes_since(self, old: Table[K, V]) -> Change[K]:
        """What somebody who holds `old` lacks. The latest answer is kept, for every stream asks the same."""
        if old is self:
            return Change((), ())
        if self._previous is None or self._previous() is not old:
            before, now = old._values, self._values
            changed = tuple(k for k, v in now.items() if before.get(k) is not v and before.get(k) != v)
            self._change = Change(changed, tuple(k for k in before if k not in now))
            self._previous = ref(old)
        return self._change


EMPTY: Table[object, object] = Table()
