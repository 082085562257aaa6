# SPDX-License-Identifier: Apache-2.0
"""The paths of a document's fields, and what differs between two documents."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.apply.paths import Path
from lateen.apiserver.apply.structure import ABSENT, Document, child, field_step, is_named, item_step, whole
from lateen.apiserver.schema.node import ANY, Schema


def field_set(schema: Schema, document: Any) -> set[Path]:
    """The path of every field of a document. Raises TypedError."""
    found: set[Path] = set()
    _collect(schema, document, (), found)
    return found


def _collect(schema: Schema, value: Any, path: Path, found: set[Path]) -> None:
    if whole(schema, value):
        if path:
            found.add(path)
    elif isinstance(value, dict):
        for name, item in value.items():
            inner = child(schema, name) or ANY
            below = (*path, field_step(name))
            _collect(inner, item, below, found)
            if item is None or item == {} or not is_named(schema, name):
                found.add(below)
    else:
        assert schema.items is not None
        for item in value:
            below = (*path, item_step(schema, item))
            _collect(schema.items, item, below, found)
            found.add(below)


class Comparison:
    """What is different in a second document: paths that came, changed and went."""

    __slots__ = ("added", "modified", "removed")

    def __init__(self) -> None:
        self.added: set[Path] = set()
        self.modified: set[Path] = set()
        self.removed: set[Path] = set()

    def without(self, prefixes: tuple[Path, ...]) -> Comparison:
        """The comparison apart from everything below the prefixes."""
        firsts = {prefix[0] for prefix in prefixes}
        for paths in (self.added, self.modified, self.removed):
            near = [path for path in paths if path[0] in firsts]
            paths.difference_update([p for p in near if any(p[: len(prefix)] == prefix for prefix in prefixes)])
        return self


def compare(schema: Schema, old: Document, new: Document) -> Comparison:
    """What is different in `new`. Raises TypedError."""
    found = Comparison()
    _compare_maps(schema, old, new, (), found)
    return found


def _compare(schema: Schema, old: Any, new: Any, path: Path, found: Comparison) -> None:
    if old is not ABSENT and new is not ABSENT and old == new and type(old) is type(new):
        return
    value = old if new is ABSENT else new
    if value is None and old is not ABSENT:
        value = old
    empty = (old is ABSENT or not old) and (new is ABSENT or not new)
    if whole(schema, value) or empty:
        if old is ABSENT:
            found.added.add(path)
        elif new is ABSENT:
            found.removed.add(path)
        else:
            found.modified.add(path)
        return
    if isinstance(value, dict):
        _compare_maps(schema, _as(old, dict), _as(new, dict), path, found)
    else:
        _compare_lists(schema, _as(old, list), _as(new, list), path, found)
    if old is ABSENT:
        found.added.add(path)
    elif new is ABSENT:
        found.removed.add(path)


def _as(value: Any, kind: type) -> Any:
    return value if isinstance(value, kind) else kind()


def _compare_maps(schema: Schema, old: Document, new: Document, path: Path, found: Comparison) -> None:
    for name, item in new.items():
        before = old.get(name, ABSENT)
        if before is not item:
            _compare(child(schema, name) or ANY, before, item, (*path, field_step(name)), found)
    for name, item in old.items():
        if name not in new:
            _compare(child(schema, name) or ANY, item, ABSENT, (*path, field_step(name)), found)


def _compare_lists(schema: Schema, old: list[Any], new: list[Any], path: Path, found: Comparison) -> None:
    assert schema.items is not None
    before, after = _grouped(schema, old), _grouped(schema, new)
    for step in {**before, **after}:
        first, second = before.get(step, []), after.get(step, [])
        below = (*path, step)
        if len(first) > 1 or len(second) > 1:
            # Items that share their key are compared as one.
            if not second:
                found.removed.add(below)
            elif not first:
                found.added.add(below)
            elif first != second:
                found.modified.add(below)
            continue
        _compare(schema.items, first[0] if first else ABSENT, second[0] if second else ABSENT, below, found)


def _grouped(schema: Schema, items: list[Any]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for item in items:
        groups.setdefault(item_step(schema, item), []).append(item)
    return groups


def with_named_parents(schema: Schema, paths: set[Path]) -> set[Path]:
    """The paths and every struct field on the way to them: structs have no path of their own otherwise."""
    found = set(paths)
    for path in paths:
        here: Schema = schema
        for index, step in enumerate(path[:-1]):
            kind, _, name = step.partition(":")
            if kind == "f":
                if is_named(here, name):
                    found.add(path[: index + 1])
                here = child(here, name) or ANY
            else:
                here = here.items or ANY
    return found
