# SPDX-License-Identifier: Apache-2.0
"""One HTTPMatchRequest as Envoy's route match."""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import RouteMatch

from lateen.envoy.header_matcher import absent_header_matcher, header_matcher, query_parameter_matcher
from lateen.envoy.jwt_claim_matcher import claim_matcher, claim_path
from lateen.model.networking.http_match import HTTPMatchRequest, StringMatch


def route_match(match: HTTPMatchRequest | None, *, whole_segments: bool = False) -> RouteMatch:
    """What a request must be for a route to apply; every path when there is no match or no condition on it.

    `whole_segments`: a prefix ends at a `/`, as Ingress and Gateway API mean it (`/a` covers `/a/b`, not `/ab`).
    """
    message = RouteMatch(prefix="/")
    if match is None:
        return message
    _headers(message, match)
    if match.uri is not None:
        _path(message, match.uri, whole_segments=whole_segments)
    message.case_sensitive.value = not match.ignore_uri_case
    for name, condition in ((":method", match.method), (":authority", match.authority), (":scheme", match.scheme)):
        if condition is not None:
            message.headers.append(header_matcher(name, condition))
    for name, condition in sorted(match.query_params.items()):
        message.query_parameters.append(query_parameter_matcher(name, condition))
    return message


def is_catch_all(match: RouteMatch) -> bool:
    """Whether every request meets the match, so that no later route can apply."""
    match match.WhichOneof("path_specifier"):
        case "prefix":
            every_path = match.prefix == "/"
        case "path_separated_prefix":
            every_path = match.path_separated_prefix == "/"
        case "safe_regex":
            every_path = match.safe_regex.regex == ".*"
        case _:
            every_path = False
    return every_path and not (match.headers or match.query_parameters or match.dynamic_metadata)


def _headers(message: RouteMatch, match: HTTPMatchRequest) -> None:
    matchers = []
    for name, condition in sorted(match.headers.items()):
        claims = claim_path(name)
        if claims is not None:
            message.dynamic_metadata.append(claim_matcher(claims, condition))
        else:
            matchers.append(header_matcher(name, condition))
    for name, condition in sorted(match.without_headers.items()):
        claims = claim_path(name)
        if claims is not None:
            message.dynamic_metadata.append(claim_matcher(claims, condition, invert=True))
        else:
            matchers.append(absent_header_matcher(name, condition))
    message.headers.extend(sorted(matchers, key=lambda matcher: matcher.name))


def _path(message: RouteMatch, uri: StringMatch, *, whole_segments: bool) -> None:
    if uri.exact is not None:
        message.path = uri.exact
    elif uri.prefix is not None:
        if whole_segments and uri.prefix != "/":
            message.path_separated_prefix = uri.prefix.removesuffix("/")
        else:
            message.prefix = uri.prefix
    elif uri.regex is not None:
        message.safe_regex.regex = uri.regex
