# SPDX-License-Identifier: Apache-2.0
"""From a proxy to the scope that it shares with others."""

from __future__ import annotations

from lateen.compile.services.exports import public_services, restricted_services
from lateen.compile.services.locality import HOSTNAME_LABEL
from lateen.compile.sidecar_scope.egress_listener import imports_of, listeners_of
from lateen.compile.sidecar_scope.relevant_labels import relevant_labels
from lateen.compile.sidecar_scope.selection import sidecar_for
from lateen.compile.workload import Role, Scope, Workload
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref


@query
def depends_on_node(db: Engine, namespace: str) -> bool:
    """Whether a service that `namespace` sees prefers, or keeps to, endpoints on the client's node."""
    return public_by_node(db) or any(listed.by_node for listed in restricted_services(db, namespace))


@query
def public_by_node(db: Engine) -> bool:
    """The same of the services that everybody sees."""
    return any(listed.by_node for listed in public_services(db))


@query
def imported_owners(db: Engine, namespace: str, sidecar: Ref | None) -> tuple[str, ...] | None:
    """The namespaces from which a Sidecar imports anything for proxies in `namespace`; None for all."""
    found: set[str] = set()
    for listener in listeners_of(db, sidecar):
        owners = imports_of(db, namespace, sidecar, listener.index).owners
        if owners is None:
            return None
        found.update(owners)
    return tuple(sorted(found))


def scope_of(db: Engine, workload: Workload) -> Scope:
    """The scope of a proxy: what of it its outbound configuration depends on. For a gateway all labels count."""
    gateway = workload.role is Role.ROUTER
    sidecar = None if gateway else sidecar_for(db, workload.namespace, workload.labels)
    owners = imported_owners(db, workload.namespace, sidecar)
    relevant = relevant_labels(db, workload.namespace, owners)
    by_node = HOSTNAME_LABEL in relevant or depends_on_node(db, workload.namespace)
    return Scope(
        role=workload.role,
        namespace=workload.namespace,
        labels=workload.labels if gateway else tuple(pair for pair in workload.labels if pair[0] in relevant),
        sidecar=sidecar,
        locality=workload.locality,
        network=workload.network,
        cluster_id=workload.cluster_id,
        domain=workload.domain,
        ipv4=any(":" not in ip for ip in workload.ips),
        ipv6=any(":" in ip for ip in workload.ips),
        node=workload.node if by_node else "",
        interception=workload.interception,
        dns_capture=workload.dns_capture,
    )
