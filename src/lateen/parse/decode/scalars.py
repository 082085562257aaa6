# SPDX-License-Identifier: Apache-2.0
"""Scalars in protobuf's JSON mapping: numbers may be text, enums may be numbers, durations and bytes are text."""

import base64
import binascii
import difflib
import enum
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sized
from typing import Any, Final

from lateen.model.duration import Duration
from lateen.model.schema import Items, ListKeys, Number, Text
from lateen.parse.text import duration as durations


class Invalid(ValueError):  # noqa: N818 - it is a verdict, not an error of the program
    """A value that is not what the field takes."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


Decode = Callable[[Any], Any]

Check = Callable[[Any], Invalid | None]
"""What the schema says of a value that has the right type; the value stays, whatever it says."""

_NAMES: Final = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
_RANGES: Final = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
_DIGITS: Final = re.compile(r"-?[0-9]+(?:\.0+)?", re.ASCII)


def wrong_type(expected: str, value: Any, hint: str = "") -> Invalid:
    """The value is of another type than the field."""
    found = "null" if value is None else _NAMES.get(type(value), type(value).__name__)
    return Invalid("wrong-type", f'must be of type {expected}: "{found}"', hint)


def string(value: Any) -> str:
    """Text; nothing else is taken for text."""
    if type(value) is str:
        return value
    hint = "" if isinstance(value, dict | list) else f'put it in quotes: "{_shown(value)}"'
    raise wrong_type("string", value, hint)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def text_bounds(bounds: Text) -> Check:
    """Length and pattern of a text."""
    pattern = re.compile(bounds.pattern) if bounds.pattern else None

    def check(text: str) -> Invalid | None:
        if bounds.min_length is not None and len(text) < bounds.min_length:
            message = f"should be at least {bounds.min_length} chars long"
            return Invalid("too-short", message, "leave it out or fill it in")
        if bounds.max_length is not None and len(text) > bounds.max_length:
            return Invalid("too-long", f"may not be longer than {bounds.max_length} characters", "shorten it")
        if pattern is not None and not pattern.search(text):
            return Invalid("pattern", f"should match '{bounds.pattern}'")
        return None

    return check


def number_bounds(number: Number) -> Check:
    """The bounds of a number."""

    def check(value: float) -> Invalid | None:
        if number.minimum is not None and not value >= number.minimum:
            return Invalid("out-of-range", f"{value} should be greater than or equal to {number.minimum:g}")
        if number.maximum is not None and not value <= number.maximum:
            return Invalid("out-of-range", f"{value} should be less than or equal to {number.maximum:.0f}")
        return None

    return check


def size_bounds(items: Items, unit: str) -> Check:
    """The number of elements of a list, or of entries of a map."""

    def check(value: Sized) -> Invalid | None:
        if items.minimum is not None and len(value) < items.minimum:
            return Invalid("too-few", f"should have at least {items.minimum} {unit}", "leave it out or fill it in")
        if items.maximum is not None and len(value) > items.maximum:
            return Invalid("too-many", f"must have at most {items.maximum} {unit}", "split the object")
        return None

    return check


def distinct(keys: ListKeys) -> Check:
    """Elements of a list that its keys tell apart."""
    attributes = [re.sub("(?<=[a-z0-9])([A-Z])", r"_\1", name).lower() for name in keys.names]

    def check(values: Iterable[Any]) -> Invalid | None:
        found = Counter(tuple(getattr(value, attribute) for attribute in attributes) for value in values)
        twice = next((identity for identity, count in found.items() if count > 1), None)
        if twice is None:
            return None
        shown = ", ".join(f"{name}: {value}" for name, value in zip(keys.names, twice, strict=True))
        return Invalid("duplicate", f"Duplicate value: {shown}", "keep one of them")

    return check


def boolean(value: Any) -> bool:
    """true or false."""
    if type(value) is bool:
        return value
    raise wrong_type("boolean", value, "write true or false, without quotes")


def integer(number: Number) -> Decode:
    """A whole number of a wire type."""
    low, high = _RANGES[number.wire]

    def decode(value: Any) -> int:
        if type(value) is int:
            whole = value
        elif type(value) is float and value.is_integer():
            whole = int(value)
        elif type(value) is str and len(value) <= 24 and _DIGITS.fullmatch(value):
            whole = int(value.partition(".")[0])
        else:
            raise wrong_type("integer", value, "write a whole number, without quotes")
        if not low <= whole <= high:
            raise Invalid("out-of-range", f"{whole} does not fit: it must be from {low} to {high}")
        return whole

    return decode


def double(value: Any) -> float:
    """A number."""
    if type(value) is float:
        return value
    if type(value) is int:
        return float(value) if abs(value) < 1e308 else math.copysign(math.inf, value)
    if type(value) is str and len(value) <= 64:
        try:
            return float(value)
        except ValueError:
            pass
    raise wrong_type("number", value, "write a number, without quotes")


def duration(value: Any) -> Duration:
    """A length of time as text."""
    if type(value) is not str:
        hint = f'add a unit: "{value}s"' if type(value) in (int, float) else ""
        raise wrong_type("string", value, hint)
    found = durations.parse(value)
    if found is None:
        raise Invalid("duration", f'invalid duration "{value}"', 'write a number with a unit: "10s", "1.5s", "2m"')
    return found


def data(value: Any) -> bytes:
    """Bytes as base64, with either alphabet, padded or not."""
    text = string(value)
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("base64", "invalid base64", "encode it with base64, or use a field that takes text") from None


def int_or_string(value: Any) -> int | str:
    """A number or a name."""
    if type(value) is int or type(value) is str:
        return value
    raise wrong_type("integer or string", value)


def enumeration(cls: type[enum.Enum]) -> Decode:
    """A member by its name, or by its number as protobuf's JSON mapping allows."""
    members = {member.value: member for member in cls}
    ordered = tuple(cls)

    def decode(value: Any) -> enum.Enum:
        if type(value) is str:
            member = members.get(value)
            if member is not None:
                return member
            names = ", ".join(f'"{name}"' for name in members)
            close = difflib.get_close_matches(value.upper(), members, 1, 0.5) if len(value) < 64 else []
            hint = f"did you mean {close[0]}?" if close else ""
            raise Invalid("enum", f'Unsupported value: "{value[:64]}": supported values: {names}', hint)
        if type(value) is int and 0 <= value < len(ordered):
            return ordered[value]
        raise wrong_type("string", value, f"one of {', '.join(members)}")

    return decode
