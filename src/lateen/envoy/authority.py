# SPDX-License-Identifier: Apache-2.0
"""Conditions on the host that a request names."""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import RouteMatch
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

_DEFAULT_PORTS = (80, 443)


def require_authority_port(match: RouteMatch, port: int) -> None:
    """Have a route take only requests whose host names `port`, or no port where that means the same.

    A dynamic forward proxy connects to the port in the host name, so that the client could choose any.
    """
    suffix = f"(:{port})?" if port in _DEFAULT_PORTS else f":{port}"
    header = match.headers.add(name=":authority")
    header.string_match.CopyFrom(StringMatcher(safe_regex=RegexMatcher(regex=f"[^:]+{suffix}")))
