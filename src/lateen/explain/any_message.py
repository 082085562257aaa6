# SPDX-License-Identifier: Apache-2.0
"""Extensions: the message inside a protobuf `Any`, and proto3 JSON that holds such messages.

Envoy's message types are many; the module of a type is imported when a configuration first names it. A type that is
not known (of another Envoy build, say) is kept as `xds.type.v3.TypedStruct`, which is what Envoy itself reads.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Any as Message

from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError

_ROOTS = {"envoy", "udpa", "xds"}
_TYPED_STRUCT = "xds.type.v3.TypedStruct"
_TYPED_STRUCTS = {_TYPED_STRUCT, "udpa.type.v1.TypedStruct"}


class UnreadableError(Exception):
    """A resource that is not what its type says. The text says what is wrong with it."""


@cache
def message_class(full_name: str) -> Message | None:
    """The class of a message type such as `envoy.config.listener.v3.Listener`, or None if nothing defines it."""
    pool = descriptor_pool.Default()
    try:
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(full_name))
    except KeyError:
        pass
    package = full_name.rpartition(".")[0]
    if package.partition(".")[0] not in _ROOTS:
        return None
    try:
        found = import_module(package)
        for module in pkgutil.iter_modules(found.__path__, package + "."):
            import_module(module.name)
    except ImportError:
        return None
    try:
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(full_name))
    except KeyError:
        return None


def type_name(type_url: str) -> str:
    """`type.googleapis.com/x.Y` -> `x.Y`."""
    return type_url.rpartition("/")[2]


def type_of(packed: Message) -> str:
    """The type name of what an `Any` holds; of a TypedStruct, the type that it stands for."""
    name = type_name(packed.type_url)
    return unpack(packed)[0] if name in _TYPED_STRUCTS else name


def unpack(packed: Message) -> tuple[str, Message | None]:
    """The type name and the message of an `Any`; the message is None if its type is unknown or its bytes are not it.

    A TypedStruct is unwrapped to the type that it stands for.
    """
    name = type_name(packed.type_url)
    cls = message_class(name)
    if cls is None:
        return name, None
    message = cls()
    try:
        message.ParseFromString(packed.value)
    except DecodeError:
        return name, None
    if name not in _TYPED_STRUCTS:
        return name, message
    name = type_name(message.type_url)
    cls = message_class(name)
    if cls is None:
        return name, None
    try:
        return name, json_format.ParseDict(
            _readable(json_format.MessageToDict(message.value)), cls(), ignore_unknown_fields=True
        )
    except json_format.ParseError:
        return name, None


def from_json(cls: Message, value: object) -> Message:
    """`value` (proto3 JSON, in either spelling of names) as a `cls`; fields that this build does not know are dropped.

    Raises UnreadableError.
    """
    try:
        return json_format.ParseDict(_readable(value), cls(), ignore_unknown_fields=True)
    except (json_format.ParseError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableError(f"not a {cls.DESCRIPTOR.full_name}: {error}") from error


def _readable(value: Message) -> Message:
    """`value` with every Any of an unknown type made a TypedStruct, and the modules of the known ones imported."""
    if isinstance(value, list):
        return [_readable(v) for v in value]
    if not isinstance(value, dict):
        return value
    url = value.get("@type")
    if isinstance(url, str):
        known = message_class(type_name(url)) is not None
        if type_name(url) in _TYPED_STRUCTS:
            return value
        if not known:
            rest = {k: v for k, v in value.items() if k != "@type"}
            message_class(_TYPED_STRUCT)
            return {"@type": f"type.googleapis.com/{_TYPED_STRUCT}", "typeUrl": url, "value": rest}
    return {k: _readable(v) for k, v in value.items()}
