# SPDX-License-Identifier: Apache-2.0
"""The endpoints behind each service, and the services in front of each workload."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lateen.compile.services.endpoint import Endpoint
from lateen.compile.services.endpoint_slice import sliced_endpoints
from lateen.compile.services.entry_endpoints import entry_endpoints, selected_entries
from lateen.compile.services.pod import pod_facts
from lateen.compile.services.registry import (
    declarations,
    declared_by_service,
    hosts_of_entry,
    service,
    services_listed,
)
from lateen.compile.services.service import MeshPort, Resolution, ServiceKey
from lateen.compile.workload import Labels
from lateen.incremental.engine import Engine, query
from lateen.model.message import FrozenMap
from lateen.model.ref import Ref
from lateen.state import inputs

PERSISTENT_SESSION = "istio.io/persistent-session"
"""Label of services whose clients stay with their endpoint, also while it terminates."""


@query
def endpoints_of(db: Engine, key: ServiceKey, port_number: int) -> tuple[Endpoint, ...]:
    """The endpoints of one port of a service, healthy or not, in a stable order; none for a port it does not have.

    Every object of the namespace that declares the host contributes its endpoints, whichever of them leads; but
    DNS_ROUND_ROBIN is about a single name, the first.
    """
    found = service(db, key)
    port = found.port(port_number) if found is not None else None
    if found is None or port is None:
        return ()
    by_number = found.resolution in (Resolution.DNS, Resolution.DNS_ROUND_ROBIN)
    endpoints = tuple(
        endpoint
        for declared in declarations(db, key.hostname, key.namespace)
        for endpoint in declared_endpoints(db, declared.source, key.hostname)
        if _behind(endpoint, port, by_number)
    )
    return endpoints[:1] if found.resolution is Resolution.DNS_ROUND_ROBIN else endpoints


def _behind(endpoint: Endpoint, port: MeshPort, by_number: bool) -> bool:
    """Whether an endpoint is for that port. Ports are the same by their names; only where clients look names up, which
    Istio does in another place, by their numbers."""
    if by_number and endpoint.service_port_number:
        return endpoint.service_port_number == port.number
    return endpoint.service_port == port.name


@query
def declared_endpoints(db: Engine, source: Ref, host: str) -> tuple[Endpoint, ...]:
    """The endpoints, on all ports, that the Service or ServiceEntry `source` gives its host."""
    if source.kind == "ServiceEntry":
        return entry_endpoints(db, source, host)
    declared = declared_by_service(db, source)
    if declared is None or declared.alias_of:
        return ()
    sticky = any(name == PERSISTENT_SESSION for name, _ in declared.labels)
    sliced = sliced_endpoints(db, source.namespace, source.name, sticky)
    return (*sliced, *selected_entries(db, source)) if declared.selector else sliced


@query
def service_accounts(db: Engine, key: ServiceKey, port_number: int) -> tuple[str, ...]:
    """The SPIFFE identities behind one port of a service, sorted."""
    return tuple(sorted({e.service_account for e in endpoints_of(db, key, port_number)} - {""}))


class ServiceTarget(NamedTuple):
    """One port of a service, and the port of a workload that stands behind it."""

    key: ServiceKey
    port: MeshPort
    target_port: int


@query
def selectors(db: Engine, namespace: str) -> FrozenMap[tuple[str, str], tuple[tuple[ServiceKey, Labels], ...]]:
    """The selectors of a namespace's Services, each under its first label, so that few need to be compared."""
    found: dict[tuple[str, str], list[tuple[ServiceKey, Labels]]] = {}
    for listed in services_listed(db, namespace):
        declared = service(db, listed.key) if listed.kubernetes else None
        if declared is not None and declared.selector:
            found.setdefault(declared.selector[0], []).append((listed.key, declared.selector))
    return FrozenMap({label: tuple(entries) for label, entries in found.items()})


@query
def selecting_services(db: Engine, namespace: str, labels: Labels) -> tuple[ServiceKey, ...]:
    """The Services of `namespace` that select workloads with these labels."""
    index, carried = selectors(db, namespace), set(labels)
    candidates = (entry for label in labels for entry in index.get(label, ()))
    return tuple(sorted(key for key, selector in candidates if carried.issuperset(selector)))


@query
def workload_services(
    db: Engine, namespace: str, labels: Labels, ips: tuple[str, ...] = ()
) -> tuple[ServiceTarget, ...]:
    """What a workload serves, oldest service first, then by host: the ports of all Services that select it (or, if none
    does, that name one of its addresses), and those of the ServiceEntries of its namespace with an endpoint on one of
    its addresses."""
    ports = named_ports(db, namespace, ips)
    found: list[ServiceTarget] = []
    for key in selecting_services(db, namespace, labels):
        declared = service(db, key)
        for port in declared.ports if declared is not None else ():
            target = workload_port(ports, port)
            if target:
                found.append(ServiceTarget(key, port, target))
    if not found:
        found = [t for ip in ips for t in targets_without_selector(db, namespace).get(ip, ())]
    found += [t for ip in ips for t in entry_targets(db, namespace).get(ip, ())]
    return tuple(sorted(dict.fromkeys(found), key=lambda t: (_created(db, t.key), t.key.hostname)))


def _created(db: Engine, key: ServiceKey) -> str:
    declared = service(db, key)
    return declared.created if declared is not None else ""


@query
def entry_targets(db: Engine, namespace: str) -> FrozenMap[str, tuple[ServiceTarget, ...]]:
    """address -> the ports of ServiceEntries of `namespace` with an endpoint there."""
    refs = inputs.refs_in(db, ("ServiceEntry", namespace))
    hosts = dict.fromkeys(host for ref in refs for host in hosts_of_entry(db, ref))
    return _by_address(db, (ServiceKey(host, namespace) for host in hosts))


@query
def targets_without_selector(db: Engine, namespace: str) -> FrozenMap[str, tuple[ServiceTarget, ...]]:
    """address -> the ports of Services of `namespace` that select nothing and whose endpoints name that address."""
    keys = (listed.key for listed in services_listed(db, namespace) if listed.kubernetes)
    found = (service(db, key) for key in keys)
    return _by_address(db, (s.key for s in found if s is not None and not s.selector))


def _by_address(db: Engine, keys: Iterable[ServiceKey]) -> FrozenMap[str, tuple[ServiceTarget, ...]]:
    found: dict[str, list[ServiceTarget]] = {}
    for key in keys:
        declared = service(db, key)
        for port in declared.ports if declared is not None else ():
            for endpoint in endpoints_of(db, key, port.number):
                found.setdefault(endpoint.address, []).append(ServiceTarget(key, port, endpoint.port))
    return FrozenMap({address: tuple(targets) for address, targets in found.items()})


class NamedPorts(NamedTuple):
    """The ports of a workload that have names."""

    numbers: FrozenMap[str, int] = FrozenMap()
    overrides: bool = False
    """Whether the name of a service's port decides, too: the ports of a workload entry are called as the service's."""


@query
def named_ports(db: Engine, namespace: str, ips: tuple[str, ...]) -> NamedPorts:
    """The named ports of the workload with these addresses."""
    for ip in ips:
        for entry in inputs.workload_entries_by_address(db, ip):
            if entry.namespace == namespace:
                return NamedPorts(FrozenMap(entry.spec.ports), True)
        for pod in inputs.pods_by_ip(db, ip):
            facts = pod_facts(db, pod.ref) if pod.namespace == namespace else None
            if facts is not None:
                return NamedPorts(facts.ports)
    return NamedPorts()


def workload_port(named: NamedPorts, port: MeshPort) -> int:
    """The number of the workload's port behind a service port; 0 when it goes by a name that the workload lacks."""
    if isinstance(port.target_port, str) and not port.target_port.isdecimal():
        return named.numbers.get(port.target_port, 0)
    own = named.numbers.get(port.name, 0) if named.overrides else 0
    return own or int(port.target_port) or port.number
