# SPDX-License-Identifier: Apache-2.0
"""envoy.type.matcher.v3.MetadataMatcher, ValueMatcher, FilterStateMatcher: conditions on what filters have set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import Any as Message

from msgspec import Struct

from lateen.explain.address import contains, parse_ip, prefix
from lateen.explain.http_view import HttpView
from lateen.explain.string_match import string_condition


class MetadataCondition(Struct, frozen=True):
    """A condition on the dynamic metadata of the request."""

    matcher: Message

    def __str__(self) -> str:
        path = ".".join(step.key for step in self.matcher.path)
        return f"metadata {self.matcher.filter}/{path}" + (" inverted" if self.matcher.invert else "")

    def matches(self, view: HttpView) -> bool:
        """Whether the request meets it."""
        return metadata_matches(self.matcher, view.request.metadata)

    def reason(self, view: HttpView) -> str:
        """What the request has instead."""
        return f"{self}: it is {_value(self.matcher, view.request.metadata)!r}"


class FilterStateCondition(Struct, frozen=True):
    """A condition on an object that an earlier filter left in the filter state."""

    matcher: Message

    def __str__(self) -> str:
        return f"filter state {self.matcher.key}"

    def matches(self, view: HttpView) -> bool:
        """Whether the request meets it."""
        return filter_state_matches(self.matcher, view.request.filter_state)

    def reason(self, view: HttpView) -> str:
        """What the request has instead."""
        return f"{self}: it is {view.request.filter_state.get(self.matcher.key)!r}"


def metadata_matches(matcher: Message, metadata: Mapping[str, Any]) -> bool:
    """Whether dynamic metadata (namespace -> value) meets a MetadataMatcher."""
    return value_matches(matcher.value, _value(matcher, metadata)) != bool(matcher.invert)


def filter_state_matches(matcher: Message, state: Mapping[str, str]) -> bool:
    """Whether the filter state meets a FilterStateMatcher."""
    value = state.get(matcher.key)
    if value is None:
        return False
    if matcher.WhichOneof("matcher") == "address_match":
        ip = parse_ip(value)
        return any(n is not None and contains(n, ip) for n in map(prefix, matcher.address_match.ranges))
    return string_condition(matcher.string_match).matches(value)


def _value(matcher: Message, metadata: Mapping[str, Any]) -> Any:
    value = metadata.get(matcher.filter)
    for step in matcher.path:
        value = value.get(step.key) if isinstance(value, Mapping) else None
    return value


def value_matches(matcher: Message, value: Any) -> bool:
    """Whether a JSON-like `value` (None = absent) meets a ValueMatcher."""
    match matcher.WhichOneof("match_pattern"):
        case "null_match":
            return value is None
        case "double_match":
            if not isinstance(value, int | float) or isinstance(value, bool):
                return False
            if matcher.double_match.WhichOneof("match_pattern") == "range":
                return bool(matcher.double_match.range.start <= value < matcher.double_match.range.end)
            return bool(value == matcher.double_match.exact)
        case "string_match":
            return isinstance(value, str) and string_condition(matcher.string_match).matches(value)
        case "bool_match":
            return isinstance(value, bool) and value == matcher.bool_match
        case "present_match":
            return (value is not None) == bool(matcher.present_match)
        case "list_match":
            return isinstance(value, list | tuple) and any(value_matches(matcher.list_match.one_of, v) for v in value)
        case "or_match":
            return any(value_matches(m, value) for m in matcher.or_match.value_matchers)
    return False
