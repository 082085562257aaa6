# SPDX-License-Identifier: Apache-2.0
"""Clusters towards the proxy's own workload, one for each of its ports.

What matters of a DestinationRule on this side are its connection limits, so that the server keeps up with what clients
are allowed. If several services share a port, the first decides.
"""

from __future__ import annotations

from typing import Any

import msgspec
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_components_pb2 import LbEndpoint, LocalityLbEndpoints

from lateen.compile.clusters.client import Families, families_of_workload
from lateen.compile.clusters.connection_pool import connect_timeout, keepalive_of
from lateen.compile.clusters.defaults import cluster_defaults
from lateen.compile.clusters.protocol import declared_protocol, preserves_case
from lateen.compile.clusters.refusals import accepted_pool
from lateen.compile.clusters.source_address import set_own_source_address
from lateen.compile.mesh import mesh
from lateen.compile.scope import scope_of
from lateen.compile.services.instances import ServiceTarget, workload_services
from lateen.compile.services.protocol import parse_protocol
from lateen.compile.services.registry import service
from lateen.compile.services.service import Protocol, ServiceKey
from lateen.compile.sidecar_scope.services import scoped_services
from lateen.compile.traffic_policy.destination_rule import merged_rule, rule_for
from lateen.compile.traffic_policy.effective_policy import effective_policy
from lateen.compile.workload import Interception, Role, Scope, Workload
from lateen.envoy.address import socket_address
from lateen.envoy.blob import Blob, blob
from lateen.envoy.circuit_breaker import circuit_breakers
from lateen.envoy.cluster import NEVER, make_original_dst, make_static, new_cluster, set_http, set_keepalive
from lateen.envoy.metadata import config_path, metadata, services
from lateen.envoy.names import inbound_cluster
from lateen.envoy.upstream_http import UpstreamHttp, UpstreamProtocol
from lateen.incremental.engine import Engine, collection, query
from lateen.model.mesh_config import InboundTrafficPolicyMode
from lateen.model.message import FrozenMap
from lateen.model.networking.connection_pool import ConnectionPoolSettings
from lateen.model.networking.sidecar import IstioIngressListener
from lateen.model.ref import Ref
from lateen.state import inputs

LOOPBACK = ("127.0.0.1", "::1")
UNIX = "unix://"


class InboundPort(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """One port of a workload, as far as its cluster depends on it. Replicas share theirs."""

    number: int
    """The port that names the cluster."""
    protocol: Protocol
    services: tuple[ServiceKey, ...]
    """The services behind whose port it stands, the first decides; none for a Sidecar's port that no service has."""
    service_port: int
    """The number by which rules know the port."""
    rule: tuple[Ref, ...] = ()
    address: str = ""
    """Where connections are sent: an IP address or `unix://` path; empty for where the client dialled."""
    address_port: int = 0
    pool: ConnectionPoolSettings | None = None
    """Limits of the Sidecar, in place of those of rules."""
    pool_source: Ref | None = None


@query
def inbound_cluster_of(db: Engine, port: InboundPort, families: Families) -> Blob | None:
    """The cluster `inbound|port||`."""
    name = inbound_cluster(port.number)
    defaults = cluster_defaults(db)
    rule = merged_rule(db, port.rule) if port.rule else None
    policy = effective_policy(rule, port.service_port)
    if port.pool is not None:
        pool = accepted_pool(db, port.pool, port.pool_source)
    else:
        pool = accepted_pool(db, policy.connection_pool, rule.ref if rule is not None else None)
    cluster = new_cluster(name, connect_timeout(pool, defaults))
    cluster.common_lb_config.SetInParent()
    if port.address:
        make_static(cluster, [_single(port.address, port.address_port)])
    else:
        make_original_dst(cluster)
        cluster.cleanup_interval.CopyFrom(NEVER)
    cluster.circuit_breakers.CopyFrom(circuit_breakers(pool, policy.retry_budget))
    set_keepalive(cluster, defaults.tcp_keepalive, keepalive_of(pool))
    protocol = declared_protocol(port.protocol, Role.SIDECAR)
    if pool is not None and pool.http is not None and pool.http.use_client_protocol:
        protocol = UpstreamProtocol.DOWNSTREAM
    case = preserves_case(port.protocol, defaults)
    set_http(cluster, UpstreamHttp(protocol=protocol, preserve_case=case, pool=pool))
    if port.address not in LOOPBACK:
        set_own_source_address(cluster, families)
    _set_metadata(db, cluster, port, rule.ref if rule is not None and rule.traffic_policy is not None else None)
    return blob(name, cluster)


@collection(inbound_cluster_of)
def inbound_clusters(db: Engine, workload: Workload) -> FrozenMap[str, tuple[InboundPort, Families]]:
    """The clusters of a workload's own ports: of a Sidecar's ingress listeners if it has any, else of its services."""
    families = families_of_workload(workload)
    return FrozenMap({inbound_cluster(port.number): (port, families) for port in inbound_ports(db, workload)})


def inbound_ports(db: Engine, workload: Workload) -> tuple[InboundPort, ...]:
    """The ports of a workload that have clusters. Gateways have none; without interception a Sidecar names them."""
    if workload.role is Role.ROUTER:
        return ()
    scope = scope_of(db, workload)
    targets = workload_services(db, workload.namespace, workload.labels, workload.ips)
    sidecar = inputs.sidecar(db, scope.sidecar) if scope.sidecar is not None else None
    pool = sidecar.spec.inbound_connection_pool if sidecar is not None else None
    if sidecar is not None and sidecar.spec.ingress:
        return tuple(
            port
            for listener in sidecar.spec.ingress
            if (port := _of_listener(db, scope, listener, targets, workload.ips, pool)) is not None
        )
    if workload.interception is Interception.NONE:
        return ()
    return _of_services(db, scope, targets, pool, families_of_workload(workload))


def _of_services(
    db: Engine,
    scope: Scope,
    targets: tuple[ServiceTarget, ...],
    pool: ConnectionPoolSettings | None,
    families: Families,
) -> tuple[InboundPort, ...]:
    said = mesh(db).inbound_traffic_policy
    local = said is not None and said.mode is InboundTrafficPolicyMode.LOCALHOST
    loopback = LOOPBACK[1] if families is Families.V6 else LOOPBACK[0]
    by_port: dict[int, list[ServiceTarget]] = {}
    for target in targets:
        by_port.setdefault(target.target_port, []).append(target)
    return tuple(
        InboundPort(
            number=number,
            protocol=shared[0].port.protocol,
            services=tuple(dict.fromkeys(t.key for t in shared if t.port.number == shared[0].port.number)),
            service_port=shared[0].port.number,
            rule=_rule(db, scope, shared[0].key),
            address=loopback if local else "",
            address_port=number if local else 0,
            pool=pool,
            pool_source=scope.sidecar if pool is not None else None,
        )
        for number, shared in by_port.items()
    )


def _of_listener(
    db: Engine,
    scope: Scope,
    listener: IstioIngressListener,
    targets: tuple[ServiceTarget, ...],
    ips: tuple[str, ...],
    pool: ConnectionPoolSettings | None,
) -> InboundPort | None:
    if listener.port is None:
        return None
    number = listener.port.number
    endpoint = default_endpoint(listener.default_endpoint, ips)
    if endpoint is None:
        return None
    key = next((t.key for t in targets if t.target_port == number), None)
    return InboundPort(
        number=number,
        protocol=parse_protocol(listener.port.protocol),
        services=() if key is None else (key,),
        service_port=number,
        rule=() if key is None else _rule(db, scope, key),
        address=endpoint[0],
        address_port=endpoint[1],
        pool=listener.connection_pool or pool,
        pool_source=scope.sidecar,
    )


def default_endpoint(text: str, ips: tuple[str, ...]) -> tuple[str, int] | None:
    """Where a Sidecar's `defaultEndpoint` is: address (empty for where the client dialled) and port; None if it is
    malformed. 0.0.0.0 and [::] stand for the workload's own address of that family, or loopback where it has none."""
    if not text:
        return ("", 0)
    if text.startswith(UNIX):
        return (text, 0)
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        return None
    v4 = next((ip for ip in ips if ":" not in ip), "")
    v6 = next((ip for ip in ips if ":" in ip), "")
    match host:
        case "0.0.0.0":
            return (v4 or LOOPBACK[0], int(port))
        case "[::]":
            return (v6 or LOOPBACK[1], int(port))
        case "127.0.0.1":
            return (LOOPBACK[0] if v4 or not v6 else LOOPBACK[1], int(port))
        case "[::1]":
            return (LOOPBACK[1] if v6 else LOOPBACK[0], int(port))
    return ("", int(port))


def _rule(db: Engine, scope: Scope, key: ServiceKey) -> tuple[Ref, ...]:
    """The rule for the workload's own service, if the Sidecar lets it know that service at all."""
    if key.hostname not in scoped_services(db, scope):
        return ()
    handle = rule_for(db, scope.namespace, scope.labels, key.hostname, key.namespace, inbound=True)
    return handle.sources if handle is not None else ()


def _single(address: str, port: int) -> LocalityLbEndpoints:
    endpoint = LbEndpoint()
    endpoint.endpoint.address.CopyFrom(socket_address(address, port))
    return LocalityLbEndpoints(lb_endpoints=[endpoint])


def _set_metadata(db: Engine, cluster: Cluster, port: InboundPort, rule: Ref | None) -> None:
    found = [declared for key in port.services if (declared := service(db, key)) is not None]
    named: list[Any] = []
    if found and not found[0].external:
        named = services([(s.hostname, s.name, s.namespace) for s in found])
    facts = metadata(services=named, config=config_path(rule) if rule is not None else None)
    if facts.filter_metadata:
        cluster.metadata.CopyFrom(facts)
