# SPDX-License-Identifier: Apache-2.0
"""A VirtualService with every name it mentions fully qualified: hosts, gateways and destinations.

Short names belong to the namespace of the object that writes them, wherever its client is.
"""

from __future__ import annotations

import msgspec

from lateen.compile.hosts import resolve_short_name
from lateen.model.networking.destination import Destination, HTTPRouteDestination, RouteDestination
from lateen.model.networking.http_match import HTTPMatchRequest
from lateen.model.networking.http_policy import HTTPMirrorPolicy
from lateen.model.networking.http_route import HTTPRoute
from lateen.model.networking.l4_route import L4MatchAttributes, TCPRoute, TLSMatchAttributes, TLSRoute
from lateen.model.networking.virtual_service import VirtualServiceSpec
from lateen.state.index import gateway_key


class ShortNames:
    """Completes names for objects of one `namespace`; `domain` is the cluster's DNS domain."""

    def __init__(self, namespace: str, domain: str) -> None:
        self._namespace = namespace
        self._domain = domain

    def spec(self, spec: VirtualServiceSpec) -> VirtualServiceSpec:
        """The whole rule with its names completed."""
        return msgspec.structs.replace(
            spec,
            hosts=tuple(resolve_short_name(host, self._namespace, self._domain) for host in spec.hosts),
            gateways=self._gateways(spec.gateways),
            http=tuple(self._http_route(route) for route in spec.http),
            tls=tuple(self._tls_route(route) for route in spec.tls),
            tcp=tuple(self._tcp_route(route) for route in spec.tcp),
        )

    def _gateways(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(gateway_key(name, self._namespace) for name in names)

    def _destination(self, destination: Destination | None) -> Destination | None:
        if destination is None:
            return None
        host = resolve_short_name(destination.host, self._namespace, self._domain)
        return msgspec.structs.replace(destination, host=host)

    def _http_route(self, route: HTTPRoute) -> HTTPRoute:
        return msgspec.structs.replace(
            route,
            match=tuple(self._http_match(match) for match in route.match),
            route=tuple(self._weighted(target) for target in route.route),
            mirror=self._destination(route.mirror),
            mirrors=tuple(self._mirror(mirror) for mirror in route.mirrors),
        )

    def _http_match(self, match: HTTPMatchRequest) -> HTTPMatchRequest:
        return msgspec.structs.replace(match, gateways=self._gateways(match.gateways)) if match.gateways else match

    def _weighted(self, target: HTTPRouteDestination) -> HTTPRouteDestination:
        return msgspec.structs.replace(target, destination=self._destination(target.destination))

    def _mirror(self, mirror: HTTPMirrorPolicy) -> HTTPMirrorPolicy:
        return msgspec.structs.replace(mirror, destination=self._destination(mirror.destination))

    def _l4_targets(self, targets: tuple[RouteDestination, ...]) -> tuple[RouteDestination, ...]:
        return tuple(
            msgspec.structs.replace(target, destination=self._destination(target.destination)) for target in targets
        )

    def _tls_route(self, route: TLSRoute) -> TLSRoute:
        return TLSRoute(match=tuple(self._tls_match(m) for m in route.match), route=self._l4_targets(route.route))

    def _tcp_route(self, route: TCPRoute) -> TCPRoute:
        return TCPRoute(match=tuple(self._tcp_match(m) for m in route.match), route=self._l4_targets(route.route))

    def _tls_match(self, match: TLSMatchAttributes) -> TLSMatchAttributes:
        return msgspec.structs.replace(match, gateways=self._gateways(match.gateways)) if match.gateways else match

    def _tcp_match(self, match: L4MatchAttributes) -> L4MatchAttributes:
        return msgspec.structs.replace(match, gateways=self._gateways(match.gateways)) if match.gateways else match
