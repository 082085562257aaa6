# SPDX-License-Identifier: Apache-2.0
"""Strategic merge patch: a merge that knows which lists are merged by which key (Kubernetes' own patch for built-ins).

Directives: `$patch: delete|replace|merge`, `$retainKeys`, `$setElementOrder/<list>`, `$deleteFromPrimitiveList/<list>`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lateen.apiserver.schema.node import Schema

Document = dict[str, Any]

_DIRECTIVE = "$patch"
_RETAIN = "$retainKeys"
_DELETE_FROM = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"


class StrategicError(ValueError):
    """The patch cannot be applied."""


def merge(schema: Schema, original: Document, patch: Document) -> Document:
    """`original` with `patch` merged in; the result is made of both, which are not to be used any more.

    Raises StrategicError.
    """
    return _map(schema, original, patch)


def _map(schema: Schema | None, original: Document, patch: Document) -> Document:
    directive = patch.pop(_DIRECTIVE, None)
    if directive == "replace":
        return {key: _plain(value) for key, value in patch.items() if not key.startswith("$")}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise StrategicError(f"Unknown patch type found: {directive}")
    _retain(original, patch)
    for key in [key for key in patch if key.startswith(_DELETE_FROM)]:
        _delete_from(original, patch, key)
    orders = {key[len(_ORDER) :]: patch.pop(key) for key in [k for k in patch if k.startswith(_ORDER)]}
    for key, value in patch.items():
        if value is None:
            original.pop(key, None)
            continue
        field = _field(schema, key)
        before = original.get(key)
        if isinstance(value, dict):
            if field is not None and "replace" in field.patch and isinstance(before, dict):
                original[key] = _plain(value)
            elif isinstance(before, dict):
                original[key] = _map(field, before, value)
            else:
                original[key] = _map(field, {}, value) if _has_directives(value) else value
        elif isinstance(value, list) and _merges(field):
            original[key] = _list(field, before if isinstance(before, list) else [], value, orders.pop(key, None))
        else:
            original[key] = _plain(value)
    for key, order in orders.items():
        field = _field(schema, key)
        if isinstance(original.get(key), list) and _merges(field):
            original[key] = _list(field, original[key], [], order)
    return original


def _field(schema: Schema | None, key: str) -> Schema | None:
    if schema is None:
        return None
    if schema.kind == "object":
        return schema.fields.get(key)
    return schema.items if schema.kind == "map" else None


def _merges(field: Schema | None) -> bool:
    return field is not None and field.kind == "array" and "merge" in field.patch


def _retain(original: Document, patch: Document) -> None:
    """`$retainKeys` names the keys that may stay."""
    keys = patch.pop(_RETAIN, None)
    if keys is None:
        return
    if not isinstance(keys, list):
        raise StrategicError("invalid patch format of retainKeys")
    unknown = [key for key in patch if key not in keys and patch[key] is not None and not key.startswith("$")]
    if unknown:
        raise StrategicError("$retainKeys list is missing items in the patch")
    for key in [key for key in original if key not in keys]:
        del original[key]


def _delete_from(original: Document, patch: Document, key: str) -> None:
    removed = patch.pop(key)
    name = key[len(_DELETE_FROM) :]
    if isinstance(original.get(name), list) and isinstance(removed, list):
        original[name] = [item for item in original[name] if item not in removed]


def _has_directives(value: Any) -> bool:
    if isinstance(value, dict):
        return (
            any(key.startswith("$") or _has_directives(item) for key, item in value.items()) or None in value.values()
        )
    return isinstance(value, list) and any(_has_directives(item) for item in value)


def _plain(value: Any) -> Any:
    """A value of a patch without its directives."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if not key.startswith("$")}
    if isinstance(value, list):
        return [_plain(item) for item in value if not (isinstance(item, dict) and _DIRECTIVE in item)]
    return value


def _list(field: Schema | None, original: list[Any], patch: list[Any], order: list[Any] | None) -> list[Any]:
    assert field is not None
    if field.merge_key:
        return _objects(field, original, patch, order)
    merged = list(original)
    merged += [item for item in patch if item not in merged]
    return _ordered(merged, patch, order, original, lambda item: item)


def _objects(field: Schema, original: list[Any], patch: list[Any], order: list[Any] | None) -> list[Any]:
    key, inner = field.merge_key, field.items
    merged = list(original)
    for item in patch:
        if isinstance(item, dict) and item.get(_DIRECTIVE) == "replace":
            replacing = [i for i in patch if not (isinstance(i, dict) and _DIRECTIVE in i)]
            return [_plain(i) for i in replacing]
    kept: list[Any] = []
    for item in patch:
        if not isinstance(item, dict):
            raise StrategicError("invalid patch: a list of objects holds something else")
        if item.get(_DIRECTIVE) == "delete":
            if key not in item:
                raise StrategicError(f"map: {item} does not contain declared merge key: {key}")
            merged = [old for old in merged if not (isinstance(old, dict) and old.get(key) == item[key])]
            continue
        if key not in item:
            raise StrategicError(f"map: {item} does not contain declared merge key: {key}")
        kept.append(item)
    before = list(merged)
    added: list[Any] = []
    for item in kept:
        for index, old in enumerate(merged):
            if isinstance(old, dict) and old.get(key) == item[key]:
                merged[index] = _map(inner, old, item)
                break
        else:
            added.append(_undirected(item))
            merged.append(added[-1])
    if order is not None:
        # kubectl and the API server look up the order in a list whose deleted items have been overwritten by new ones.
        before += added[: len(original) - len(before)]
    return _ordered(merged, kept, order, before, lambda item: item.get(key) if isinstance(item, dict) else item)


def _undirected(value: Any) -> Any:
    """An item that was not there before: taken as it is, directives inside it mean nothing."""
    if isinstance(value, dict):
        return {key: _undirected(item) for key, item in value.items() if not key.startswith("$")}
    return [_undirected(item) for item in value] if isinstance(value, list) else value


def _ordered(
    merged: list[Any], patch: list[Any], order: list[Any] | None, original: list[Any], key_of: Callable[[Any], Any]
) -> list[Any]:
    """Bring a merged list into order: items the patch names (or its `$setElementOrder`) stand as it names them, the
    others as they stood; where the two meet, an item stays before those it was before.
    """
    names = [key_of(item) for item in (patch if order is None else order)]
    if order is not None:
        _check_order(patch, names, order, key_of)
    position = {_hashable(key_of(item)): index for index, item in reversed(list(enumerate(original)))}

    def place(item: Any) -> int | None:
        return position.get(_hashable(key_of(item)))

    named = sorted((item for item in merged if key_of(item) in names), key=lambda item: names.index(key_of(item)))
    others = [item for item in merged if key_of(item) not in names]
    others.sort(key=lambda item: len(original) if place(item) is None else place(item) or 0)
    out: list[Any] = []
    while named and others:
        left, right = place(others[0]), place(named[0])
        out.append(others.pop(0) if left is not None and right is not None and left < right else named.pop(0))
    return out + named + others


def _check_order(patch: list[Any], names: list[Any], order: list[Any], key_of: Callable[[Any], Any]) -> None:
    """A patch must have its items in the order it asks for. Raises StrategicError."""
    wanted = iter(names)
    if not all(any(key_of(item) == name for name in wanted) for item in patch):
        raise StrategicError(f"The order in patch list:\n{patch}\n doesn't match {_ORDER[:-1]} list:\n{order}\n")


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
