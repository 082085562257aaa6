# SPDX-License-Identifier: Apache-2.0
"""The endpoints of a ServiceEntry: written in it, selected by it, or the name it stands for."""

from __future__ import annotations

from collections.abc import Iterator

from lateen.compile.mesh import trust_domain
from lateen.compile.services.endpoint import Endpoint, Health
from lateen.compile.services.network import CLUSTER
from lateen.compile.services.pod import WorkloadFacts, pod_facts
from lateen.compile.services.strict_egress import is_strict
from lateen.compile.services.workload_entry import entry_facts, entry_labels, facts_of
from lateen.compile.workload import Labels, labels_of
from lateen.envoy.address import UNIX_PREFIX
from lateen.incremental.engine import Engine, query
from lateen.model.host import is_ip_address, is_wildcard
from lateen.model.networking.service_entry import Resolution, ServiceEntryPort
from lateen.model.ref import Ref
from lateen.state import inputs

_BY_NAME = (Resolution.DNS, Resolution.DNS_ROUND_ROBIN)


@query
def selected_workloads(db: Engine, namespace: str, selector: Labels) -> tuple[WorkloadFacts, ...]:
    """The ready pods and healthy workload entries of a namespace that carry all labels of `selector`, by name."""
    wanted = set(selector)
    pods = []
    for pod in inputs.pods_in(db, namespace):
        if wanted.issubset(pod.metadata.labels.items()):
            facts = pod_facts(db, pod.ref)
            if facts is not None and facts.selectable:
                pods.append(facts)
    return tuple(sorted((*pods, *selected_workload_entries(db, namespace, selector)), key=_by_name))


@query
def selected_workload_entries(db: Engine, namespace: str, selector: Labels) -> tuple[WorkloadFacts, ...]:
    """The healthy workload entries of a namespace that carry all labels of `selector`, by name."""
    wanted = set(selector)
    entries = (e for e in inputs.workload_entries_in(db, namespace) if wanted.issubset(entry_labels(e).items()))
    found = (entry_facts(db, entry.ref) for entry in entries)
    return tuple(sorted((facts for facts in found if facts is not None), key=_by_name))


def _by_name(facts: WorkloadFacts) -> tuple[str, str]:
    return (facts.name, facts.address)


def _is_held(declared: Resolution, host: str) -> bool:
    """Whether strict egress looks up the host itself instead of passing connections on."""
    return declared is Resolution.NONE and not is_wildcard(host)


@query
def entry_endpoints(db: Engine, ref: Ref, host: str) -> tuple[Endpoint, ...]:
    """The endpoints of the ServiceEntry `ref` on all its ports, for one of its hosts."""
    entry = inputs.service_entry(db, ref)
    if entry is None:
        return ()
    spec = entry.spec
    by_name = spec.resolution in _BY_NAME or (_is_held(spec.resolution, host) and is_strict(db, entry))
    if spec.workload_selector is not None:
        selector = labels_of(spec.workload_selector.labels)
        workloads = [w for w in selected_workloads(db, ref.namespace, selector) if by_name or is_ip_address(w.address)]
    elif not spec.endpoints and by_name:
        return tuple(
            Endpoint(
                address=host,
                port=port.target_port or port.number,
                service_port=port.name,
                service_port_number=port.number,
                health=Health.UNKNOWN,
                cluster_id=CLUSTER,
                workload=ref.name,
                namespace=ref.namespace,
            )
            for port in spec.ports
        )
    else:
        trust = trust_domain(db)
        workloads = [
            facts_of(endpoint, endpoint.labels, f"{ref.name}-{index}", ref.namespace, trust)
            for index, endpoint in enumerate(spec.endpoints)
        ]
    return tuple(_on_ports(workloads, spec.ports))


@query
def selected_entries(db: Engine, service: Ref) -> tuple[Endpoint, ...]:
    """The workload entries that the selector of a Kubernetes Service finds, as its endpoints on all TCP ports. A port
    is the entry's own port of that name, else the Service's targetPort."""
    found = inputs.service(db, service)
    if found is None:
        return ()
    selector = labels_of(found.spec.selector or {})
    endpoints = []
    for workload in selected_workload_entries(db, service.namespace, selector):
        if not is_ip_address(workload.address):
            continue
        for port in found.spec.ports:
            target = port.target_port or port.port
            if isinstance(target, str):
                number = int(target) if target.isdecimal() else workload.ports.get(target, 0)
            else:
                number = workload.ports.get(port.name) or target
            if number and port.protocol != "UDP":
                endpoints.append(_endpoint(workload, workload.address, number, port.name))
    return tuple(endpoints)


def _on_ports(workloads: list[WorkloadFacts], ports: tuple[ServiceEntryPort, ...]) -> Iterator[Endpoint]:
    for port in ports:
        for workload in workloads:
            if workload.address.startswith(UNIX_PREFIX):
                target = 0
            else:
                target = workload.ports.get(port.name) or port.target_port or port.number
            yield _endpoint(workload, workload.address, target, port.name, port.number)


def _endpoint(workload: WorkloadFacts, address: str, port: int, port_name: str, port_number: int = 0) -> Endpoint:
    return Endpoint(
        address=address,
        port=port,
        service_port=port_name,
        service_port_number=port_number,
        labels=workload.labels,
        locality=workload.locality,
        health=workload.health,
        tls_mode=workload.tls_mode,
        network=workload.network,
        cluster_id=CLUSTER,
        weight=workload.weight,
        service_account=workload.service_account,
        workload=workload.name,
        namespace=workload.namespace,
        node=workload.node,
        hostname=workload.hostname,
        subdomain=workload.subdomain,
    )
