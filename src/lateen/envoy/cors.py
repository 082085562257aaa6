# SPDX-License-Identifier: Apache-2.0
"""VirtualService `corsPolicy` as the route's configuration of Envoy's CORS filter."""

from typing import Final

from envoy.extensions.filters.http.cors.v3.cors_pb2 import CorsPolicy as CorsPolicyMessage
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from lateen.envoy.percent import ALL, runtime
from lateen.envoy.string_matcher import string_matcher
from lateen.model.duration import SECOND
from lateen.model.networking.http_policy import CorsPolicy, UnmatchedPreflights

CORS_FILTER: Final = "envoy.filters.http.cors"


def cors_policy(policy: CorsPolicy) -> CorsPolicyMessage:
    """The cross-origin rules. `allowOrigin`, the old form, counts only without `allowOrigins`; in it `*` means any."""
    message = CorsPolicyMessage(
        filter_enabled=runtime(ALL),
        allow_methods=",".join(policy.allow_methods),
        allow_headers=",".join(policy.allow_headers),
        expose_headers=",".join(policy.expose_headers),
    )
    message.forward_not_matching_preflights.value = policy.unmatched_preflights is not UnmatchedPreflights.IGNORE
    if policy.allow_origins:
        message.allow_origin_string_match.extend(string_matcher(match) for match in policy.allow_origins)
    else:
        message.allow_origin_string_match.extend(StringMatcher(exact=origin) for origin in policy.allow_origin)
    if policy.max_age is not None:
        message.max_age = str(policy.max_age // SECOND)
    if policy.allow_credentials is not None:
        message.allow_credentials.value = policy.allow_credentials
    return message
