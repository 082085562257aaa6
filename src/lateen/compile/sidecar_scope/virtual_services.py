# SPDX-License-Identifier: Apache-2.0
"""The names of the virtual services that a scope imports: an edit of their routes leaves them alone."""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.mesh import default_virtual_service_export_to, domain
from lateen.compile.sidecar_scope.egress_listener import imports_of
from lateen.compile.visibility import PUBLIC, export_rank
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


class Exports(NamedTuple):
    """The virtual services of a namespace: those that every namespace sees, and the others."""

    public: tuple[Naming, ...]
    restricted: tuple[Naming, ...]


@query
def exports(db: Engine, owner: str) -> Exports:
    """The names in the virtual services of namespace `owner` that apply to sidecars."""
    default = default_virtual_service_export_to(db)
    public: list[Naming] = []
    restricted: list[Naming] = []
    for named in mesh_namings(db, owner):
        (public if export_rank(named.export_to, owner, "", default) == PUBLIC else restricted).append(named)
    return Exports(tuple(public), tuple(restricted))


@query
def public_namings(db: Engine) -> tuple[Naming, ...]:
    """The names in the virtual services that sidecars of every namespace see, oldest first."""
    owners = inputs.namespaces_of(db, "VirtualService")
    return tuple(sorted((named for owner in owners for named in exports(db, owner).public), key=_age))


@query
def restricted_namings(db: Engine, client: str) -> tuple[Naming, ...]:
    """The names in the virtual services that sidecars in namespace `client` see beyond the public ones."""
    return _restricted(db, inputs.namespaces_of(db, "VirtualService"), client)


@query
def visible_namings_of(db: Engine, owners: tuple[str, ...], client: str) -> tuple[Naming, ...]:
    """The names in the virtual services of the namespaces `owners` that sidecars in namespace `client` see, in order
    of precedence."""
    public = sorted((named for owner in owners for named in exports(db, owner).public), key=_age)
    return (*_restricted(db, owners, client), *public)


def visible_namings(db: Engine, client: str) -> tuple[Naming, ...]:
    """The names in all virtual services that sidecars in namespace `client` see, in Istio's order of precedence:
    private ones, those exported by name, public ones; within each the oldest first."""
    return restricted_namings(db, client) + public_namings(db)


@query
def imported_namings(db: Engine, namespace: str, sidecar: Ref | None, index: int) -> tuple[Naming, ...]:
    """The names in the virtual services that listener `index` imports, in order of precedence."""
    imports = imports_of(db, namespace, sidecar, index)
    owners = imports.owners
    seen = visible_namings(db, namespace) if owners is None else visible_namings_of(db, owners, namespace)
    if imports.everything:
        return seen
    return tuple(named for named in seen if imports.virtual_service(named.ref.namespace, named.hosts))


def _restricted(db: Engine, owners: tuple[str, ...], client: str) -> tuple[Naming, ...]:
    default = default_virtual_service_export_to(db)
    found = []
    for owner in owners:
        for named in exports(db, owner).restricted:
            rank = export_rank(named.export_to, owner, client, default)
            if rank is not None:
                found.append((rank, _age(named), named))
    return tuple(named for _, _, named in sorted(found))


def _age(named: Naming) -> tuple[str, str, str]:
    return (named.created, named.ref.name, named.ref.namespace)
