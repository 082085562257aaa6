# SPDX-License-Identifier: Apache-2.0
"""Everything one proxy should hold: the layers of its resources, most of them shared with other proxies.

A change costs each proxy only the look at the few results that are put together here: its own part, and the part that
is put together once for all proxies of its scope.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lateen.compile.clusters.auto_passthrough import forwards_tls
from lateen.compile.clusters.inbound import inbound_clusters
from lateen.compile.clusters.layers import (
    forwarded_load_assignments,
    forwarding_clusters,
    load_assignments,
    outbound_clusters,
)
from lateen.compile.clusters.unnamed import unnamed_clusters
from lateen.compile.gateways import virtual_hosts as gateway_tables
from lateen.compile.gateways.listeners import gateway_listeners
from lateen.compile.known_workload import known_workload
from lateen.compile.listeners.sidecar import sidecar_listeners
from lateen.compile.routing.sidecar_tables import route_tables, virtual_hosts
from lateen.compile.routing.table_names import table_names
from lateen.compile.scope import scope_of
from lateen.compile.services.instances import ServiceTarget, workload_services
from lateen.compile.workload import Role, Scope, Workload
from lateen.envoy.snapshot import Layer, Snapshot
from lateen.incremental.engine import Engine, collection, query


class Own(NamedTuple):
    """The part of a proxy's resources that is its own, and the key of the part that it shares."""

    scope: Scope
    targets: tuple[ServiceTarget, ...]
    """The Service ports in front of a gateway; empty for sidecars."""
    clusters: tuple[Layer, ...] = ()
    listeners: tuple[Layer, ...] = ()


@query
def own(db: Engine, workload: Workload) -> Own:
    """The own part of `workload`'s proxy, which is as it introduced itself."""
    workload = known_workload(db, workload)
    scope = proxy_scope(db, workload)
    if scope.role is Role.ROUTER:
        return Own(scope, workload_services(db, workload.namespace, workload.labels, workload.ips))
    return Own(scope, (), (inbound_clusters(db, workload),), listeners(db, workload, scope))


@query
def shared(db: Engine, scope: Scope, targets: tuple[ServiceTarget, ...]) -> Snapshot:
    """What the proxies of a scope (gateways: behind the same Service ports) share."""
    if scope.role is Role.ROUTER:
        return gateway_snapshot(db, scope, targets)
    return Snapshot(
        clusters=(outbound_clusters(db, scope), unnamed_clusters(db, scope)),
        endpoints=(load_assignments(db, scope),),
        listeners=(),
        routes=(route_tables(db, table_names(db, scope)),),
        virtual_hosts=hosts_by_table(db, scope),
    )


def joined(mine: Own, common: Snapshot) -> Snapshot:
    """The two parts as one."""
    if not mine.clusters and not mine.listeners:
        return common
    return common._replace(clusters=common.clusters + mine.clusters, listeners=common.listeners + mine.listeners)


@query
def snapshot(db: Engine, workload: Workload) -> Snapshot:
    """The resources of `workload`'s proxy."""
    mine = own(db, workload)
    return joined(mine, shared(db, mine.scope, mine.targets))


@query
def proxy_scope(db: Engine, workload: Workload) -> Scope:
    """The scope of a proxy."""
    return scope_of(db, workload)


@query
def listeners(db: Engine, workload: Workload, scope: Scope) -> tuple[Layer, ...]:
    """All listeners of a sidecar."""
    return sidecar_listeners(db, workload, scope)


@query
def table_hosts(db: Engine, scope: Scope, table: str) -> tuple[Layer, ...] | None:
    """The virtual hosts of one table, in layers."""
    return virtual_hosts(db, scope, table)


@collection(table_hosts)
def hosts_by_table(db: Engine, scope: Scope) -> Mapping[str, tuple[Scope, str]]:
    """The virtual hosts of a sidecar's tables, by table."""
    return {name: (scope, name) for name in table_names(db, scope)}


@query
def gateway_snapshot(db: Engine, scope: Scope, targets: tuple[ServiceTarget, ...]) -> Snapshot:
    """The resources of the gateways of a scope behind these Service ports."""
    clusters = [outbound_clusters(db, scope), unnamed_clusters(db, scope)]
    endpoints = [load_assignments(db, scope)]
    if forwards_tls(db, scope):
        clusters.append(forwarding_clusters(db, scope))
        endpoints.append(forwarded_load_assignments(db, scope))
    return Snapshot(
        clusters=tuple(clusters),
        endpoints=tuple(endpoints),
        listeners=(gateway_listeners(db, scope, targets),),
        routes=(route_tables(db, gateway_tables.table_names(db, scope, targets)),),
        virtual_hosts=gateway_tables.hosts_by_table(db, scope, targets),
    )
