# SPDX-License-Identifier: Apache-2.0
"""Structural OpenAPI schemas (as Kubernetes takes them) of messages of the model."""

import enum
import functools
import types
import typing
from typing import Annotated, Any, get_args, get_origin

import msgspec

from lateen.model.duration import Duration
from lateen.model.message import Message
from lateen.model.schema import Items, ListKeys, Number, Required, Rule, Text
from lateen.parse.definition import documentation

Schema = dict[str, Any]


@functools.cache
def _annotations(cls: type[Message]) -> dict[str, Any]:
    return typing.get_type_hints(cls, include_extras=True)


def schema(cls: type[Message]) -> Schema:
    """The schema of a message: its fields, what is required, what excludes each other, its rules."""
    hints = _annotations(cls)
    described = documentation.of_fields(cls)
    in_oneof = {name for group in cls.ONEOFS for name in group}
    properties: dict[str, Schema] = {}
    required: list[str] = []
    names: dict[str, str] = {}
    for field in msgspec.structs.fields(cls):
        names[field.name] = field.encode_name
        found = of_annotation(hints[field.name], nullable=field.name not in in_oneof)
        text = described.get(field.name, "")
        if text:
            found["description"] = f"{text}\n\n{found['description']}" if _is_enum(found) else text
        properties[field.encode_name] = found
        if field.name in cls.SNAKE_CASE_TOO:
            properties[field.name] = found
        if is_required(hints[field.name]):
            required.append(field.encode_name)
    result: Schema = {"type": "object"}
    if properties:
        result["properties"] = properties
    if required:
        result["required"] = sorted(required)
    groups = [_at_most_one([names[name] for name in group]) for group in cls.ONEOFS]
    if len(groups) == 1:
        result |= groups[0]
    elif groups:
        result["allOf"] = groups
    _add_rules(result, cls.RULES)
    if cls.OPEN:
        result["x-kubernetes-preserve-unknown-fields"] = True
    return result


def without_preserving(found: Schema) -> Schema:
    """The schema of a message that is open in our model, for it comes from others, and closed in the API."""
    result = {key: value for key, value in found.items() if key != "x-kubernetes-preserve-unknown-fields"}
    if "properties" in result:
        result["properties"] = {name: without_preserving(part) for name, part in result["properties"].items()}
    if "items" in result:
        result["items"] = without_preserving(result["items"])
    return result


def _at_most_one(names: list[str]) -> Schema:
    present = [{"required": [name]} for name in names]
    return {"oneOf": [{"not": {"anyOf": present}}, *present]}


def _is_enum(found: Schema) -> bool:
    return "enum" in found


def is_required(annotation: Any) -> bool:
    return any(isinstance(part, Required) for part in getattr(annotation, "__metadata__", ()))


def of_annotation(annotation: Any, nullable: bool) -> Schema:
    metadata: list[Any] = []
    is_optional = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            metadata = [*more, *metadata]
            continue
        members = get_args(annotation) if get_origin(annotation) in (typing.Union, types.UnionType) else ()
        inner = [member for member in members if member is not type(None)]
        if set(inner) == {int, str}:
            return {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}
        if not inner:
            break
        is_optional = True
        annotation = inner[0]
    found = _plain(annotation)
    if is_optional and nullable and annotation in (bool, int, float):
        found["nullable"] = True
    for part in metadata:
        found |= _of_bounds(part, found["type"])
    _add_rules(found, tuple(part for part in metadata if isinstance(part, Rule)))
    return found


def _plain(annotation: Any) -> Schema:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Duration:
        return {"type": "string"}
    if origin is tuple:
        return {"type": "array", "items": of_annotation(arguments[0], nullable=False)}
    if origin is dict:
        if arguments[1] is Any:
            return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        return {"type": "object", "additionalProperties": of_annotation(arguments[1], nullable=False)}
    if annotation is bytes:
        return {"type": "string", "format": "byte"}
    for python_type, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if annotation is python_type:
            return {"type": name}
    if issubclass(annotation, enum.Enum):
        options = [member.value for member in annotation]
        return {"type": "string", "enum": options, "description": documentation.of_enum(annotation)}
    return schema(annotation)


def _of_bounds(part: Any, type_name: str) -> Schema:
    match part:
        case Number():
            if type_name not in ("integer", "number"):
                return {}
            formats = {"int32": "int32", "double": "double", "float": "float"}
            found = {
                "format": formats.get(part.wire),
                "minimum": _whole(part.minimum),
                "maximum": _whole(part.maximum),
            }
        case Text():
            found = {
                "minLength": part.min_length,
                "maxLength": part.max_length,
                "pattern": part.pattern or None,
                "format": part.format or None,
            }
        case Items():
            unit = "Items" if type_name == "array" else "Properties"
            found = {f"min{unit}": part.minimum, f"max{unit}": part.maximum}
        case ListKeys():
            return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(part.names)}
        case _:
            found = {}
    return {key: value for key, value in found.items() if value is not None}


def _whole(number: float | None) -> float | int | None:
    return int(number) if number is not None and float(number).is_integer() else number


def _add_rules(found: Schema, rules: tuple[Rule, ...]) -> None:
    stated = [{"rule": rule.cel, "message": rule.message} for rule in rules if rule.cel]
    if stated:
        found["x-kubernetes-validations"] = [*found.get("x-kubernetes-validations", ()), *stated]
