# SPDX-License-Identifier: Apache-2.0
"""Everything one proxy should hold: the layers of its resources, most of them shared with other proxies."""

from __future__ import annotations

from collections.abc import Mapping

from lateen.compile.clusters.client import client_of
from lateen.compile.clusters.layers import load_assignments, outbound_clusters
from lateen.compile.clusters.unnamed import unnamed_clusters
from lateen.compile.listeners.bind import capture_of
from lateen.compile.listeners.http_proxy import ROUTES as PROXY_TABLE
from lateen.compile.listeners.outbound_entry import HttpPart
from lateen.compile.listeners.outbound_plan import outbound_plan
from lateen.compile.listeners.sidecar import sidecar_listeners
from lateen.compile.mesh import mesh
from lateen.compile.routing.sidecar_tables import route_table, virtual_hosts
from lateen.compile.scope import scope_of
from lateen.compile.workload import Role, Scope, Workload
from lateen.envoy.snapshot import Layer, Snapshot
from lateen.incremental.engine import Engine, collection, query


@query
def snapshot(db: Engine, workload: Workload) -> Snapshot:
    """The resources of `workload`'s proxy."""
    scope = scope_of(db, workload)
    if scope.role is Role.ROUTER:
        return Snapshot((), (), (), (), {})
    return Snapshot(
        clusters=(outbound_clusters(db, scope), unnamed_clusters(db, scope.role, client_of(scope).families)),
        endpoints=(load_assignments(db, scope),),
        listeners=sidecar_listeners(db, workload, scope),
        routes=(sidecar_tables(db, scope),),
        virtual_hosts=hosts_by_table(db, scope),
    )


@query
def table_names(db: Engine, scope: Scope) -> tuple[str, ...]:
    """The route tables that the listeners of a sidecar refer to, sorted."""
    plan = outbound_plan(db, scope.namespace, scope.sidecar, capture_of(scope), "")
    found = {part.routes for entry in plan.values() for part in entry.parts if isinstance(part, HttpPart)}
    if mesh(db).proxy_http_port:
        found.add(PROXY_TABLE)
    return tuple(sorted(found))


@collection(route_table)
def sidecar_tables(db: Engine, scope: Scope) -> Mapping[str, tuple[str]]:
    """The route tables of a sidecar, by name."""
    return {name: (name,) for name in table_names(db, scope)}


@query
def table_hosts(db: Engine, scope: Scope, table: str) -> tuple[Layer, ...]:
    """The virtual hosts of one table, in layers."""
    return virtual_hosts(db, scope, table)


@collection(table_hosts)
def hosts_by_table(db: Engine, scope: Scope) -> Mapping[str, tuple[Scope, str]]:
    """The virtual hosts of a sidecar's tables, by table."""
    return {name: (scope, name) for name in table_names(db, scope)}
