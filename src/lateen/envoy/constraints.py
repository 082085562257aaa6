# SPDX-License-Identifier: Apache-2.0
"""What Envoy's API demands of its messages, so that what Envoy would refuse is found before it is sent.

Most demands are written in the messages' own descriptors (the `validate.rules` of protoc-gen-validate), which this
module reads; those that Envoy makes in code are in `lateen.envoy.checks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from validate import validate_pb2

from lateen.envoy.checks import CHECKS

Message: TypeAlias = Any
Check: TypeAlias = Callable[[Any], str | None]
"""Says what is wrong with a value, None if nothing is."""

ANY = "google.protobuf.Any"
DURATION = "google.protobuf.Duration"
_WRAPPED = re.compile(r"google\.protobuf\.\w+Value$")
_HEADER_NAME = re.compile(r":?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+")
_LOOSE = re.compile(r"[^\x00\n\r]*")


def violations(message: Message) -> Iterator[str]:
    """Everything in `message`, and in what is packed inside it, for which Envoy would refuse it, as `field: reason`."""
    yield from _of_message(message, "")


class _Field(NamedTuple):
    name: str
    presence: bool
    """Whether it can be told apart from its default; then only a value that is set is checked."""
    required: bool
    repeated: bool
    whole: Check | None
    """For the value, or for the list of values."""
    item: Check | None


class _Type(NamedTuple):
    fields: tuple[_Field, ...]
    oneofs: tuple[str, ...]
    """Of which one must be set."""
    check: Check | None


def _of_message(message: Message, path: str) -> Iterator[str]:
    kind = _type(message.DESCRIPTOR)
    for oneof in kind.oneofs:
        if message.WhichOneof(oneof) is None:
            yield f"{path}{oneof}: one of its kinds must be set"
    for field in kind.fields:
        if field.presence and not message.HasField(field.name):
            if field.required:
                yield f"{path}{field.name}: must be set"
            continue
        value = getattr(message, field.name)
        for check, values in ((field.whole, (value,)), (field.item, value if field.repeated else ())):
            if check is not None:
                yield from (f"{path}{field.name}: {wrong}" for item in values if (wrong := check(item)) is not None)
    if kind.check is not None and (wrong := kind.check(message)) is not None:
        yield f"{path.rstrip('.')}: {wrong}" if path else wrong
    for descriptor, value in message.ListFields():
        kind_of_field = descriptor.message_type
        if kind_of_field is not None:
            yield from _of_values(descriptor, kind_of_field, value, f"{path}{descriptor.name}.")


def _of_values(descriptor: FieldDescriptor, kind: Descriptor, value: Any, path: str) -> Iterator[str]:
    if kind.GetOptions().map_entry:
        if kind.fields_by_name["value"].message_type is not None:
            for item in value.values():
                yield from _of_content(item, path)
    elif descriptor.is_repeated:
        for item in value:
            yield from _of_content(item, path)
    else:
        yield from _of_content(value, path)


def _of_content(message: Message, path: str) -> Iterator[str]:
    if message.DESCRIPTOR.full_name != ANY:
        yield from _of_message(message, path)
        return
    packed = _unpack(message)
    if packed is not None:
        yield from _of_message(packed, path)


def _unpack(message: Message) -> Message | None:
    """What is packed in an Any; None if this Envoy's API has no such message."""
    name = message.type_url.rpartition("/")[2]
    try:
        descriptor = descriptor_pool.Default().FindMessageTypeByName(name)
    except KeyError:
        return None
    content = _class_of(descriptor)()
    return content if message.Unpack(content) else None


@cache
def _class_of(descriptor: Descriptor) -> Any:
    return GetMessageClass(descriptor)


@cache
def _type(descriptor: Descriptor) -> _Type:
    fields = []
    for field in descriptor.fields:
        options = field.GetOptions()
        if options.HasExtension(validate_pb2.rules):
            found = _field(field, options.Extensions[validate_pb2.rules])
            if found.required or found.whole is not None or found.item is not None:
                fields.append(found)
    oneofs = (o.name for o in descriptor.oneofs if o.GetOptions().Extensions[validate_pb2.required])
    return _Type(tuple(fields), tuple(oneofs), CHECKS.get(descriptor.full_name))


def _field(field: FieldDescriptor, rules: Message) -> _Field:
    repeated = field.is_repeated
    required = rules.message.required or rules.duration.required or rules.timestamp.required or rules.any.required
    if repeated:
        whole, item = _of_list(rules.repeated), _of_value(rules.repeated.items)
        return _Field(field.name, False, False, rules.HasField("repeated"), whole, item)
    # A member of a oneof is demanded only by the oneof.
    required = required and field.containing_oneof is None
    return _Field(field.name, field.has_presence, required, False, _of_value(rules, field), None)


def _of_list(rules: Message) -> Check | None:
    def check(values: Any) -> str | None:
        if len(values) < rules.min_items:
            return f"at least {rules.min_items} needed"
        if rules.HasField("max_items") and len(values) > rules.max_items:
            return f"at most {rules.max_items} allowed"
        return None

    return check if rules.HasField("min_items") or rules.HasField("max_items") else None


def _of_value(rules: Message, field: FieldDescriptor | None = None) -> Check | None:
    kind = rules.WhichOneof("type")
    if kind == "string":
        return _of_string(rules.string)
    if kind == "bytes":
        return _of_bytes(rules.bytes)
    if kind == "duration":
        return _of_duration(rules.duration)
    if kind in _NUMBERS:
        check = _of_number(getattr(rules, kind))
        message = field.message_type if field is not None else None
        if check is not None and message is not None and _WRAPPED.match(message.full_name):
            return lambda wrapper: check(wrapper.value)
        return check
    if kind == "enum" and field is not None and rules.enum.defined_only and field.enum_type is not None:
        known = field.enum_type.values_by_number
        return lambda number: None if number in known else f"{number} is no value of it"
    return None


_NUMBERS = ("uint32", "uint64", "int32", "int64", "double", "float", "sint32", "sint64", "fixed32", "fixed64")


def _of_string(rules: Message) -> Check:
    well_known = {
        validate_pb2.HTTP_HEADER_NAME: (_HEADER_NAME, "not the name of a header"),
        validate_pb2.HTTP_HEADER_VALUE: (_LOOSE, "not the value of a header"),
    }.get(rules.well_known_regex if rules.WhichOneof("well_known") == "well_known_regex" else 0)
    if well_known is not None and not rules.strict:
        well_known = (_LOOSE, well_known[1])
    pattern = re.compile(rules.pattern) if rules.pattern else None

    def check(text: str) -> str | None:
        if rules.ignore_empty and not text:
            return None
        if len(text) < rules.min_len or len(text.encode()) < rules.min_bytes:
            return "must not be empty" if not text else f"shorter than {max(rules.min_len, rules.min_bytes)}"
        if rules.max_bytes and len(text.encode()) > rules.max_bytes:
            return f"longer than {rules.max_bytes} bytes"
        if rules.max_len and len(text) > rules.max_len:
            return f"longer than {rules.max_len} characters"
        if text and well_known is not None and not well_known[0].fullmatch(text):
            return f"{text!r} is {well_known[1]}"
        if pattern is not None and not pattern.search(text):
            return f"{text!r} does not match {rules.pattern}"
        return None

    return check


def _of_bytes(rules: Message) -> Check:
    def check(data: bytes) -> str | None:
        if len(data) < rules.min_len:
            return f"shorter than {rules.min_len} bytes"
        if rules.max_len and len(data) > rules.max_len:
            return f"longer than {rules.max_len} bytes"
        return None

    return check


def _of_duration(rules: Message) -> Check | None:
    bounds = [
        (name, getattr(rules, name).ToNanoseconds()) for name in ("gt", "gte", "lt", "lte") if rules.HasField(name)
    ]
    return (lambda length: _outside(length.ToNanoseconds(), bounds, "ns")) if bounds else None


def _of_number(rules: Message) -> Check | None:
    bounds = [(name, getattr(rules, name)) for name in ("gt", "gte", "lt", "lte") if rules.HasField(name)]
    return (lambda number: _outside(number, bounds, "")) if bounds else None


_HOLDS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "gt": (lambda number, bound: number > bound, "more than"),
    "gte": (lambda number, bound: number >= bound, "at least"),
    "lt": (lambda number, bound: number < bound, "less than"),
    "lte": (lambda number, bound: number <= bound, "at most"),
}


def _outside(number: Any, bounds: list[tuple[str, Any]], unit: str) -> str | None:
    for name, bound in bounds:
        holds, words = _HOLDS[name]
        if not holds(number, bound):
            return f"{number}{unit} must be {words} {bound}{unit}"
    return None
