# SPDX-License-Identifier: Apache-2.0
"""Resources of one type as a few shared tables ("layers"), and how two stacks of them differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from lateen.envoy.blob import Blob
from lateen.envoy.snapshot import Layer
from lateen.incremental.table import Change

Layers: TypeAlias = tuple[Layer, ...]

NOTHING: Layers = ()


def find(layers: Layers, name: str) -> Blob | None:
    """The resource called `name`, or None."""
    for layer in layers:
        found = layer.get(name)
        if found is not None:
            return found
    return None


def names(layers: Layers) -> Iterator[str]:
    """Every name, layer by layer."""
    for layer in layers:
        yield from layer


def same(old: Layers, new: Layers) -> bool:
    """Whether both are made of the very same tables. Tables with equal content that are not the same count as other
    ones: comparing them here would cost what `difference` costs."""
    return old is new or (len(old) == len(new) and all(a is b for a, b in zip(old, new, strict=True)))


def difference(old: Layers, new: Layers) -> Change[str]:
    """What has to be sent, and taken away, to get from `old` to `new`.

    Tables that both have in common cost nothing. What is left is compared in pairs, so that a table that was derived
    from its predecessor answers at once; a resource that merely moved to another layer is no difference.
    """
    gone = [layer for layer in old if not any(layer is other for other in new)]
    come = [layer for layer in new if not any(layer is other for other in old)]
    changed: list[str] = []
    removed: list[str] = []
    for before, after in zip(gone, come, strict=False):
        change = after.changes_since(before)
        changed += change.changed
        removed += change.removed
    for after in come[len(gone) :]:
        changed += after
    for before in gone[len(come) :]:
        removed += before
    if gone and (len(gone) > 1 or len(come) > 1 or (removed and len(new) > 1)):
        changed = [name for name in changed if find(old, name) != find(new, name)]
        removed = [name for name in removed if find(new, name) is None]
    return Change(tuple(changed), tuple(removed))
