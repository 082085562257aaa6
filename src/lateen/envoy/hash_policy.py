# SPDX-License-Identifier: Apache-2.0
"""DestinationRule `consistentHash` as the route's hash policy: what of a request is hashed."""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import RouteAction

from lateen.envoy.duration import duration_message
from lateen.model.networking.load_balancer import ConsistentHashLB, HTTPCookie


def hash_policy(consistent_hash: ConsistentHashLB | None) -> RouteAction.HashPolicy | None:
    """The policy; None when nothing says what to hash."""
    if consistent_hash is None:
        return None
    policy = RouteAction.HashPolicy()
    if consistent_hash.http_header_name is not None:
        policy.header.header_name = consistent_hash.http_header_name
    elif consistent_hash.http_cookie is not None:
        policy.cookie.CopyFrom(_cookie(consistent_hash.http_cookie))
    elif consistent_hash.use_source_ip is not None:
        policy.connection_properties.source_ip = consistent_hash.use_source_ip
    elif consistent_hash.http_query_parameter_name is not None:
        policy.query_parameter.name = consistent_hash.http_query_parameter_name
    else:
        return None
    return policy


def _cookie(cookie: HTTPCookie) -> RouteAction.HashPolicy.Cookie:
    message = RouteAction.HashPolicy.Cookie(name=cookie.name, path=cookie.path)
    if cookie.ttl is not None:
        message.ttl.CopyFrom(duration_message(cookie.ttl))
    for attribute in cookie.attributes:
        message.attributes.add(name=attribute.name, value=attribute.value)
    return message
