# SPDX-License-Identifier: Apache-2.0
"""Sets of resource names: a thousand proxies that subscribe to the same names refer to one set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias
from weakref import WeakValueDictionary

Names: TypeAlias = frozenset[str]

NO_NAMES: Names = frozenset()


class NameSets:
    """Keeps one copy of each set of names, for as long as somebody refers to it."""

    def __init__(self) -> None:
        self._kept: WeakValueDictionary[int, Names] = WeakValueDictionary()

    def shared(self, names: Iterable[str]) -> Names:
        """The one set equal to `names`."""
        wanted = names if isinstance(names, frozenset) else frozenset(names)
        if not wanted:
            return NO_NAMES
        kept = self._kept.get(hash(wanted))
        if kept is None:
            self._kept[hash(wanted)] = wanted
            return wanted
        return kept if kept == wanted else wanted
