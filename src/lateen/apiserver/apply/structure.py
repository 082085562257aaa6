# SPDX-License-Identifier: Apache-2.0
"""What counts as one field: the structure that server-side apply sees in a document, by its schema.

Scalars, atomic maps and atomic lists are owned as a whole; other maps by key; lists of type `map` by their keys and
`set` by their values. A type nobody described has maps by key and atomic lists.
"""

from __future__ import annotations

from typing import Any

import orjson

from lateen.apiserver.schema.node import ANY, Schema

Document = dict[str, Any]
ABSENT: Any = object()
"""Stands for a value that is not there, which null is not."""


class TypedError(ValueError):
    """The document does not fit its type."""


def field_step(name: str) -> str:
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
