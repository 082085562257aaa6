# SPDX-License-Identifier: Apache-2.0
"""VirtualService `rewrite` of the path, in Envoy's route action."""

import re

from envoy.config.route.v3.route_components_pb2 import RouteAction
from envoy.type.matcher.v3.regex_pb2 import RegexMatchAndSubstitute, RegexMatcher

from lateen.model.networking.http_route import HTTPRewrite


def rewrite_path(action: RouteAction, rewrite: HTTPRewrite, *, removed_prefix: str | None = None) -> None:
    """Have `action` rewrite the path; the authority is rewritten elsewhere.

    `removed_prefix`: in routes made from Gateway API, the path-separated prefix that the route matched; a rewrite to
    `/` then takes it away without leaving `//`.
    """
    if rewrite.uri_regex_rewrite is not None:
        regex = rewrite.uri_regex_rewrite
        _substitute(action, regex.match, regex.rewrite)
    elif rewrite.uri == "/" and removed_prefix is not None:
        _substitute(action, f"^{re.escape(removed_prefix)}(/?)(.*)", r"/\2")
    elif rewrite.uri:
        action.prefix_rewrite = rewrite.uri


def _substitute(action: RouteAction, pattern: str, substitution: str) -> None:
    action.regex_rewrite.CopyFrom(
        RegexMatchAndSubstitute(pattern=RegexMatcher(regex=pattern), substitution=substitution)
    )
