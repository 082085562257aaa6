# SPDX-License-Identifier: Apache-2.0
"""Kubernetes' protobuf bodies to JSON documents, by the field numbers of the type table.

A body is the magic `k8s\\0` and a `runtime.Unknown` message: field 1 the type (apiVersion, kind), field 2 the object.
kubectl >= 1.32 sends them for the kinds it knows by type; answers are always JSON.
"""

from __future__ import annotations

import base64
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from lateen.apiserver.schema import builtin, times
from lateen.apiserver.schema.node import Schema

MAGIC = b"k8s\x00"
_DEPTH = 64
Field = tuple[int, int, Any]


class ProtobufError(ValueError):
    """The body is not what its content type says."""


def decode_object(body: bytes, schema: Schema | None = None) -> dict[str, Any]:
    """A request body as a document with `apiVersion` and `kind`.

    `schema` is used when the body's own type is not in the table. Raises ProtobufError.
    """
    if not body.startswith(MAGIC):
        raise ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    api_version = kind = ""
    raw = b""
    for number, _, value in _fields(memoryview(body)[4:]):
        if number == 1:
            for inner, _, text in _fields(value):
                if inner == 1:
                    api_version = bytes(text).decode(errors="replace")
                elif inner == 2:
                    kind = bytes(text).decode(errors="replace")
        elif number == 2:
            raw = value
    try:
        schema = builtin.kind_schema(api_version, kind)
    except KeyError:
        if schema is None:
            raise ProtobufError(f'no kind "{kind}" is registered for version "{api_version}"') from None
    document = _message(schema, raw, 0)
    return {"apiVersion": api_version, "kind": kind, **document}


def _fields(data: Any) -> list[Field]:
    """The fields of a message: number, wire type and value."""
    view = memoryview(data)
    found: list[Field] = []
    position, end = 0, len(view)
    while position < end:
        tag, position = _varint(view, position)
        number, wire = tag >> 3, tag & 7
        value: Any
        if wire == 0:
            value, position = _varint(view, position)
        elif wire == 2:
            size, position = _varint(view, position)
            if position + size > end:
                raise ProtobufError("unexpected EOF")
            value = view[position : position + size]
            position += size
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            if position + size > end:
                raise ProtobufError("unexpected EOF")
            value = bytes(view[position : position + size])
            position += size
        else:
            raise ProtobufError(f"proto: illegal wireType {wire}")
        found.append((number, wire, value))
    return found


def _varint(view: memoryview, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        if position >= len(view) or shift > 63:
            raise ProtobufError("unexpected EOF")
        byte = view[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7


_by_number: dict[int, dict[int, tuple[str, Schema]]] = {}


def _numbered(schema: Schema) -> dict[int, tuple[str, Schema]]:
    found = _by_number.get(id(schema.fields))
    if found is None:
        found = {field.number: (name, field) for name, field in schema.fields.items() if field.number}
        _by_number[id(schema.fields)] = found
    return found


def _message(schema: Schema, data: Any, depth: int) -> dict[str, Any]:
    if depth > _DEPTH:
        raise ProtobufError("message is nested too deeply")
    numbered, inline = _numbered(schema), schema.inline
    out: dict[str, Any] = {}
    for number, _, value in _fields(data):
        if number in inline:
            out.update(_message(inline[number], value, depth + 1))
            continue
        entry = numbered.get(number)
        if entry is None:
            continue
        name, field = entry
        if field.kind == "array" and field.items is not None:
            out.setdefault(name, []).append(_value(field.items, value, depth))
        elif field.kind == "map" and field.items is not None:
            key, item = _entry(field.items, value, depth)
            out.setdefault(name, {})[key] = item
        else:
            decoded = _value(field, value, depth)
            if decoded is not None:
                out[name] = decoded
    return out


def _entry(schema: Schema, data: Any, depth: int) -> tuple[str, Any]:
    key, item = "", None
    for number, _, value in _fields(data):
        if number == 1:
            key = bytes(value).decode(errors="replace")
        elif number == 2:
            item = _value(schema, value, depth)
    if item is None:
        item = "" if schema.kind in ("string", "bytes") else {}
    return key, item


def _value(schema: Schema, value: Any, depth: int) -> Any:
    kind = schema.kind
    try:
        if kind == "string":
            return bytes(value).decode()
        if kind == "integer":
            return value - (1 << 64) if value >= 1 << 63 else value
        if kind == "boolean":
            return bool(value)
        if kind == "object":
            return _message(schema, value, depth + 1)
        if kind == "bytes":
            return base64.b64encode(bytes(value)).decode()
        if kind == "number":
            return struct.unpack("<d" if len(value) == 8 else "<f", value)[0]
        if kind in ("time", "microtime"):
            return _time(kind, value)
        if kind == "quantity":
            return _only(value, 1)
        if kind == "int-or-string":
            return _int_or_string(value)
        return _raw(value)
    except (TypeError, UnicodeDecodeError, struct.error) as error:
        raise ProtobufError(f"proto: wrong value for a field of type {kind}: {error}") from None


def _only(data: Any, wanted: int) -> str:
    return next((bytes(value).decode() for number, _, value in _fields(data) if number == wanted), "0")


def _time(kind: str, data: Any) -> str | None:
    fields = {number: value for number, _, value in _fields(data)}
    if not fields:
        return None
    seconds = fields.get(1, 0)
    seconds -= (1 << 64) if seconds >= 1 << 63 else 0
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds, microseconds=fields.get(2, 0) // 1000)
    return times.time(moment) if kind == "time" else times.microtime(moment)


def _int_or_string(data: Any) -> int | str:
    fields = {number: value for number, _, value in _fields(data)}
    if fields.get(1, 0) == 1:
        return bytes(fields.get(3, b"")).decode()
    number: int = fields.get(2, 0)
    return number - (1 << 64) if number >= 1 << 63 else number


def _raw(data: Any) -> Any:
    """A RawExtension, FieldsV1 or JSON message: JSON text in its first field."""
    text = next((bytes(value) for number, _, value in _fields(data) if number == 1), b"null")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ProtobufError(f"embedded JSON cannot be read: {error}") from None
