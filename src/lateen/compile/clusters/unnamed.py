# SPDX-License-Identifier: Apache-2.0
"""Clusters for traffic to destinations that no service names."""

from __future__ import annotations

from typing import Any as Message

from lateen.compile.clusters.client import Families, client_of
from lateen.compile.clusters.defaults import ClusterDefaults, cluster_defaults
from lateen.compile.clusters.source_address import set_own_source_address
from lateen.compile.clusters.transport_socket import set_transport_socket
from lateen.compile.clusters.upstream_tls import Origination, is_insecure
from lateen.compile.mesh import mesh
from lateen.compile.sidecar_scope.outbound_policy import outbound_traffic_policy
from lateen.compile.workload import Role, Scope
from lateen.envoy.blob import Blob, blob
from lateen.envoy.circuit_breaker import circuit_breakers
from lateen.envoy.cluster import STAT_DELIMITER, make_original_dst, make_static, new_cluster, set_http, set_keepalive
from lateen.envoy.dns_cluster import dns_cache_config, make_dynamic_forward_proxy
from lateen.envoy.names import (
    ALLOW_ANY_DNS_CACHE,
    ALLOW_ANY_DYNAMIC_DNS,
    BLACK_HOLE,
    INBOUND_PASSTHROUGH,
    PASSTHROUGH,
)
from lateen.envoy.upstream_http import UpstreamHttp, UpstreamProtocol
from lateen.incremental.engine import Engine, collection, query
from lateen.model.duration import MINUTE, Duration
from lateen.model.message import FrozenMap
from lateen.model.networking.client_tls import ClientTLSMode

_IDLE = Duration(5 * MINUTE)
"""Time without requests after which a passed-on connection is closed."""


@query
def unnamed_cluster(db: Engine, name: str, families: Families) -> Blob | None:
    """One of the clusters that `unnamed_clusters` lists."""
    defaults = cluster_defaults(db)
    cluster = new_cluster(name, defaults.connect_timeout)
    if name == BLACK_HOLE:
        make_static(cluster)
    elif name == ALLOW_ANY_DYNAMIC_DNS:
        _look_up_hosts(db, cluster, families, defaults)
    else:
        _pass_on(cluster, defaults)
        if name == INBOUND_PASSTHROUGH:
            set_own_source_address(cluster, families)
    return blob(name, cluster)


@collection(unnamed_cluster)
def unnamed_clusters(db: Engine, scope: Scope) -> FrozenMap[str, tuple[str, Families]]:
    """What every proxy has. A gateway has nothing to pass on, for its clients dialled the gateway."""
    names = [BLACK_HOLE]
    if scope.role is Role.SIDECAR:
        names += [PASSTHROUGH, INBOUND_PASSTHROUGH]
        if outbound_traffic_policy(db, scope).dynamic_dns:
            names.append(ALLOW_ANY_DYNAMIC_DNS)
    families = client_of(scope).families
    return FrozenMap({name: (name, families) for name in names})


def _pass_on(cluster: Message, defaults: ClusterDefaults) -> None:
    """Connections go on to where the client dialled, in the protocol that it spoke."""
    cluster.alt_stat_name = PASSTHROUGH + STAT_DELIMITER
    make_original_dst(cluster)
    cluster.circuit_breakers.CopyFrom(circuit_breakers(None))
    set_keepalive(cluster, defaults.tcp_keepalive)
    http = UpstreamHttp(
        protocol=UpstreamProtocol.DOWNSTREAM, preserve_case=defaults.preserve_header_case, idle_timeout=_IDLE
    )
    set_http(cluster, http)


def _look_up_hosts(db: Engine, cluster: Message, families: Families, defaults: ClusterDefaults) -> None:
    """Requests go to the address of the host that they name, with TLS if the mesh's outbound policy says so."""
    said = mesh(db).outbound_traffic_policy
    settings = said.tls if said is not None else None
    tls = None
    if settings is not None and settings.mode in (ClientTLSMode.SIMPLE, ClientTLSMode.MUTUAL):
        tls = Origination(settings=settings, subject_alt_names=settings.subject_alt_names)
    verified = tls is not None and not is_insecure(tls)
    http = UpstreamHttp(auto_sni=tls is not None and tls.auto_sni, auto_san=verified)
    cache = dns_cache_config(ALLOW_ANY_DNS_CACHE, families.lookup)
    make_dynamic_forward_proxy(cluster, cache, insecure=not http.verifies_names)
    cluster.circuit_breakers.CopyFrom(circuit_breakers(None))
    set_keepalive(cluster, defaults.tcp_keepalive)
    set_http(cluster, http)
    set_transport_socket(cluster, tls, defaults, http2=False, by_endpoint=False, proxy_protocol=None)
