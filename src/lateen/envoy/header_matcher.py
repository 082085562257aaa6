# SPDX-License-Identifier: Apache-2.0
"""Conditions on headers and query parameters of a request (`headers`, `withoutHeaders`, `queryParams` of a match)."""

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, QueryParameterMatcher

from lateen.envoy.string_matcher import means_present, string_matcher
from lateen.model.networking.http_match import StringMatch


def header_matcher(name: str, match: StringMatch | None) -> HeaderMatcher:
    """The header `name` is present, or its value is as `match` says. Pseudo headers (`:method`) are headers here."""
    if match is None or means_present(match):
        return HeaderMatcher(name=name, present_match=True)
    return HeaderMatcher(name=name, string_match=string_matcher(match))


def absent_header_matcher(name: str, match: StringMatch | None) -> HeaderMatcher:
    """The opposite of `header_matcher`. A missing header then counts as an empty one, which `match` is held against."""
    matcher = header_matcher(name, match)
    matcher.invert_match = True
    if not means_present(match):
        matcher.treat_missing_header_as_empty = True
    return matcher


def query_parameter_matcher(name: str, match: StringMatch | None) -> QueryParameterMatcher:
    """The query parameter `name` is present, or its value is as `match` says."""
    if match is None or means_present(match):
        return QueryParameterMatcher(name=name, present_match=True)
    return QueryParameterMatcher(name=name, string_match=string_matcher(match))
