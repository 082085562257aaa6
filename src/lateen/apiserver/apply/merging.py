# SPDX-License-Identifier: Apache-2.0
"""Merging a configuration into a live document, and taking fields out of one."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.apply.paths import Path
from lateen.apiserver.apply.structure import ABSENT, Document, child, field_step, item_step, whole
from lateen.apiserver.schema.node import ANY, Schema


def merge(schema: Schema, live: Any, config: Any) -> Any:
    """`live` with everything `config` says. Raises TypedError. Both stay as they are."""
    if config is ABSENT:
        return live
    if live is ABSENT or not live:
        return config
    if config in (None, {}, []) and not whole(schema, live):
        # An empty map or list, and null in the place of one, says nothing of what others put into it.
        return live
    if whole(schema, config) or type(live) is not type(config):
        return config
    if isinstance(config, dict):
        out = dict(live)
        for name, item in config.items():
            out[name] = merge(child(schema, name) or ANY, live.get(name, ABSENT), item)
        return out
    return _merge_lists(schema, live, config)


def _merge_lists(schema: Schema, live: list[Any], config: list[Any]) -> list[Any]:
    """Items of the configuration in its order; others of the live list stay before the one they stood before."""
    assert schema.items is not None
    left = [(item_step(schema, item), item) for item in live]
    right = [(item_step(schema, item), item) for item in config]
    lefts, rights = dict(left), dict(right)
    shared = [step for step, _ in right if step in lefts]
    out: list[Any] = []
    merged: set[str] = set()
    i = j = 0
    expected = shared.pop(0) if shared else None

    def both(step: str) -> Any:
        assert schema.items is not None
        return merge(schema.items, lefts.get(step, ABSENT), rights[step])

    while i < len(left) or j < len(right):
        if i < len(left) and j < len(right):
            step = left[i][0]
            if step == right[j][0]:
                merged.add(step)
                out.append(both(step))
                i, j = i + 1, j + 1
                expected = shared.pop(0) if shared else None
                continue
            if step in rights and expected is not None and expected != step:
                i += 1
                continue
        if i < len(left):
            step = left[i][0]
            if step not in rights:
                out.append(left[i][1])
                i += 1
                continue
            if step in merged:
                i += 1
        if j < len(right):
            step = right[j][0]
            merged.add(step)
            out.append(both(step))
            j += 1
            if expected == step:
                expected = shared.pop(0) if shared else None
    return out


def remove(schema: Schema, value: Any, paths: set[Path]) -> Any:
    """The document without the fields and items at `paths`."""
    if not paths or value is None or whole(schema, value) or not value:
        return value
    exact = {path[0] for path in paths if len(path) == 1}
    below: dict[str, set[Path]] = {}
    for path in paths:
        if len(path) > 1:
            below.setdefault(path[0], set()).add(path[1:])
    if isinstance(value, dict):
        out: Document = {}
        for name, item in value.items():
            step = field_step(name)
            if step in exact:
                continue
            out[name] = remove(child(schema, name) or ANY, item, below[step]) if step in below else item
        return out or None
    assert schema.items is not None
    items: list[Any] = []
    for item in value:
        step = item_step(schema, item)
        if step in exact:
            continue
        items.append(remove(schema.items, item, below[step]) if step in below else item)
    return items or None
