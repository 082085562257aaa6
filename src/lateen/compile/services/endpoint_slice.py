# SPDX-License-Identifier: Apache-2.0
"""The endpoints of a Kubernetes Service: its EndpointSlices."""

from __future__ import annotations

from lateen.compile.services.endpoint import Endpoint, Health
from lateen.compile.services.locality import node_locality
from lateen.compile.services.pod import CLUSTER, WorkloadFacts, pod_facts, with_topology
from lateen.compile.workload import Locality
from lateen.incremental.engine import Engine, query
from lateen.model.core.endpoint_slice import Endpoint as SliceEndpoint
from lateen.model.ref import Ref
from lateen.state import inputs


@query
def sliced_endpoints(db: Engine, namespace: str, name: str) -> tuple[Endpoint, ...]:
    """The endpoints of the Service `namespace/name` on all ports, in the order of slices; an address once a port."""
    found: dict[tuple[str, int, str], Endpoint] = {}
    for part in inputs.endpoint_slices_by_service(db, (namespace, name)):
        if part.address_type == "FQDN":
            continue
        for entry in part.endpoints:
            health = _health(entry)
            if health is None:
                continue
            facts = _workload(db, entry, namespace)
            for address in entry.addresses:
                for port in part.ports:
                    if port.port is None:
                        continue
                    key = (address, port.port, port.name)
                    if key not in found:
                        found[key] = _endpoint(db, address, port.port, port.name, health, facts, entry)
    return tuple(found.values())


def _health(entry: SliceEndpoint) -> Health | None:
    """Unset conditions count as ready; a terminating endpoint that still serves drains; None when it is gone."""
    conditions = entry.conditions
    if conditions.ready is None or conditions.ready:
        return Health.HEALTHY
    if conditions.terminating and conditions.serving is not False:
        return Health.DRAINING
    return Health.UNHEALTHY


def _workload(db: Engine, entry: SliceEndpoint, namespace: str) -> WorkloadFacts | None:
    target = entry.target_ref
    if target is not None and target.kind == "Pod":
        return pod_facts(db, Ref("Pod", target.namespace or namespace, target.name))
    for address in entry.addresses[:1]:
        for pod in inputs.pods_by_ip(db, address):
            return pod_facts(db, pod.ref)
    return None


def _endpoint(
    db: Engine,
    address: str,
    port: int,
    port_name: str,
    health: Health,
    facts: WorkloadFacts | None,
    entry: SliceEndpoint,
) -> Endpoint:
    if facts is None:
        locality = node_locality(db, entry.node_name) if entry.node_name else Locality()
        return Endpoint(
            address=address,
            port=port,
            service_port=port_name,
            health=health,
            locality=locality,
            labels=with_topology({}, locality, "", CLUSTER, entry.node_name),
            cluster_id=CLUSTER,
            node=entry.node_name,
            hostname=entry.hostname,
        )
    return Endpoint(
        address=address,
        port=port,
        service_port=port_name,
        labels=facts.labels,
        locality=facts.locality,
        health=health,
        tls_mode=facts.tls_mode,
        network=facts.network,
        cluster_id=CLUSTER,
        service_account=facts.service_account,
        workload=facts.name,
        namespace=facts.namespace,
        node=facts.node or entry.node_name,
        hostname=entry.hostname or facts.hostname,
        subdomain=facts.subdomain,
    )
