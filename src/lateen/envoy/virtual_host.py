# SPDX-License-Identifier: Apache-2.0
"""Virtual hosts: the requests of a route table that ask for one of several names, and their routes."""

from __future__ import annotations

from collections.abc import Iterable

from envoy.config.route.v3.route_components_pb2 import (
    Decorator,
    DirectResponseAction,
    Route,
    RouteAction,
    RouteMatch,
    VirtualHost,
)

from lateen.envoy.hash_policy import hash_policy
from lateen.envoy.retry import retry_policy
from lateen.envoy.route_action import set_timeout
from lateen.model.networking.http_policy import HTTPRetry
from lateen.model.networking.load_balancer import ConsistentHashLB

DEFAULT_ROUTE = "default"
"""The name of the route to a service that no rule governs."""
ALLOW_ANY = "allow_any"
"""The virtual host that passes requests for unknown hosts on."""
ALLOW_ANY_DYNAMIC = "allow_any_dynamic_dns"
"""The same, to the address that the proxy looks up for the host of the request."""
BLOCK_ALL = "block_all"
"""The virtual host that refuses requests for unknown hosts."""
ANY_DOMAIN = "*"


def virtual_host(
    name: str, domains: Iterable[str], routes: Iterable[Route], *, attempt_count: bool = True
) -> VirtualHost:
    """A virtual host; `attempt_count`: whether upstreams are told how often the request was tried."""
    return VirtualHost(name=name, domains=domains, routes=routes, include_request_attempt_count=attempt_count)


def default_route(
    host: str, port: int, cluster: str, retries: HTTPRetry | None, hash_key: ConsistentHashLB | None = None
) -> Route:
    """The route to a service that no rule governs."""
    action = RouteAction(cluster=cluster)
    set_timeout(action, 0)
    policy = retry_policy(retries)
    if policy is not None:
        action.retry_policy.CopyFrom(policy)
    hashed = hash_policy(hash_key)
    if hashed is not None:
        action.hash_policy.append(hashed)
    return Route(
        name=DEFAULT_ROUTE,
        match=RouteMatch(prefix="/"),
        route=action,
        decorator=Decorator(operation=f"{host}:{port}/*"),
    )


def catch_all_route(name: str, cluster: str) -> Route:
    """The route of requests for unknown hosts, named as its virtual host: to `cluster`, or refused if empty."""
    route = Route(name=name, match=RouteMatch(prefix="/"))
    if cluster:
        route.route.cluster = cluster
        set_timeout(route.route, 0)
    else:
        route.direct_response.CopyFrom(DirectResponseAction(status=502))
    return route
