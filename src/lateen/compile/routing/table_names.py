# SPDX-License-Identifier: Apache-2.0
"""Which route tables a sidecar has: those that its outbound listeners refer to."""

from __future__ import annotations

from lateen.compile.listeners.bind import Capture, capture_of
from lateen.compile.listeners.outbound_entry import HttpPart
from lateen.compile.listeners.outbound_plan import outbound_plan
from lateen.compile.mesh import http_proxy_port
from lateen.compile.routing.sidecar_tables import HTTP_PROXY_TABLE
from lateen.compile.workload import Scope
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref


def table_names(db: Engine, scope: Scope) -> tuple[str, ...]:
    """The names of a sidecar's route tables, sorted."""
    return tables_of(db, scope.namespace, scope.sidecar, capture_of(scope))


@query
def tables_of(db: Engine, namespace: str, sidecar: Ref | None, capture: Capture) -> tuple[str, ...]:
    """The names of the tables for sidecars in `namespace` to which the Sidecar `sidecar` applies."""
    # A listener that only some proxies have, on the address of a pod, carries no HTTP.
    plan = outbound_plan(db, namespace, sidecar, capture, "")
    names = {part.routes for entry in plan.values() for part in entry.parts if isinstance(part, HttpPart)}
    if http_proxy_port(db):
        names.add(HTTP_PROXY_TABLE)
    return tuple(sorted(names))
