# SPDX-License-Identifier: Apache-2.0
"""Clusters for traffic to destinations that no service names."""

from __future__ import annotations

from typing import Any as Message

from envoy.config.cluster.v3.cluster_pb2 import Cluster

from lateen.compile.clusters.client import Families
from lateen.compile.clusters.defaults import ClusterDefaults, cluster_defaults
from lateen.compile.clusters.source_address import set_own_source_address
from lateen.compile.workload import Role
from lateen.envoy.blob import Blob, blob
from lateen.envoy.circuit_breaker import circuit_breakers
from lateen.envoy.cluster import STAT_DELIMITER, make_original_dst, make_static, new_cluster, set_http, set_keepalive
from lateen.envoy.names import BLACK_HOLE, INBOUND_PASSTHROUGH, PASSTHROUGH
from lateen.envoy.upstream_http import UpstreamHttp, UpstreamProtocol
from lateen.incremental.engine import Engine, collection, query
from lateen.model.duration import MINUTE, Duration
from lateen.model.message import FrozenMap

_IDLE = Duration(5 * MINUTE)
"""Time without requests after which a passed-on connection is closed."""


@query
def unnamed_cluster(db: Engine, name: str, families: Families) -> Blob | None:
    """BlackHoleCluster, PassthroughCluster or InboundPassthroughCluster."""
    defaults = cluster_defaults(db)
    if name == BLACK_HOLE:
        cluster = new_cluster(name, defaults.connect_timeout)
        make_static(cluster)
    else:
        cluster = _passthrough(name, defaults)
        if name == INBOUND_PASSTHROUGH:
            set_own_source_address(cluster, families)
    return blob(name, cluster)


@collection(unnamed_cluster)
def unnamed_clusters(db: Engine, role: Role, families: Families) -> FrozenMap[str, tuple[str, Families]]:
    """What every proxy has; a gateway has nothing to pass on, for its clients dialled the gateway."""
    names = (BLACK_HOLE,) if role is Role.ROUTER else (BLACK_HOLE, PASSTHROUGH, INBOUND_PASSTHROUGH)
    return FrozenMap({name: (name, families if name == INBOUND_PASSTHROUGH else Families.V4) for name in names})


def _passthrough(name: str, defaults: ClusterDefaults) -> Cluster:
    """Connections go on to where the client dialled, in the protocol that it spoke."""
    cluster: Message = new_cluster(name, defaults.connect_timeout)
    cluster.alt_stat_name = PASSTHROUGH + STAT_DELIMITER
    make_original_dst(cluster)
    cluster.circuit_breakers.CopyFrom(circuit_breakers(None))
    set_keepalive(cluster, defaults.tcp_keepalive)
    http = UpstreamHttp(
        protocol=UpstreamProtocol.DOWNSTREAM, preserve_case=defaults.preserve_header_case, idle_timeout=_IDLE
    )
    set_http(cluster, http)
    return cluster
