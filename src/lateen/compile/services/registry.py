# SPDX-License-Identifier: Apache-2.0
"""The services of the mesh: by identity, by host name, by namespace."""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.mesh import domain, trust_domain
from lateen.compile.services.kubernetes_service import (
    impossible_ports,
    kubernetes_service,
    service_hostname,
    service_ref,
)
from lateen.compile.services.service import MeshService, Reach, Registry, ServiceKey
from lateen.compile.services.service_entry import entry_service, merge
from lateen.compile.services.strict_egress import reach_of, strict_form
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
    by_node: bool
    """Whether endpoints on the client's node are preferred, or the only ones."""


@query
def declared_by_service(db: Engine, ref: Ref) -> MeshService | None:
    """The Kubernetes Service `ref` as a service of the mesh."""
    found = inputs.service(db, ref)
    if found is None:
        return None
    for wrong in impossible_ports(found):
        db.report(wrong)
    return kubernetes_service(found, domain(db), trust_domain(db))


@query
def declared_by_entry(db: Engine, ref: Ref, host: str) -> MeshService | None:
    """The host `host` of the ServiceEntry `ref` as a service of the mesh."""
    found = inputs.service_entry(db, ref)
    if found is None or host not in found.spec.hosts:
        return None
    declared = entry_service(found, host)
    reach = reach_of(db, found)
    return declared if reach is Reach.ANYWHERE else strict_form(db, declared, reach)


@query
def declarations(db: Engine, hostname: str, namespace: str) -> tuple[MeshService, ...]:
    """Every declaration of a host name in a namespace: the Kubernetes Service, then ServiceEntries, oldest first."""
    found = []
    ref = service_ref(hostname, namespace, domain(db))
    if ref is not None:
        found.append(declared_by_service(db, ref))
    for entry in inputs.service_entries_by_host(db, hostname):
        if entry.namespace == namespace:
            found.append(declared_by_entry(db, entry.ref, hostname))
    return tuple(declared for declared in found if declared is not None)


@query
def service(db: Engine, key: ServiceKey) -> MeshService | None:
    """The service of that identity: a Kubernetes Service before any ServiceEntry, several ServiceEntries merged."""
    for variant, group in _variants(declarations(db, key.hostname, key.namespace)).items():
        if variant == key.variant:
            return merge(group, variant) if len(group) > 1 or variant else group[0]
    return None


def _variants(declared: tuple[MeshService, ...]) -> dict[str, tuple[MeshService, ...]]:
    """Declarations of one host in one namespace, grouped by who sees them."""
    groups: dict[tuple[str, ...], list[MeshService]] = {}
    for one in declared:
        groups.setdefault(one.export_to, []).append(one)
    return {("" if not index else group[0].name): tuple(group) for index, group in enumerate(groups.values())}


@query
def hosts_of_entry(db: Engine, ref: Ref) -> tuple[str, ...]:
    """The host names that the ServiceEntry `ref` declares."""
    found = inputs.service_entry(db, ref)
    return tuple(dict.fromkeys(found.spec.hosts)) if found is not None else ()


@query
def listed(db: Engine, hostname: str, namespace: str) -> tuple[Listed, ...]:
    """The services that a host name stands for in a namespace (one, unless declarations differ in who sees them)."""
    found = []
    for variant, group in _variants(declarations(db, hostname, namespace)).items():
        first = group[0]
        kubernetes = first.registry is Registry.KUBERNETES
        name = first.name if kubernetes else hostname
        key = ServiceKey(hostname, namespace, variant)
        by_node = first.node_local or first.traffic_distribution == "PreferSameNode"
        found.append(Listed(first.created, name, key, first.export_to, kubernetes, by_node))
    return tuple(found)


@query
def services_listed(db: Engine, namespace: str) -> tuple[Listed, ...]:
    """The services that a namespace declares, in Istio's order."""
    suffix = domain(db)
    hosts = {service_hostname(ref.name, namespace, suffix): None for ref in inputs.refs_in(db, ("Service", namespace))}
    for ref in inputs.refs_in(db, ("ServiceEntry", namespace)):
        hosts.update(dict.fromkeys(hosts_of_entry(db, ref)))
    return tuple(sorted((one for host in hosts for one in listed(db, host, namespace)), key=order))


@query
def namespaces_declaring(db: Engine, hostname: str) -> tuple[str, ...]:
    """The namespaces in which an object declares that host name, sorted."""
    namespaces = set()
    parts = hostname.split(".", 2)
    if len(parts) == 3 and parts[2] == f"svc.{domain(db)}" and inputs.service(db, Ref("Service", parts[1], parts[0])):
        namespaces.add(parts[1])
    namespaces.update(entry.namespace for entry in inputs.service_entries_by_host(db, hostname))
    return tuple(sorted(namespaces))


def order(one: Listed) -> tuple[str, str, ServiceKey]:
    """Istio's order of services: the oldest first, then by name and namespace."""
    return (one.created, f"{one.name}.{one.key.namespace}", one.key)
