# SPDX-License-Identifier: Apache-2.0
"""From a proxy to the scope that it shares with others."""

from __future__ import annotations

from lateen.compile.sidecar_scope.selection import sidecar_for
from lateen.compile.workload import Role, Scope, Workload
from lateen.incremental.engine import Engine


def scope_of(db: Engine, workload: Workload) -> Scope:
    """The scope of a proxy: what of it its outbound configuration depends on."""
    gateway = workload.role is Role.ROUTER
    return Scope(
        role=workload.role,
        namespace=workload.namespace,
        labels=workload.labels,
        sidecar=None if gateway else sidecar_for(db, workload.namespace, workload.labels),
        locality=workload.locality,
        network=workload.network,
        cluster_id=workload.cluster_id,
        domain=workload.domain,
        ipv4=any(":" not in ip for ip in workload.ips),
        ipv6=any(":" in ip for ip in workload.ips),
        interception=workload.interception,
    )
