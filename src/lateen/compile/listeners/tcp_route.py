# SPDX-License-Identifier: Apache-2.0
"""Where connections go: clusters with weights, and what DestinationRules say about the connections themselves."""

from __future__ import annotations

from typing import Any as Message

import msgspec

from lateen.compile.clusters.address_cache import address_cache
from lateen.compile.clusters.client import Families
from lateen.compile.listeners.kind import ListenerKind
from lateen.compile.listeners.logs import tcp_access_log
from lateen.compile.listeners.proxy_metadata import proxy_switches
from lateen.compile.listeners.service_face import service_face
from lateen.compile.services.registry import service as declared_service
from lateen.compile.services.service import Reach, Resolution, ServiceKey
from lateen.compile.sidecar_scope.services import ScopedService, all_services
from lateen.compile.traffic_policy.destination_rule import MergedRule, destination_rule
from lateen.compile.workload import Labels
from lateen.envoy.names import outbound_cluster
from lateen.envoy.network_filters import mongo_statistics, server_name_lookup, tcp_filters
from lateen.envoy.tcp_proxy import tcp_proxy, tunneling
from lateen.incremental.engine import Engine, query
from lateen.model.duration import Duration
from lateen.model.networking.destination import Destination, RouteDestination
from lateen.model.networking.traffic_policy import TunnelSettings
from lateen.model.ref import Ref


class ConnectionSettings(msgspec.Struct, frozen=True, cache_hash=True):
    """What a DestinationRule says about connections through tcp_proxy. Only its rule level and its subsets count."""

    idle_timeout: Duration | None = None
    max_duration: Duration | None = None
    hash_source_ip: bool = False
    tunnel: TunnelSettings | None = None


class Lookup(msgspec.Struct, frozen=True, cache_hash=True):
    """The address is that of the name that the client's TLS asks for, at `port`, whatever the client dialled."""

    host: str
    """The service's, a wildcard; its cluster shares the cache of addresses."""
    port: int
    families: Families
    reach: Reach


class TcpRoute(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """One tcp_proxy in the making."""

    clusters: tuple[tuple[str, int], ...]
    """Names with weights; the weight of a single one means nothing."""
    stat_prefix: str
    settings: ConnectionSettings = ConnectionSettings()
    mongo: bool = False
    lookup: Lookup | None = None


class Client(msgspec.Struct, frozen=True, cache_hash=True):
    """For whom connections are routed: it decides which services and rules are known."""

    namespace: str
    labels: Labels
    sidecar: Ref | None
    families: Families = Families.V4


@query
def known_service(db: Engine, namespace: str, sidecar: Ref | None, hostname: str) -> ScopedService | None:
    """The service of that host name that clients know; None if there is none."""
    return all_services(db, namespace, sidecar).get(hostname)


@query
def connection_settings(
    db: Engine, namespace: str, labels: Labels, service: ServiceKey, subset: str
) -> ConnectionSettings:
    """The settings for connections to a service, or a subset of it."""
    rule = destination_rule(db, namespace, labels, service.hostname, service.namespace)
    policy = rule.traffic_policy if rule is not None else None
    if rule is None:
        return ConnectionSettings()
    pool = policy.connection_pool if policy is not None else None
    tcp = pool.tcp if pool is not None else None
    return ConnectionSettings(
        idle_timeout=tcp.idle_timeout if tcp is not None else None,
        max_duration=tcp.max_connection_duration if tcp is not None else None,
        hash_source_ip=_hashes_source_ip(rule, subset),
        tunnel=_tunnel(rule, subset),
    )


def _hashes_source_ip(rule: MergedRule, subset: str) -> bool:
    found = rule.subset(subset) if subset else None
    policy = found.traffic_policy if found is not None else None
    if policy is None or policy.load_balancer is None:
        policy = rule.traffic_policy
    balancer = policy.load_balancer if policy is not None else None
    return bool(balancer is not None and balancer.consistent_hash and balancer.consistent_hash.use_source_ip)


def _tunnel(rule: MergedRule, subset: str) -> TunnelSettings | None:
    found = rule.subset(subset) if subset else None
    policy = found.traffic_policy if found is not None else None
    if policy is None or policy.tunnel is None:
        policy = rule.traffic_policy
    return policy.tunnel if policy is not None else None


def service_route(db: Engine, client: Client, service: ServiceKey, port: int, *, mongo: bool = False) -> TcpRoute:
    """To one port of a service, where no rule says anything else."""
    cluster = outbound_cluster(port, "", service.hostname)
    return TcpRoute(
        clusters=((cluster, 0),),
        stat_prefix=cluster,
        settings=connection_settings(db, client.namespace, client.labels, service, ""),
        mongo=mongo,
        lookup=_lookup(db, client, service, port),
    )


def _lookup(db: Engine, client: Client, key: ServiceKey, port: int) -> Lookup | None:
    found = declared_service(db, key)
    listed = found.port(port) if found is not None else None
    if found is None or listed is None or found.resolution is not Resolution.DYNAMIC_DNS or not listed.protocol.is_tls:
        return None
    target = listed.target_port if isinstance(listed.target_port, int) else 0
    return Lookup(found.hostname, target or port, client.families, found.reach)


def rule_route(
    db: Engine, client: Client, targets: tuple[RouteDestination, ...], rule: Ref, port: int, *, mongo: bool = False
) -> TcpRoute | None:
    """To the destinations of a tcp or tls route of `rule`, whose names are complete; None if none is left.

    `port` is the listener's. The settings are those for the first destination; of several by weight none is for a
    subset, for they belong to the connection and not to the choice.
    """
    named = [(target.destination, target.weight) for target in targets if target.destination is not None]
    if not named:
        return None
    first = named[0][0]
    known = known_service(db, client.namespace, client.sidecar, first.host)
    subset = first.subset if len(named) == 1 else ""
    settings = ConnectionSettings()
    if known is not None:
        settings = connection_settings(db, client.namespace, client.labels, known.key, subset)
    clusters = tuple((destination_cluster(db, client, to, port), weight) for to, weight in named)
    if len(named) > 1:
        clusters = tuple((cluster, weight) for cluster, weight in clusters if weight > 0)
        prefix = f"{rule.name}.{rule.namespace}"
    else:
        prefix = clusters[0][0]
    if not clusters:
        return None
    lookup = None
    if known is not None and len(named) == 1:
        lookup = _lookup(db, client, known.key, first.port.number if first.port is not None else port)
    return TcpRoute(clusters=clusters, stat_prefix=prefix, settings=settings, mongo=mongo, lookup=lookup)


def destination_cluster(db: Engine, client: Client, destination: Destination, port: int) -> str:
    """The cluster of a destination. Without a port of its own it means the service's only one, else the listener's."""
    known = known_service(db, client.namespace, client.sidecar, destination.host)
    seen = service_face(db, known.key) if known is not None else None
    face = seen.on(known.ports) if known is not None and seen is not None else None
    if destination.port is not None:
        port = destination.port.number
    else:
        port = face.cluster_port(port) if face is not None else port
    host = face.alias_of if face is not None and face.alias_of else destination.host
    return outbound_cluster(port, destination.subset, host)


def tcp_route_filters(db: Engine, route: TcpRoute, kind: ListenerKind) -> list[Message]:
    """The network filters of a chain that takes this route."""
    settings = route.settings
    tunnel = settings.tunnel
    proxy = tcp_proxy(
        route.clusters,
        stat_prefix=route.stat_prefix,
        access_log=tcp_access_log(db, kind),
        idle_timeout=proxy_switches(db).idle_timeout if settings.idle_timeout is None else settings.idle_timeout,
        max_connection_duration=settings.max_duration,
        hash_source_ip=settings.hash_source_ip,
        tunnel=tunneling(tunnel.target_host, tunnel.target_port, tunnel.protocol == "POST") if tunnel else None,
    )
    observers = [mongo_statistics(route.stat_prefix)] if route.mongo else []
    if route.lookup is not None:
        cache = address_cache(route.lookup.host, route.lookup.reach, route.lookup.families)
        observers.append(server_name_lookup(cache, route.lookup.port))
    return tcp_filters(proxy, protocol=observers)
