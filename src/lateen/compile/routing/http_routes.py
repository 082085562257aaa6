# SPDX-License-Identifier: Apache-2.0
"""The HTTP routes of one VirtualService, translated for one client and port: pure, no queries.

What a translation needs to know of the rest of the mesh comes in as `Target`s: where each destination leads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec
from envoy.config.route.v3.route_components_pb2 import Decorator, Route, RouteAction, WeightedCluster

from lateen.compile.routing.source_match import RouteClient, http_match_applies
from lateen.envoy.authority import require_authority_port
from lateen.envoy.blob import pack
from lateen.envoy.constraints import violations
from lateen.envoy.cors import CORS_FILTER, cors_policy
from lateen.envoy.direct_response import direct_response_action
from lateen.envoy.fault import FAULT_FILTER, http_fault
from lateen.envoy.hash_policy import hash_policy
from lateen.envoy.header_mutation import header_mutation
from lateen.envoy.metadata import config_path, metadata
from lateen.envoy.mirror import mirror_policy, mirror_share, policy_share
from lateen.envoy.names import ClusterName
from lateen.envoy.redirect import redirect_action
from lateen.envoy.retry import retry_policy
from lateen.envoy.rewrite import rewrite_path
from lateen.envoy.route_action import set_timeout
from lateen.envoy.route_match import is_catch_all, route_match
from lateen.model.networking.destination import Destination, HTTPRouteDestination
from lateen.model.networking.http_match import HTTPMatchRequest
from lateen.model.networking.http_policy import HTTPRetry
from lateen.model.networking.http_route import HTTPRoute
from lateen.model.networking.load_balancer import ConsistentHashLB
from lateen.model.ref import Ref

UNKNOWN_SERVICE = "UnknownService"
"""The cluster of a destination without host, which only an invalid reference of Gateway API leaves behind."""

EVERY_REQUEST = -1
"""In place of a match's index: the route has no matches."""

Rules = tuple[tuple[int, int], ...]
"""Which (route, match) pairs of a VirtualService apply for a client, in order, by index."""


class Target(msgspec.Struct, frozen=True, cache_hash=True):
    """Where a destination leads: a cluster, and what of a request is hashed on the way."""

    cluster: str
    hash_key: ConsistentHashLB | None = None
    authority_port: int = 0
    """The port that requests must name beside their host; 0 if they may name any (see `strict_egress`)."""


class RouteSemantics(msgspec.Struct, frozen=True, cache_hash=True):
    """How the rule is to be read. Rules made from Ingress and Gateway API mean some fields differently."""

    ingress: bool = False
    gateway_api: bool = False


class RouteOptions(msgspec.Struct, frozen=True, cache_hash=True):
    """What applies to all routes of a translation."""

    source: Ref
    """The VirtualService; ends up in the routes' metadata."""
    port: int
    """As in RouteClient."""
    tls: bool = False
    """Whether the listener terminates TLS."""
    default_retries: HTTPRetry | None = None
    """The mesh's retry policy, for routes without one."""
    semantics: RouteSemantics = RouteSemantics()


def applicable_rules(http: tuple[HTTPRoute, ...], client: RouteClient) -> Rules:
    """The rules of a VirtualService that can apply for this client."""
    rules: list[tuple[int, int]] = []
    for index, route in enumerate(http):
        if not route.match:
            rules.append((index, EVERY_REQUEST))
            break
        rules += ((index, at) for at, match in enumerate(route.match) if http_match_applies(match, client))
    return tuple(rules)


def destinations(http: tuple[HTTPRoute, ...], rules: Rules) -> Iterator[Destination]:
    """Every destination, mirrors included, of the given rules; some repeatedly."""
    for index in dict.fromkeys(index for index, _ in rules):
        route = http[index]
        if route.redirect is not None or route.direct_response is not None:
            continue
        yield from (target.destination for target in route.route if target.destination is not None)
        if route.mirror is not None:
            yield route.mirror
        yield from (mirror.destination for mirror in route.mirrors if mirror.destination is not None)


class Refusal(NamedTuple):
    """A route that Envoy would refuse, and the whole table with it."""

    rule: int
    """Index of the route in the VirtualService."""
    name: str
    reasons: tuple[str, ...]


def http_routes(
    http: tuple[HTTPRoute, ...], rules: Rules, targets: Mapping[Destination, Target], options: RouteOptions
) -> tuple[tuple[Route, ...], tuple[Refusal, ...]]:
    """The Envoy routes of the given rules, in order, up to the first that every request meets; and those left out."""
    translation = _Translation(targets, options)
    routes: list[Route] = []
    refused: list[Refusal] = []
    for index, at in rules:
        route = http[index]
        try:
            message = translation.route(route, route.match[at] if at != EVERY_REQUEST else None)
        except ValueError as error:
            # A number that the message cannot hold, or text that is no Unicode.
            refused.append(Refusal(index, route.name, (str(error),)))
            continue
        reasons = tuple(violations(message))
        if reasons:
            refused.append(Refusal(index, message.name, reasons))
            continue
        routes.append(message)
        if is_catch_all(message.match):
            break
    return tuple(routes), tuple(refused)


class _Translation:
    def __init__(self, targets: Mapping[Destination, Target], options: RouteOptions) -> None:
        self._targets = targets
        self._options = options
        self._metadata = metadata(config=config_path(options.source))

    def route(self, route: HTTPRoute, match: HTTPMatchRequest | None) -> Route:
        options = self._options
        whole_segments = options.semantics.ingress or options.semantics.gateway_api
        message = Route(
            name=f"{route.name}.{match.name}" if match is not None and match.name else route.name,
            match=route_match(match, whole_segments=whole_segments),
            metadata=self._metadata,
            stat_prefix=match.stat_prefix if match is not None else "",
        )
        headers = header_mutation(route.headers)
        headers.apply(message)
        if route.redirect is not None:
            redirect = redirect_action(
                route.redirect, options.port, tls=options.tls, gateway_api=options.semantics.gateway_api
            )
            if redirect is not None:
                message.redirect.CopyFrom(redirect)
        elif route.direct_response is not None:
            message.direct_response.CopyFrom(direct_response_action(route.direct_response))
        else:
            self._forward(message, route, headers.authority)
        message.decorator.CopyFrom(Decorator(operation=self._operation(message)))
        if route.fault is not None:
            message.typed_per_filter_config[FAULT_FILTER].CopyFrom(pack(http_fault(route.fault)))
        if route.cors_policy is not None:
            message.typed_per_filter_config[CORS_FILTER].CopyFrom(pack(cors_policy(route.cors_policy)))
        return message

    def _forward(self, message: Route, route: HTTPRoute, authority: str) -> None:
        gateway_api = self._options.semantics.gateway_api
        action = message.route
        set_timeout(action, route.timeout or 0)
        if gateway_api:
            action.cluster_not_found_response_code = RouteAction.INTERNAL_SERVER_ERROR
        if route.rewrite is not None:
            removed = message.match.path_separated_prefix if gateway_api else None
            rewrite_path(action, route.rewrite, removed_prefix=removed)
            authority = route.rewrite.authority or authority
        if authority:
            action.host_rewrite_literal = authority
        self._mirror(action, route)
        self._hold(message, route)
        hashed = self._to_one(message, route.route[0]) if len(route.route) == 1 else self._to_many(action, route.route)
        retries = route.retries if route.retries is not None else self._options.default_retries
        policy = retry_policy(retries, hashed=hashed)
        if policy is not None:
            action.retry_policy.CopyFrom(policy)

    def _mirror(self, action: RouteAction, route: HTTPRoute) -> None:
        if route.mirror is not None and (share := mirror_share(route)) is not None:
            action.request_mirror_policies.append(mirror_policy(self._target(route.mirror).cluster, share))
        for mirror in route.mirrors:
            if mirror.destination is not None and (share := policy_share(mirror)) is not None:
                action.request_mirror_policies.append(mirror_policy(self._target(mirror.destination).cluster, share))

    def _to_one(self, message: Route, target: HTTPRouteDestination) -> bool:
        """Forward to a single destination; its weight does not count. Returns whether a hash decides the endpoint."""
        where = self._target(target.destination)
        message.route.cluster = where.cluster
        headers = header_mutation(target.headers)
        headers.apply(message)
        if headers.authority and not message.route.host_rewrite_literal:
            message.route.host_rewrite_literal = headers.authority
        self._hash(message.route, where)
        return where.hash_key is not None

    def _to_many(self, action: RouteAction, targets: tuple[HTTPRouteDestination, ...]) -> bool:
        """Split by weight. The hash policies of all destinations count, yet retries are as if there were none."""
        action.weighted_clusters.SetInParent()
        for target in targets:
            if target.weight == 0:
                continue
            where = self._target(target.destination)
            share = WeightedCluster.ClusterWeight(name=where.cluster)
            share.weight.value = target.weight
            headers = header_mutation(target.headers)
            headers.apply(share)
            if headers.authority:
                share.host_rewrite_literal = headers.authority
            action.weighted_clusters.clusters.append(share)
            self._hash(action, where)
        return False

    def _hold(self, message: Route, route: HTTPRoute) -> None:
        """Requests that would go to another port than the operator named do not match."""
        ports = {self._target(to.destination).authority_port for to in route.route} - {0}
        for port in sorted(ports):
            require_authority_port(message.match, port)

    def _hash(self, action: RouteAction, target: Target) -> None:
        policy = hash_policy(target.hash_key)
        if policy is not None:
            action.hash_policy.append(policy)

    def _target(self, destination: Destination | None) -> Target:
        if destination is None or not destination.host:
            return Target(UNKNOWN_SERVICE)
        return self._targets[destination]

    def _operation(self, message: Route) -> str:
        """What a trace calls the route: `host:port/path`, with the rule's name in place of a host that is not one."""
        cluster = ClusterName.parse(message.route.cluster) if message.HasField("route") else None
        if cluster is not None:
            return f"{cluster.host}:{cluster.port}{_path(message)}"
        return f"{self._options.source.name}:{self._options.port}{_path(message)}"


def _path(message: Route) -> str:
    match message.match.WhichOneof("path_specifier"):
        case "prefix":
            return f"{message.match.prefix}*"
        case "path":
            return str(message.match.path)
        case "safe_regex":
            return str(message.match.safe_regex.regex)
    return "/*"
