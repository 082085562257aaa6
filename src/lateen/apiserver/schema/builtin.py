# SPDX-License-Identifier: Apache-2.0
"""The types of Kubernetes' own kinds, from the table `kube_fields.json` (written by tools/kube_fields.py)."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import orjson

from lateen.apiserver.schema.node import Schema

_SCALARS = {
    "string": "string",
    "bool": "boolean",
    "double": "number",
    "bytes": "bytes",
    "Quantity": "quantity",
    "IntOrString": "int-or-string",
    "Time": "time",
    "MicroTime": "microtime",
    "FieldsV1": "any",
    "RawExtension": "any",
    "JSON": "any",
    "JSONSchemaPropsOrBool": "any",
    "JSONSchemaPropsOrArray": "any",
    "JSONSchemaPropsOrStringArray": "any",
}


@functools.cache
def _table() -> dict[str, Any]:
    text = resources.files("lateen.apiserver.schema").joinpath("kube_fields.json").read_bytes()
    table: dict[str, Any] = orjson.loads(text)
    return table


def kind_schema(api_version: str, kind: str) -> Schema:
    """The schema of a built-in kind: `kind_schema("apps/v1", "Deployment")`. KeyError when there is none."""
    return type_schema(_table()["kinds"][f"{api_version} {kind}"])


def type_of(api_version: str, kind: str) -> str:
    """The name of a built-in kind's type: `apps.v1.Deployment`. KeyError when there is none."""
    name: str = _table()["kinds"][f"{api_version} {kind}"]
    return name


def root_types() -> frozenset[str]:
    """The names of the types that are kinds."""
    return frozenset(_table()["kinds"].values())


def table_fields(name: str) -> dict[str, list[Any]]:
    """The entries of a type in the table, without those that exist in protobuf only."""
    entries: dict[str, list[Any]] = _table()["types"].get(name, {})
    return {field: entry for field, entry in entries.items() if field[0] != "+"}


@functools.cache
def type_schema(name: str) -> Schema:
    """The schema of a type of the table: `type_schema("core.v1.PodSpec")`."""
    package, _, bare = name.rpartition(".")
    schema = Schema("object", name=f"{package.rpartition('.')[2]}.{bare}", load=functools.partial(_fields, name))
    schema.inline = {
        entry[0]: type_schema(entry[1]) for field, entry in _table()["types"].get(name, {}).items() if field[0] == "+"
    }
    return schema


def _fields(name: str) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    if name in root_types():
        # An object may name its type wherever it stands, in a claim template of a StatefulSet for one.
        found.update(apiVersion=_type("string"), kind=_type("string"))
    for field, entry in _table()["types"].get(name, {}).items():
        if field[0] != "+":
            found[field] = _field(entry[0], entry[1], entry[2] if len(entry) > 2 else {})
    return found


def _field(number: int, type_name: str, attributes: dict[str, Any]) -> Schema:
    schema = _type(type_name)
    schema.number = number
    schema.list_type = attributes.get("list", "")
    schema.list_keys = tuple(attributes.get("keys", ()))
    schema.atomic = schema.atomic or attributes.get("map") == "atomic"
    schema.patch = tuple(filter(None, attributes.get("patch", "").split(",")))
    schema.merge_key = attributes.get("mergeKey", "")
    if not schema.list_type and "merge" in schema.patch:
        schema.list_type, schema.list_keys = ("map", (schema.merge_key,)) if schema.merge_key else ("set", ())
    schema.default = attributes.get("default")
    schema.required = attributes.get("required", False)
    schema.zero = attributes.get("zero", "")
    return schema


def _type(name: str) -> Schema:
    if name.startswith("[]"):
        inner = _type(name[2:])
        return Schema("array", name="[]" + inner.name, items=inner)
    if name.startswith("{}"):
        inner = _type(name[2:])
        return Schema("map", name="map[string]" + inner.name, items=inner)
    if name in _SCALARS:
        return Schema(_SCALARS[name], name=name)
    if name in ("int32", "int64"):
        schema = Schema("integer", name=name)
        schema.bits = int(name[3:])
        return schema
    whole = type_schema(name)
    schema = Schema("object", name=whole.name, load=lambda: whole.fields)
    schema.atomic = name in _table()["atomic"]
    schema.inline = whole.inline
    return schema
