# SPDX-License-Identifier: Apache-2.0
"""The services of the mesh: by identity, by host name, by who may see them."""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.mesh import default_service_export_to, domain
from lateen.compile.services.kubernetes_service import kubernetes_service, service_hostname, service_ref
from lateen.compile.services.service import MeshService, ServiceKey
from lateen.compile.visibility import export_rank
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref
from lateen.state import inputs


class Listed(NamedTuple):
    """What decides who sees a service and which one comes first, without its ports and addresses."""

    created: str
    name: str
    key: ServiceKey
    export_to: tuple[str, ...]
    kubernetes: bool


@query
def declared_by_service(db: Engine, ref: Ref) -> MeshService | None:
    """The Kubernetes Service `ref` as a service of the mesh."""
    found = inputs.service(db, ref)
    return None if found is None else kubernetes_service(found, domain(db))


@query
def service(db: Engine, key: ServiceKey) -> MeshService | None:
    """The service of that host name in that namespace; a Kubernetes Service comes before any ServiceEntry."""
    ref = service_ref(key.hostname, key.namespace, domain(db))
    return declared_by_service(db, ref) if ref is not None else None


@query
def services_listed(db: Engine, namespace: str) -> tuple[Listed, ...]:
    """The services that namespace declares, in Istio's order."""
    suffix = domain(db)
    found = []
    for ref in inputs.refs_in(db, ("Service", namespace)):
        declared = declared_by_service(db, ref)
        if declared is not None:
            key = ServiceKey(service_hostname(ref.name, namespace, suffix), namespace)
            found.append(Listed(declared.created, ref.name, key, declared.export_to, True))
    return tuple(sorted(found, key=_order))


@query
def exported_services(db: Engine, owner: str, client: str) -> tuple[ServiceKey, ...]:
    """The services of namespace `owner` that namespace `client` sees, in Istio's order."""
    default = default_service_export_to(db)
    return tuple(s.key for s in services_listed(db, owner) if _rank(s, client, default) is not None)


@query
def namespaces_with_services(db: Engine) -> tuple[str, ...]:
    """Every namespace that declares a service, sorted."""
    return tuple(sorted({*inputs.namespaces_of(db, "Service"), *inputs.namespaces_of(db, "ServiceEntry")}))


@query
def visible_services(db: Engine, client: str) -> tuple[Listed, ...]:
    """All services that namespace `client` sees in Istio's order: its own private ones, those exported to it by name,
    public ones; within each the oldest first."""
    default = default_service_export_to(db)
    found: list[tuple[int, Listed]] = []
    for owner in namespaces_with_services(db):
        for listed in services_listed(db, owner):
            rank = _rank(listed, client, default)
            if rank is not None:
                found.append((rank, listed))
    found.sort(key=lambda entry: (entry[0], *_order(entry[1])))
    return tuple(listed for _, listed in found)


@query
def services_by_hostname(db: Engine, hostname: str) -> tuple[ServiceKey, ...]:
    """Every service of that host name, in the order of their namespaces."""
    found = []
    for namespace in namespaces_declaring(db, hostname):
        key = ServiceKey(hostname, namespace)
        if service(db, key) is not None:
            found.append(key)
    return tuple(found)


@query
def namespaces_declaring(db: Engine, hostname: str) -> tuple[str, ...]:
    """The namespaces in which an object declares that host name, sorted."""
    namespaces = set()
    parts = hostname.split(".", 2)
    if len(parts) == 3 and parts[2] == f"svc.{domain(db)}" and inputs.service(db, Ref("Service", parts[1], parts[0])):
        namespaces.add(parts[1])
    return tuple(sorted(namespaces))


def _rank(listed: Listed, client: str, default: tuple[str, ...]) -> int | None:
    return export_rank(listed.export_to, listed.key.namespace, client, default)


def _order(listed: Listed) -> tuple[str, str, ServiceKey]:
    return (listed.created, f"{listed.name}.{listed.key.namespace}", listed.key)
