# SPDX-License-Identifier: Apache-2.0
"""Parts of the requests: envoy.type.v3.FractionalPercent and RuntimeFractionalPercent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import Any as Message

from msgspec import Struct

_DENOMINATORS = (100, 10_000, 1_000_000)


class Fraction(Struct, frozen=True):
    """`numerator` of `denominator` requests."""

    numerator: int
    denominator: int

    @property
    def share(self) -> float:
        """The part of the requests, 0 to 1."""
        return min(1.0, self.numerator / self.denominator)

    def hits(self, random: int | None) -> bool:
        """Whether the request with this random number is one of them; without a number, whether any is."""
        return self.numerator > 0 if random is None else random % self.denominator < self.numerator


def fraction(percent: Message) -> Fraction:
    """A FractionalPercent."""
    known = percent.denominator < len(_DENOMINATORS)
    return Fraction(percent.numerator, _DENOMINATORS[percent.denominator] if known else 100)


def runtime_fraction(value: Message, runtime: Mapping[str, Any]) -> Fraction:
    """A RuntimeFractionalPercent with the runtime's override: a whole number is a percentage."""
    override = runtime.get(value.runtime_key)
    if isinstance(override, int) and not isinstance(override, bool) and override >= 0:
        return Fraction(override, 100)
    return fraction(value.default_value)
