# SPDX-License-Identifier: Apache-2.0
"""Paths of fields and sets of them, and their form in `managedFields` (FieldsV1).

A path is a tuple of steps as FieldsV1 writes them: `f:name` a field, `k:{"name":"web"}` an item of a list with keys,
`v:"text"` an item of a set. A set of paths is a Python set.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

Path = tuple[str, ...]


def from_fields(fields: Any) -> set[Path]:
    """The paths of a FieldsV1 object; what is not of that form is left out."""
    found: set[Path] = set()
    _read(fields, (), found)
    return found


def _read(node: Any, path: Path, found: set[Path]) -> None:
    if not isinstance(node, dict):
        return
    if not node and path:
        found.add(path)
    for step, child in node.items():
        if step == ".":
            found.add(path)
        else:
            _read(child, (*path, step), found)


def to_fields(paths: Iterable[Path]) -> dict[str, Any]:
    """The FieldsV1 object of a set of paths, in its canonical order."""
    root: dict[str, Any] = {}
    for path in sorted(paths):
        node = root
        for step in path[:-1]:
            child = node.get(step)
            if child is None:
                child = node[step] = {}
            elif not child:
                # A member that turns out to have children of its own says so with a dot.
                child["."] = {}
            node = child
        node[path[-1]] = {}
    return root


def text(path: Path) -> str:
    """A path as people read it: `.spec.template.spec.containers[name="web"].image`."""
    return "".join(_step_text(step) for step in path)


def _step_text(step: str) -> str:
    kind, _, value = step.partition(":")
    if kind == "f":
        return f".{value}"
    if kind == "v":
        return f"[={value}]"
    if kind == "k":
        keys = orjson.loads(value)
        return "[" + ",".join(f"{key}={orjson.dumps(keys[key]).decode()}" for key in sorted(keys)) + "]"
    return f"[{value}]"
