# SPDX-License-Identifier: Apache-2.0
"""envoy.config.route.v3.QueryParameterMatcher."""

from __future__ import annotations

from typing import Any as Message

from msgspec import Struct

from lateen.explain.http_view import HttpView
from lateen.explain.string_match import StringCondition, string_condition


class QueryCondition(Struct, frozen=True):
    """A condition on the first value of one query parameter: on its text, or (`string` None) on its presence."""

    name: str
    string: StringCondition | None
    present: bool = True

    def __str__(self) -> str:
        wanted = self.string if self.string is not None else ("present" if self.present else "absent")
        return f"query parameter {self.name} {wanted}"

    def matches(self, view: HttpView) -> bool:
        """Whether the request meets it."""
        value = view.query.get(self.name)
        if self.string is None:
            return (value is not None) == self.present
        return value is not None and self.string.matches(value)

    def reason(self, view: HttpView) -> str:
        """What the request has instead."""
        value = view.query.get(self.name)
        return f"{self}: " + ("the request has none" if value is None else f"it is {value!r}")


def query_condition(matcher: Message) -> QueryCondition:
    """A QueryParameterMatcher as a condition; with neither kind set, presence is asked for."""
    match matcher.WhichOneof("query_parameter_match_specifier"):
        case "string_match":
            return QueryCondition(matcher.name, string_condition(matcher.string_match))
        case "present_match":
            return QueryCondition(matcher.name, None, matcher.present_match)
    return QueryCondition(matcher.name, None)
