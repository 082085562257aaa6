# SPDX-License-Identifier: Apache-2.0
"""The virtual services that a scope imports, by host: narrow enough that an edit of one concerns its own hosts only."""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.mesh import default_virtual_service_export_to, domain
from lateen.compile.sidecar_scope.egress_listener import imports_of
from lateen.compile.visibility import export_rank
from lateen.compile.workload import Scope
from lateen.incremental.engine import Engine, query
from lateen.model.host import resolve_short_name
from lateen.model.networking.virtual_service import VirtualService
from lateen.model.ref import Ref
from lateen.state import inputs
from lateen.state.index import MESH


class Naming(NamedTuple):
    """What decides who sees a virtual service and for which hosts, without its routes."""

    ref: Ref
    created: str
    hosts: tuple[str, ...]
    """Fully qualified, lower case, in the rule's order."""
    mesh: bool
    """Whether it applies to sidecars."""
    export_to: tuple[str, ...]


@query
def naming(db: Engine, ref: Ref) -> Naming | None:
    """The names in the virtual service `ref`."""
    found = inputs.virtual_service(db, ref)
    return None if found is None else naming_of(found, domain(db))


def naming_of(rule: VirtualService, suffix: str) -> Naming:
    """The names in a virtual service; `suffix` is the cluster's DNS domain."""
    spec = rule.spec
    return Naming(
        rule.ref,
        rule.metadata.creation_timestamp,
        tuple(resolve_short_name(host, rule.namespace, suffix).lower() for host in spec.hosts),
        not spec.gateways or MESH in spec.gateways,
        spec.export_to,
    )


@query
def mesh_namings(db: Engine, namespace: str) -> tuple[Naming, ...]:
    """The names in all virtual services of a namespace that apply to sidecars."""
    found = (naming(db, ref) for ref in inputs.refs_in(db, ("VirtualService", namespace)))
    return tuple(n for n in found if n is not None and n.mesh and n.hosts)


@query
def visible_namings(db: Engine, client: str) -> tuple[Naming, ...]:
    """The names in all virtual services that sidecars in namespace `client` see, in Istio's order of precedence:
    private ones, those exported by name, public ones; within each the oldest first."""
    default = default_virtual_service_export_to(db)
    found = []
    for owner in inputs.namespaces_of(db, "VirtualService"):
        for named in mesh_namings(db, owner):
            rank = export_rank(named.export_to, owner, client, default)
            if rank is not None:
                found.append((_order(rank, named), named))
    found.sort(key=lambda entry: entry[0])
    return tuple(named for _, named in found)


@query
def imported_namings(db: Engine, namespace: str, sidecar: Ref | None, index: int) -> tuple[Naming, ...]:
    """The names in the virtual services that listener `index` imports, in order of precedence."""
    imports = imports_of(db, namespace, sidecar, index)
    return tuple(n for n in visible_namings(db, namespace) if imports.virtual_service(n.ref.namespace, n.hosts))


@query
def imported_hosts(db: Engine, namespace: str, sidecar: Ref | None, index: int) -> tuple[str, ...]:
    """The hosts that imported virtual services name, in order of precedence, each once."""
    return tuple(dict.fromkeys(h for n in imported_namings(db, namespace, sidecar, index) for h in n.hosts))


@query
def imported_for_host(
    db: Engine, namespace: str, sidecar: Ref | None, index: int, host: str
) -> tuple[VirtualService, ...]:
    """The virtual services that listener `index` imports and that name `host`, in order of precedence."""
    rules = inputs.virtual_services_by_host(db, host)
    if not rules:
        return ()
    imports = imports_of(db, namespace, sidecar, index)
    default = default_virtual_service_export_to(db)
    suffix = domain(db)
    found = []
    for rule in rules:
        named = naming_of(rule, suffix)
        rank = export_rank(named.export_to, rule.namespace, namespace, default)
        if rank is not None and named.mesh and imports.virtual_service(rule.namespace, named.hosts):
            found.append((_order(rank, named), rule))
    found.sort(key=lambda entry: entry[0])
    return tuple(rule for _, rule in found)


def visible_virtual_services_by_host(db: Engine, scope: Scope, index: int, host: str) -> tuple[VirtualService, ...]:
    """The virtual services for sidecars that egress listener `index` imports and that name exactly `host` (fully
    qualified, lower case, wildcards as written), in Istio's order."""
    return imported_for_host(db, scope.namespace, scope.sidecar, index, host)


def virtual_service_hosts_in(db: Engine, scope: Scope, index: int) -> tuple[str, ...]:
    """All hosts that virtual services imported by egress listener `index` name, in Istio's order."""
    return imported_hosts(db, scope.namespace, scope.sidecar, index)


def _order(rank: int, named: Naming) -> tuple[int, str, str, str]:
    return (rank, named.created, named.ref.name, named.ref.namespace)
