# SPDX-License-Identifier: Apache-2.0
"""envoy.config.route.v3.HeaderMatcher."""

from __future__ import annotations

import re
from typing import Any as Message

from msgspec import Struct

from lateen.explain.http_view import HttpView
from lateen.explain.string_match import StringCondition, string_condition

_INTEGER = re.compile(r"[ \t\n\v\f\r]*[+-]?[0-9]+[ \t\n\v\f\r]*")
_LEGACY = {
    "exact_match": "exact",
    "prefix_match": "prefix",
    "suffix_match": "suffix",
    "contains_match": "contains",
}


class HeaderCondition(Struct, frozen=True):
    """A condition on one header. Exactly one of `string`, `integers` (start, end) and `present` is set."""

    name: str
    string: StringCondition | None = None
    integers: tuple[int, int] | None = None
    present: bool | None = None
    invert: bool = False
    missing_as_empty: bool = False

    def __str__(self) -> str:
        if self.string is not None:
            wanted = str(self.string)
        elif self.integers is not None:
            wanted = f"in [{self.integers[0]}, {self.integers[1]})"
        else:
            wanted = "present" if self.present else "absent"
        return f"header {self.name} {'not ' if self.invert else ''}{wanted}"

    def matches(self, view: HttpView) -> bool:
        """Whether the request meets it.

        A header that is missing meets no condition on its value, not even inverted. Of a header that is repeated one
        value must match; inverted, none may.
        """
        values = view.values(self.name)
        if not values:
            if not self.missing_as_empty:
                return self.present is not None and self.present == self.invert
            values = [""]
        return any(self._value_matches(v) for v in values) != self.invert

    def _value_matches(self, value: str) -> bool:
        if self.present is not None:
            return self.present
        if self.integers is not None:
            number = integer(value)
            return number is not None and self.integers[0] <= number < self.integers[1]
        # The old exact_match with an empty value asks only for the header to be there; string_match does not.
        return self.string is not None and (self.string.kind == "any" or self.string.matches(value))

    def reason(self, view: HttpView) -> str:
        """What the request has instead."""
        values = view.values(self.name)
        return f"{self}: " + (f"it is {' and '.join(map(repr, values))}" if values else "the request has none")


def integer(text: str) -> int | None:
    """`text` as a 64-bit integer as absl::SimpleAtoi reads it, or None."""
    if not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def header_condition(matcher: Message) -> HeaderCondition:
    """A HeaderMatcher as a condition."""
    kind = matcher.WhichOneof("header_match_specifier")
    rest = {"invert": matcher.invert_match, "missing_as_empty": matcher.treat_missing_header_as_empty}
    name = matcher.name.lower()
    if kind is None:
        return HeaderCondition(name, present=True, **rest)
    if kind == "present_match":
        return HeaderCondition(name, present=matcher.present_match, **rest)
    if kind == "range_match":
        return HeaderCondition(name, integers=(matcher.range_match.start, matcher.range_match.end), **rest)
    if kind == "string_match":
        return HeaderCondition(name, string=string_condition(matcher.string_match), **rest)
    if kind == "safe_regex_match":
        return HeaderCondition(name, string=StringCondition("safe_regex", matcher.safe_regex_match.regex), **rest)
    operand = getattr(matcher, kind)
    string = StringCondition("any", "") if kind == "exact_match" and not operand else None
    return HeaderCondition(name, string=string or StringCondition(_LEGACY[kind], operand), **rest)
