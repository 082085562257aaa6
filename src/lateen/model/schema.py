# SPDX-License-Identifier: Apache-2.0
"""What the API says of a field beyond its Python type: bounds, patterns, required.

These stand in `Annotated[...]` of the model's fields. The decoder reads the widths of numbers, the validation and the
schemas of the custom resource definitions read all of it.
"""

from typing import Annotated, Any, Final

import msgspec


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


class Items(msgspec.Struct, frozen=True):
    """Bounds of the number of elements of a list, or of entries of a map."""

    minimum: int | None = None
    maximum: int | None = None


class Required(msgspec.Struct, frozen=True):
    """The schema demands that the field is present."""


REQUIRED: Final = Required()

Int32 = Annotated[int, Number("int32")]
UInt32 = Annotated[int, Number("uint32", 0, 4294967295)]
Int64 = Annotated[int, Number("int64")]
UInt64 = Annotated[int, Number("uint64", 0)]
Double = Annotated[float, Number("double")]

JSON = dict[str, Any]
"""A free-form JSON object (google.protobuf.Struct)."""

IntOrString = int | str
"""A port by number or by name, as Kubernetes takes either."""
