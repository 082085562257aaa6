# SPDX-License-Identifier: Apache-2.0
"""Documents with their types: the paths of their fields, what differs between two of them, merging and removing.

What counts as one field follows the schema: scalars, atomic maps and atomic lists are owned as a whole; other maps by
key; lists of type `map` by their keys and `set` by their values. A type nobody described has maps by key and atomic
lists.
"""

from __future__ import annotations

import functools
from typing import Any

import orjson

from lateen.apiserver.apply.paths import Path, text
from lateen.apiserver.schema.node import ANY, Schema

Document = dict[str, Any]
_ABSENT: Any = object()


class TypedError(ValueError):
    """The document does not fit its type."""


@functools.lru_cache(maxsize=4096)
def _field_step(name: str) -> str:
    return "f:" + name


def child(schema: Schema, name: str) -> Schema | None:
    """The type of a field or key; None when the type does not have it."""
    if schema.kind == "object":
        found = schema.fields.get(name)
        if found is not None:
            return found
        return schema.items or (ANY if schema.preserve else None)
    if schema.kind == "map":
        return schema.items or ANY
    return ANY


def is_named(schema: Schema, name: str) -> bool:
    """Is this a named field of a struct, rather than a key of a map?"""
    return schema.kind == "object" and name in schema.fields


def whole(schema: Schema, value: Any) -> bool:
    """Is this value one field, whatever is inside it?"""
    if isinstance(value, dict):
        return schema.atomic or not (schema.kind in ("object", "map") or (schema.kind == "any" and schema.preserve))
    if isinstance(value, list):
        return schema.kind != "array" or schema.list_type not in ("map", "set")
    return True


def item_step(schema: Schema, item: Any) -> str:
    """The step to an item of an associative list. Raises TypedError."""
    if schema.list_type == "set" or not schema.list_keys:
        return "v:" + orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode()
    if not isinstance(item, dict):
        raise TypedError("associative list with keys may not have non-map elements")
    keys: Document = {}
    assert schema.items is not None
    for name in sorted(schema.list_keys):
        if name in item:
            keys[name] = item[name]
        else:
            field = child(schema.items, name)
            if field is not None and field.default is not None:
                keys[name] = field.default
    if not keys:
        raise TypedError(f"associative list with keys has an element that omits all key fields {schema.list_keys}")
    return "k:" + orjson.dumps(keys).decode()


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
            below = (*path, _field_step(name))
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
    if old is not _ABSENT and new is not _ABSENT and old == new and type(old) is type(new):
        return
    value = old if new is _ABSENT else new
    if value is None and old is not _ABSENT:
        value = old
    empty = (old is _ABSENT or not old) and (new is _ABSENT or not new)
    if whole(schema, value) or empty:
        if old is _ABSENT:
            found.added.add(path)
        elif new is _ABSENT:
            found.removed.add(path)
        else:
            found.modified.add(path)
        return
    if isinstance(value, dict):
        _compare_maps(schema, _as(old, dict), _as(new, dict), path, found)
    else:
        _compare_lists(schema, _as(old, list), _as(new, list), path, found)
    if old is _ABSENT:
        found.added.add(path)
    elif new is _ABSENT:
        found.removed.add(path)


def _as(value: Any, kind: type) -> Any:
    return value if isinstance(value, kind) else kind()


def _compare_maps(schema: Schema, old: Document, new: Document, path: Path, found: Comparison) -> None:
    for name, item in new.items():
        before = old.get(name, _ABSENT)
        if before is not item:
            _compare(child(schema, name) or ANY, before, item, (*path, _field_step(name)), found)
    for name, item in old.items():
        if name not in new:
            _compare(child(schema, name) or ANY, item, _ABSENT, (*path, _field_step(name)), found)


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
        _compare(schema.items, first[0] if first else _ABSENT, second[0] if second else _ABSENT, below, found)


def _grouped(schema: Schema, items: list[Any]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for item in items:
        groups.setdefault(item_step(schema, item), []).append(item)
    return groups


def merge(schema: Schema, live: Any, config: Any) -> Any:
    """`live` with everything `config` says. Raises TypedError. Both stay as they are."""
    if config is _ABSENT:
        return live
    if live is _ABSENT or whole(schema, config) or not live or not config or type(live) is not type(config):
        return config
    if isinstance(config, dict):
        out = dict(live)
        for name, item in config.items():
            out[name] = merge(child(schema, name) or ANY, live.get(name, _ABSENT), item)
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
        return merge(schema.items, lefts.get(step, _ABSENT), rights[step])

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
            step = _field_step(name)
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


def check(schema: Schema, value: Any, path: str = "") -> list[str]:
    """Why a configuration does not fit its type: undeclared fields, wrong kinds of values, duplicate items."""
    found: list[str] = []
    if isinstance(value, dict):
        if schema.kind in ("object", "map"):
            for name, item in sorted(value.items()):
                inner = child(schema, name)
                if inner is None:
                    # One is enough to refuse the whole object.
                    return [*found, f"{path}.{name}: field not declared in schema"]
                found += check(inner, item, f"{path}.{name}")
        elif schema.kind != "any":
            found.append(f"{path}: {_expected(schema, value)}")
    elif isinstance(value, list):
        if schema.kind == "array" and schema.items is not None:
            found += _check_list(schema, value, path)
        elif schema.kind != "any":
            found.append(f"{path}: {_expected(schema, value)}")
    elif value is not None and schema.kind not in ("any", "quantity", "int-or-string"):
        wanted = _WANTED.get(schema.kind)
        if wanted is None or not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
            found.append(f"{path}: {_expected(schema, value)}")
    return found


def _check_list(schema: Schema, value: list[Any], path: str) -> list[str]:
    assert schema.items is not None
    found: list[str] = []
    seen: set[str] = set()
    for index, item in enumerate(value):
        place = f"{path}[{index}]"
        if schema.list_type in ("map", "set"):
            try:
                step = item_step(schema, item)
            except TypedError as error:
                found.append(f"{path}: element {index}: {error}")
                continue
            place = path + text((step,))
            if step in seen:
                found.append(f"{path}: duplicate entries for key {text((step,))}")
            seen.add(step)
        found += check(schema.items, item, place)
    return found


_WANTED: dict[str, Any] = {
    "string": str,
    "bytes": str,
    "time": str,
    "microtime": str,
    "integer": int | float,
    "number": int | float,
    "boolean": bool,
}
_GO_TYPES = {
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    list: "[]interface {}",
    dict: "map[string]interface {}",
}


def _expected(schema: Schema, value: Any) -> str:
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    match schema.kind:
        case "integer" | "number":
            return f"expected numeric (int or float), got {_GO_TYPES[type(value)]}"
        case "boolean":
            return f"expected boolean, got {value}"
        case "object" | "map":
            return f"expected map, got &{{{value}}}"
        case "array":
            return f"expected list, got &{{{value}}}"
        case _:
            return f"expected string, got &value.valueUnstructured{{Value:{shown}}}"
