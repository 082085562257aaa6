# SPDX-License-Identifier: Apache-2.0
"""Structural schemas of CustomResourceDefinitions (`openAPIV3Schema`) as `Schema` nodes."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.schema.builtin import type_schema
from lateen.apiserver.schema.node import Schema
from lateen.apiserver.status import Cause, forbidden_field, required, unsupported

Document = dict[str, Any]

_RULES = (
    "enum",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "required",
    "nullable",
)
_TYPES = ("array", "boolean", "integer", "number", "object", "string")


def type_fields() -> dict[str, Schema]:
    """The fields every object has: its type and its metadata."""
    return {"apiVersion": Schema("string"), "kind": Schema("string"), "metadata": type_schema("meta.v1.ObjectMeta")}


def untyped() -> Schema:
    """An object of which nothing is known but that it is one."""
    schema = Schema("object", fields=type_fields())
    schema.preserve = True
    return schema


def build(given: Document) -> Schema:
    """The node of an `openAPIV3Schema`; what is not understood is treated as any value."""
    return _node(given, top=True)


def _node(given: Document, *, top: bool = False) -> Schema:
    type_ = given.get("type")
    schema = Schema("any")
    if given.get("x-kubernetes-int-or-string"):
        schema.kind = "int-or-string"
    elif type_ == "object" or (top and type_ is None):
        schema = _object(given, top=top)
    elif type_ == "array":
        schema = Schema("array", items=_node(given.get("items") or {}))
        schema.list_type = given.get("x-kubernetes-list-type", "")
        schema.list_keys = tuple(given.get("x-kubernetes-list-map-keys") or ())
    elif type_ in _TYPES:
        schema.kind = type_
    schema.preserve = schema.preserve or bool(given.get("x-kubernetes-preserve-unknown-fields")) or schema.kind == "any"
    schema.atomic = given.get("x-kubernetes-map-type") == "atomic"
    schema.default = given.get("default")
    schema.rules = {name: given[name] for name in _RULES if name in given}
    for name in ("allOf", "anyOf", "oneOf"):
        if given.get(name):
            schema.rules[name] = [_value_check(part) for part in given[name]]
    if given.get("not"):
        schema.rules["not"] = _value_check(given["not"])
    return schema


def _object(given: Document, *, top: bool) -> Schema:
    properties = given.get("properties") or {}
    fields = {name: _node(inner) for name, inner in properties.items() if isinstance(inner, dict)}
    more = given.get("additionalProperties")
    if given.get("x-kubernetes-embedded-resource") or top:
        fields.update(type_fields())
    inner = _node(more) if isinstance(more, dict) else _anything() if more is True else None
    return Schema("object" if fields or inner is None else "map", fields=fields, items=inner)


def _anything() -> Schema:
    schema = Schema("any")
    schema.preserve = True
    return schema


def _value_check(given: Document) -> Schema:
    """A branch of `anyOf` and its like checks values only: it says nothing of which fields there are."""
    schema = _node(given)
    if "type" not in given and schema.kind == "any" and (given.get("properties") or given.get("required")):
        fields = {name: _value_check(inner) for name, inner in (given.get("properties") or {}).items()}
        rules = schema.rules
        schema = Schema("object", fields=fields)
        schema.rules = rules
    schema.preserve = True
    return schema


def causes(given: Any, path: str, *, top: bool = True) -> list[Cause]:
    """Why a schema is not structural."""
    if not isinstance(given, dict):
        return [required(path)]
    found: list[Cause] = []
    type_ = given.get("type")
    free = given.get("x-kubernetes-int-or-string") or given.get("x-kubernetes-preserve-unknown-fields")
    if not type_ and not free:
        detail = "must not be empty at the root" if top else "must not be empty for specified object fields"
        found.append(required(f"{path}.type", detail))
    elif type_ and type_ not in _TYPES:
        found.append(unsupported(f"{path}.type", type_, _TYPES))
    if type_ == "array" and not isinstance(given.get("items"), dict):
        found.append(required(f"{path}.items", "must be specified"))
    if given.get("properties") and given.get("additionalProperties"):
        found.append(
            forbidden_field(f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive")
        )
    for name, inner in (given.get("properties") or {}).items():
        if top and name == "metadata":
            continue
        found += causes(inner, f"{path}.properties[{name}]", top=False)
    if isinstance(given.get("additionalProperties"), dict):
        found += causes(given["additionalProperties"], f"{path}.additionalProperties", top=False)
    if isinstance(given.get("items"), dict):
        found += causes(given["items"], f"{path}.items", top=False)
    return found
