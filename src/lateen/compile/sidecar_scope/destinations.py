# SPDX-License-Identifier: Apache-2.0
"""The services that imported virtual services send to: known to the scope even where no egress host names them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lateen.compile.mesh import default_service_export_to
from lateen.compile.routing.virtual_service import complete
from lateen.compile.services.registry import namespaces_declaring, service
from lateen.compile.services.service import ServiceKey
from lateen.compile.visibility import exported
from lateen.incremental.engine import Engine, query
from lateen.model.networking.destination import Destination, HTTPRouteDestination, RouteDestination
from lateen.model.networking.http_match import HTTPMatchRequest
from lateen.model.networking.http_route import HTTPRoute
from lateen.model.networking.l4_route import L4MatchAttributes, TLSMatchAttributes
from lateen.model.networking.virtual_service import VirtualServiceSpec
from lateen.model.ref import Ref

ANY_PORT = 0
"""Stands for a destination that names no port."""


@query
def destinations(db: Engine, ref: Ref, namespace: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The hosts to which the virtual service `ref` sends clients of `namespace`, each with the ports that it names."""
    rule = complete(db, ref)
    found: dict[str, set[int]] = {}
    for destination in _of_rule(rule, namespace) if rule is not None else ():
        port = destination.port.number if destination.port is not None else ANY_PORT
        found.setdefault(destination.host, set()).add(port)
    return tuple((host, tuple(sorted(ports))) for host, ports in found.items())


def _of_rule(rule: VirtualServiceSpec, namespace: str) -> Iterator[Destination]:
    for http in rule.http:
        if _concerns(http.match, namespace):
            yield from _of_http(http)
    for tcp in rule.tcp:
        if _concerns(tcp.match, namespace):
            yield from _targets(tcp.route)
    for tls in rule.tls:
        if _concerns(tls.match, namespace):
            yield from _targets(tls.route)


def _of_http(route: HTTPRoute) -> Iterator[Destination]:
    yield from _targets(route.route)
    if route.mirror is not None:
        yield route.mirror
    for mirror in route.mirrors:
        if mirror.destination is not None:
            yield mirror.destination


def _targets(route: Iterable[HTTPRouteDestination | RouteDestination]) -> Iterator[Destination]:
    return (target.destination for target in route if target.destination is not None)


def _concerns(matches: Iterable[HTTPMatchRequest | L4MatchAttributes | TLSMatchAttributes], namespace: str) -> bool:
    """Whether a client of `namespace` can meet a route with these matches."""
    sources = [match.source_namespace for match in matches]
    return not sources or any(source in ("", namespace) for source in sources)


@query
def reachable(db: Engine, host: str, namespace: str) -> ServiceKey | None:
    """The service that a destination `host` means for clients of `namespace`: their own namespace's, else that of the
    first namespace by name whose service they see."""
    candidates = [ServiceKey(host, owner) for owner in namespaces_declaring(db, host)]
    own = ServiceKey(host, namespace)
    if own in candidates and service(db, own) is not None:
        return own
    default = default_service_export_to(db)
    for key in candidates:
        found = service(db, key)
        if found is not None and exported(found.export_to, key.namespace, namespace, default):
            return key
    return None


def ports_of(db: Engine, key: ServiceKey, named: tuple[int, ...]) -> tuple[int, ...] | None:
    """Which ports of a service the named ones are: None for all, empty if it has none of them."""
    found = service(db, key)
    if found is None:
        return ()
    if ANY_PORT in named:
        return None
    ports = tuple(port.number for port in found.ports if port.number in named)
    return None if len(ports) == len(found.ports) else ports
