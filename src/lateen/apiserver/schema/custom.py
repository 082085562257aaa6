# SPDX-License-Identifier: Apache-2.0
"""Custom resources against their structural schema: prune what is unknown, fill in defaults, validate values."""

from __future__ import annotations

import copy
import re
from typing import Any

import re2

from lateen.apiserver.schema import times
from lateen.apiserver.schema.builtin import type_schema
from lateen.apiserver.schema.decode import DecodeError, decode
from lateen.apiserver.schema.node import Schema
from lateen.apiserver.status import Cause, go_value, required, too_long, type_invalid, unsupported

Document = dict[str, Any]


def prune(schema: Schema, document: Document) -> tuple[Document, list[str]]:
    """The document without what its schema does not know, and the unknown fields. Raises DecodeError (bad metadata)."""
    unknown: list[str] = []
    out = _prune(schema, document, "", unknown, ("apiVersion", "kind", "metadata"))
    metadata = document.get("metadata")
    if metadata is not None:
        if not isinstance(metadata, dict):
            raise DecodeError("json: cannot unmarshal into Go struct field .metadata of type v1.ObjectMeta")
        out["metadata"], found = decode(type_schema("meta.v1.ObjectMeta"), metadata)
        unknown[:0] = [text.replace('unknown field "', 'unknown field "metadata.') for text in found]
    return out, unknown


def _prune(schema: Schema, value: Any, path: str, unknown: list[str], known: tuple[str, ...] = ()) -> Any:
    if isinstance(value, dict):
        if schema.kind == "object":
            fields = schema.fields
            out: Document = {}
            for name, item in value.items():
                field = fields.get(name)
                place = f"{path}.{name}" if path else name
                if field is not None and name not in known:
                    out[name] = _prune(field, item, place, unknown)
                elif schema.preserve or name in known:
                    out[name] = item
                elif schema.items is not None:
                    out[name] = _prune(schema.items, item, place, unknown)
                else:
                    unknown.append(f'unknown field "{place}"')
            return out
        if schema.kind == "map" and schema.items is not None:
            return {key: _prune(schema.items, item, f"{path}.{key}", unknown) for key, item in value.items()}
        return copy.copy(value)
    if isinstance(value, list) and schema.items is not None:
        return [_prune(schema.items, item, f"{path}[{i}]", unknown) for i, item in enumerate(value)]
    return value


def default(schema: Schema, value: Any) -> None:
    """Fill in defaults in place; a null where null is not allowed counts as absent."""
    if isinstance(value, dict) and schema.kind == "object":
        for name, field in schema.fields.items():
            if (
                value.get(name) is None
                and name in value
                and not field.rules.get("nullable")
                and field.default is not None
            ):
                del value[name]
            if name not in value and field.default is not None:
                value[name] = copy.deepcopy(field.default)
            if name in value:
                default(field, value[name])
        if schema.items is not None:
            for name, item in value.items():
                if name not in schema.fields:
                    default(schema.items, item)
    elif isinstance(value, dict) and schema.kind == "map" and schema.items is not None:
        for item in value.values():
            default(schema.items, item)
    elif isinstance(value, list) and schema.items is not None:
        for item in value:
            default(schema.items, item)


_JSON_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    dict: "object",
    list: "array",
    type(None): "null",
}
_WANTED = {"map": "object", "quantity": "string", "time": "string", "microtime": "string", "bytes": "string"}


def validate(schema: Schema, document: Document) -> list[Cause]:
    """Findings in a custom resource."""
    found: list[Cause] = []
    for name, field in schema.fields.items():
        if name in ("apiVersion", "kind", "metadata"):
            continue
        if name in document:
            _validate(field, document[name], name, found)
    _required(schema, document, "", found)
    return found


def _validate(schema: Schema, value: Any, path: str, found: list[Cause]) -> None:
    if value is None and (schema.rules.get("nullable") or schema.kind == "any"):
        return
    if not _typed(schema, value):
        wanted = "integer,string" if schema.kind == "int-or-string" else _WANTED.get(schema.kind, schema.kind)
        given = _JSON_TYPES.get(type(value), "object")
        # The finding of the real server shows the type where the value would be.
        found.append(type_invalid(path, given, f'{path} in body must be of type {wanted}: "{given}"'))
        return
    if schema.rules:
        _rules(schema, value, path, found)
    if isinstance(value, dict):
        for name, item in value.items():
            field = schema.fields.get(name) if schema.kind == "object" else None
            field = field or schema.items
            if field is not None:
                _validate(field, item, f"{path}.{name}", found)
        _required(schema, value, path, found)
    elif isinstance(value, list) and schema.items is not None:
        for index, item in enumerate(value):
            _validate(schema.items, item, f"{path}[{index}]", found)
        _unique(schema, value, path, found)


def _typed(schema: Schema, value: Any) -> bool:
    match schema.kind:
        case "any":
            return True
        case "object" | "map":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "integer":
            return type(value) is int or (type(value) is float and value.is_integer())
        case "number":
            return type(value) in (int, float)
        case "boolean":
            return type(value) is bool
        case "int-or-string":
            return type(value) in (int, str)
        case _:
            return isinstance(value, str)


def _required(schema: Schema, value: Document, path: str, found: list[Cause]) -> None:
    for name in schema.rules.get("required", ()):
        if name not in value:
            found.append(required(f"{path}.{name}" if path else name))


def _unique(schema: Schema, value: list[Any], path: str, found: list[Cause]) -> None:
    if schema.list_type not in ("map", "set"):
        return
    seen: list[Any] = []
    for index, item in enumerate(value):
        key = item
        if schema.list_type == "map" and isinstance(item, dict):
            key = {name: item.get(name) for name in schema.list_keys}
        if key in seen:
            found.append(Cause("FieldValueDuplicate", f"Duplicate value: {go_value(key)}", f"{path}[{index}]"))
        seen.append(key)


def _rules(schema: Schema, value: Any, path: str, found: list[Cause]) -> None:
    rules = schema.rules

    def fails(detail: str, shown: Any = value) -> None:
        found.append(Cause("FieldValueInvalid", f"Invalid value: {go_value(shown)}: {path} in body {detail}", path))

    if "enum" in rules and value not in rules["enum"]:
        found.append(unsupported(path, value, (str(v) for v in rules["enum"]), ordered=True))
    if isinstance(value, str):
        _text_rules(rules, value, path, found, fails)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = rules.get("minimum"), rules.get("maximum")
        if low is not None and (value <= low if rules.get("exclusiveMinimum") else value < low):
            fails(f"should be greater than {'' if rules.get('exclusiveMinimum') else 'or equal to '}{low}")
        if high is not None and (value >= high if rules.get("exclusiveMaximum") else value > high):
            fails(f"should be less than {'' if rules.get('exclusiveMaximum') else 'or equal to '}{high}")
        if rules.get("multipleOf") and value % rules["multipleOf"]:
            fails(f"should be a multiple of {rules['multipleOf']}")
    elif isinstance(value, list):
        if len(value) < rules.get("minItems", 0):
            fails(f"should have at least {rules['minItems']} items", len(value))
        if len(value) > rules.get("maxItems", len(value)):
            found.append(
                Cause("FieldValueTooMany", f"Too many: {len(value)}: must have at most {rules['maxItems']} items", path)
            )
    elif isinstance(value, dict):
        if len(value) < rules.get("minProperties", 0):
            fails(f"should have at least {rules['minProperties']} properties", len(value))
        if len(value) > rules.get("maxProperties", len(value)):
            found.append(
                Cause(
                    "FieldValueTooMany",
                    f"Too many: {len(value)}: must have at most {rules['maxProperties']} items",
                    path,
                )
            )
    _combinations(rules, value, path, found)


def _text_rules(rules: Document, value: str, path: str, found: list[Cause], fails: Any) -> None:
    if len(value) > rules.get("maxLength", len(value)):
        found.append(too_long(path, rules["maxLength"]))
    elif len(value) < rules.get("minLength", 0):
        fails(f"should be at least {rules['minLength']} chars long")
    elif "pattern" in rules and not _matches(rules["pattern"], value):
        fails(f"should match '{rules['pattern']}'")
    if rules.get("format") == "date-time":
        try:
            times.parse(value)
        except times.TimeError:
            fails(f'must be of type date-time: "{value}"')


def _matches(pattern: str, value: str) -> bool:
    # RE2 for what users hand in: no pattern can hang the server.
    try:
        return re2.search(pattern, value) is not None
    except re2.error:
        return re.search(re.escape(pattern), value) is not None


def _combinations(rules: Document, value: Any, path: str, found: list[Cause]) -> None:
    def passes(schema: Schema) -> bool:
        inner: list[Cause] = []
        _validate(schema, value, path, inner)
        return not inner

    for schema in rules.get("allOf", ()):
        _validate(schema, value, path, found)
    if rules.get("anyOf") and not any(passes(schema) for schema in rules["anyOf"]):
        found.append(
            Cause(
                "FieldValueInvalid",
                f'Invalid value: "": {path} in body must validate at least one schema (anyOf)',
                path,
            )
        )
    if rules.get("oneOf"):
        count = sum(passes(schema) for schema in rules["oneOf"])
        if count != 1:
            text = "must validate one and only one schema (oneOf)"
            text += ". Found none valid" if not count else f". Found {count} valid alternatives"
            found.append(Cause("FieldValueInvalid", f'Invalid value: "": {path} in body {text}', path))
    if rules.get("not") is not None and passes(rules["not"]):
        found.append(
            Cause("FieldValueInvalid", f'Invalid value: "": {path} in body must not validate the schema (not)', path)
        )
