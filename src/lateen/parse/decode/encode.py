# SPDX-License-Identifier: Apache-2.0
"""Messages back to plain data, in protobuf's JSON mapping with the API's names."""

import base64
import enum
import functools
import typing
from typing import Any

import msgspec

from lateen.model.duration import Duration
from lateen.model.message import Message
from lateen.parse.text import duration as durations


class _Field(typing.NamedTuple):
    attribute: str
    name: str
    default: Any
    is_duration: bool


@functools.cache
def _fields(cls: type[Message]) -> tuple[_Field, ...]:
    hints = typing.get_type_hints(cls)
    found = []
    for info in msgspec.structs.fields(cls):
        default = info.default_factory() if info.default_factory is not msgspec.NODEFAULT else info.default
        hint = hints[info.name]
        is_duration = hint is Duration or Duration in typing.get_args(hint)
        found.append(_Field(info.name, info.encode_name, default, is_duration))
    return tuple(found)


def to_mapping(message: Message) -> dict[str, Any]:
    """The fields of a message that differ from their defaults; apiVersion and kind always."""
    result: dict[str, Any] = {}
    for field in _fields(type(message)):
        value = getattr(message, field.attribute)
        if field.name not in ("apiVersion", "kind") and value == field.default and type(value) is type(field.default):
            continue
        result[field.name] = durations.render(value) if field.is_duration and value is not None else _plain(value)
    return result


def _plain(value: Any) -> Any:
    match value:
        case Message():
            return to_mapping(value)
        case enum.Enum():
            return value.value
        case dict():
            return {str(key): _plain(content) for key, content in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return value
