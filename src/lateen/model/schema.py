# SPDX-License-Identifier: Apache-2.0
"""What the API says of a field beyond its Python type: bounds, patterns, required.

These stand in `Annotated[...]` of the model's fields. The decoder reads the widths of numbers, the validation and the
schemas of the custom resource definitions read all of it.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec

from lateen.model.duration import MILLISECOND, Duration


class Number(msgspec.Struct, frozen=True):
    """A number's wire type and the bounds that the schema states."""

    wire: str
    """int32, uint32, int64, uint64, float or double."""
    minimum: float | None = None
    maximum: float | None = None


class Text(msgspec.Struct, frozen=True):
    """Bounds of a string's length (in characters), and a pattern for the whole of it."""

    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    format: str = ""
    """What the text is, such as date-time."""


class Items(msgspec.Struct, frozen=True):
    """Bounds of the number of elements of a list, or of entries of a map."""

    minimum: int | None = None
    maximum: int | None = None


class ListKeys(msgspec.Struct, frozen=True):
    """The elements of a list are told apart by these fields, by their names in the API."""

    names: tuple[str, ...]


class Required(msgspec.Struct, frozen=True):
    """The schema demands that the field is present."""


class Rule(msgspec.Struct, frozen=True):
    """A rule that an API server checks by an expression, and Lateen by a function."""

    message: str
    """What is said when it does not hold."""
    cel: str
    """The expression, for the schemas of our custom resource definitions; empty when only Istio's webhook checks it."""
    holds: Callable[[Any], bool]
    """The same on the decoded value; for a message on those fields that are present, by attribute name."""


REQUIRED: Final = Required()
PORT_RANGE: Final = Rule(
    "port must be between 1-65535", "0 < self && self <= 65535", lambda port: bool(0 < port <= 65535)
)
NO_WILDCARD: Final = Rule(
    "wildcard is not supported in selector", '!self.contains("*")', lambda value: "*" not in value
)


def at_most_one(message: str, **fields: str) -> Rule:
    """The rule that no two of the fields (attribute=name in the API) are present."""
    terms = " + ".join(f"(has(self.{name}) ? 1 : 0)" for name in fields.values())
    return Rule(message, f"{terms} <= 1", lambda present: sum(field in present for field in fields) <= 1)


Int32 = Annotated[int, Number("int32")]
UInt32 = Annotated[int, Number("uint32", 0, 4294967295)]
Int64 = Annotated[int, Number("int64")]
UInt64 = Annotated[int, Number("uint64", 0)]
PortNumber = Annotated[int, Number("uint32", 0, 4294967295), PORT_RANGE]
"""A port that must be there: 1 to 65535."""
Double = Annotated[float, Number("double")]

Interval = Annotated[
    Duration,
    Rule(
        "must be a valid duration greater than 1ms",
        "duration(self) >= duration('1ms')",
        lambda value: bool(value >= MILLISECOND),
    ),
]
"""A duration of at least a millisecond."""

JSON = dict[str, Any]
"""A free-form JSON object (google.protobuf.Struct)."""

IntOrString = int | str
"""A port by number or by name, as Kubernetes takes either."""
