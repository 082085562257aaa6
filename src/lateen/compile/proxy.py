# SPDX-License-Identifier: Apache-2.0
"""Everything one proxy should hold: the layers of its resources, most of them shared with other proxies."""

from __future__ import annotations

from collections.abc import Mapping

from lateen.compile.clusters.inbound import inbound_clusters
from lateen.compile.clusters.layers import load_assignments, outbound_clusters
from lateen.compile.clusters.unnamed import unnamed_clusters
from lateen.compile.listeners.sidecar import sidecar_listeners
from lateen.compile.routing.sidecar_tables import route_tables, virtual_hosts
from lateen.compile.routing.table_names import table_names
from lateen.compile.scope import scope_of
from lateen.compile.workload import Role, Scope, Workload
from lateen.envoy.snapshot import Layer, Snapshot
from lateen.incremental.engine import Engine, collection, query


@query
def snapshot(db: Engine, workload: Workload) -> Snapshot:
    """The resources of `workload`'s proxy."""
    scope = scope_of(db, workload)
    if scope.role is Role.ROUTER:
        return Snapshot(
            clusters=(outbound_clusters(db, scope), unnamed_clusters(db, scope)),
            endpoints=(load_assignments(db, scope),),
            listeners=(),
            routes=(),
            virtual_hosts={},
        )
    return Snapshot(
        clusters=(outbound_clusters(db, scope), unnamed_clusters(db, scope), inbound_clusters(db, workload)),
        endpoints=(load_assignments(db, scope),),
        listeners=sidecar_listeners(db, workload, scope),
        routes=(route_tables(db, table_names(db, scope)),),
        virtual_hosts=hosts_by_table(db, scope),
    )


@query
def table_hosts(db: Engine, scope: Scope, table: str) -> tuple[Layer, ...]:
    """The virtual hosts of one table, in layers."""
    return virtual_hosts(db, scope, table)


@collection(table_hosts)
def hosts_by_table(db: Engine, scope: Scope) -> Mapping[str, tuple[Scope, str]]:
    """The virtual hosts of a sidecar's tables, by table."""
    return {name: (scope, name) for name in table_names(db, scope)}
