# SPDX-License-Identifier: Apache-2.0
"""Decode a JSON document as a built-in kind, as Go's decoder and encoder would: check types, find unknown fields,
bring quantities and times into their canonical form, and leave out what Go leaves out.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from lateen.apiserver.schema import quantity, times
from lateen.apiserver.schema.node import Schema


class DecodeError(ValueError):
    """The document cannot be of this kind; the text is that of Kubernetes' decoder.

    `conversion` is how the same is said when the document is not read from JSON but converted.
    """

    def __init__(self, text: str, conversion: str = "") -> None:
        super().__init__(text)
        self.conversion = conversion


def decode(schema: Schema, document: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The document as the kind would store it, and the strict errors (`unknown field "spec.foo"`), which are not fatal.

    Raises DecodeError. The result shares nothing mutable with built-in schemas but may share parts with `document`.
    """
    unknown: list[str] = []
    return _object(schema, document, "", "", unknown), unknown


def _object(schema: Schema, value: dict[str, Any], path: str, plain: str, unknown: list[str]) -> dict[str, Any]:
    fields = schema.fields
    out: dict[str, Any] = {}
    prefix = path + "." if path else ""
    plain_prefix = plain + "." if plain else ""
    for name, item in value.items():
        field = fields.get(name)
        if field is None:
            unknown.append(f'unknown field "{prefix}{name}"')
            continue
        if item is None:
            continue
        decoded = _value(field, item, prefix + name, plain_prefix + name, unknown, schema.name)
        if field.zero or decoded or (decoded is not None and field.kind == "any"):
            out[name] = decoded
    for name, field in schema.written:
        if name not in out:
            out[name] = _empty(field) if field.zero == "keep" else None
    return out


def _value(schema: Schema, value: Any, path: str, plain: str, unknown: list[str], owner: str) -> Any:
    kind = schema.kind
    if kind == "string":
        if type(value) is not str:
            raise _mismatch(value, owner, plain, "string")
        return value
    if kind == "object":
        if type(value) is not dict:
            raise _mismatch(value, owner, plain, schema.name)
        return _object(schema, value, path, plain, unknown)
    if kind == "array":
        if type(value) is not list:
            raise _mismatch(value, owner, plain, schema.name)
        inner = schema.items
        assert inner is not None
        return [
            _empty(inner) if item is None else _value(inner, item, f"{path}[{index}]", plain, unknown, owner)
            for index, item in enumerate(value)
        ]
    if kind == "map":
        if type(value) is not dict:
            raise _mismatch(value, owner, plain, schema.name)
        inner = schema.items
        assert inner is not None
        return {
            key: _empty(inner) if item is None else _value(inner, item, f"{path}.{key}", plain, unknown, owner)
            for key, item in value.items()
        }
    return _scalar(schema, value, plain, owner)


def _scalar(schema: Schema, value: Any, plain: str, owner: str) -> Any:
    kind = schema.kind
    if kind == "integer":
        if type(value) is float and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        if type(value) is not int or value.bit_length() >= schema.bits:
            raise _mismatch(value, owner, plain, schema.name)
        return value
    if kind == "boolean":
        if type(value) is not bool:
            raise _mismatch(value, owner, plain, "bool")
        return value
    if kind == "number":
        if type(value) not in (int, float):
            raise _mismatch(value, owner, plain, "float64")
        return value
    if kind == "int-or-string":
        if type(value) not in (int, str):
            raise _mismatch(value, owner, plain, "int32")
        return value
    if kind == "quantity":
        if type(value) not in (int, float, str):
            raise DecodeError(quantity.PATTERN_ERROR)
        try:
            return quantity.canonical(value)
        except quantity.QuantityError as error:
            raise DecodeError(str(error)) from None
    if kind == "time" or kind == "microtime":
        if type(value) is not str:
            raise _mismatch(value, owner, plain, "string")
        try:
            moment = times.parse(value)
        except times.TimeError as error:
            raise DecodeError(str(error)) from None
        return times.time(moment) if kind == "time" else times.microtime(moment)
    if kind == "bytes":
        if type(value) is not str:
            raise _mismatch(value, owner, plain, "[]uint8")
        try:
            return base64.b64encode(base64.b64decode(value, validate=True)).decode()
        except binascii.Error:
            raise DecodeError(f"illegal base64 data at input byte {_illegal(value)}") from None
    return value


def _illegal(text: str) -> int:
    """Where Go's base64 decoder would stop."""
    alphabet = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    return next((i for i, c in enumerate(text) if c not in alphabet), len(text) // 4 * 4)


def _empty(schema: Schema) -> Any:
    """What Go writes for a value that was never set."""
    match schema.kind:
        case "object":
            return {name: _empty(field) if field.zero == "keep" else None for name, field in schema.written}
        case "string":
            return ""
        case "integer" | "number" | "int-or-string":
            return 0
        case "boolean":
            return False
        case "quantity":
            return "0"
        case _:
            return None


_JSON_NAMES = {str: "string", bool: "bool", dict: "object", list: "array"}


def _mismatch(value: Any, owner: str, plain: str, wanted: str) -> DecodeError:
    given = _JSON_NAMES.get(type(value), "number")
    if given == "number" and wanted in ("int32", "int64"):
        given = f"number {value}"
    struct = owner.rpartition(".")[2]
    text = f"json: cannot unmarshal {given} into Go struct field {struct}.{plain} of type {wanted}"
    return DecodeError(text, _conversion(value, wanted))


_GO_KINDS = {str: "string", bool: "bool", dict: "map", list: "slice", int: "int64", float: "float64"}


def _conversion(value: Any, wanted: str) -> str:
    given = _GO_KINDS.get(type(value), "interface")
    if wanted.startswith("map["):
        return f"cannot restore map from {given}"
    if wanted.startswith("[]"):
        return f"cannot restore slice from {given}"
    if "." in wanted:
        return f"cannot restore struct from: {given}"
    if given == "int64" and wanted == "string":
        return "cannot convert int64 to string"
    return f"unrecognized type: {wanted}"
