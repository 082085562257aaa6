# SPDX-License-Identifier: Apache-2.0
"""The endpoints of a Kubernetes Service: its EndpointSlices."""

from __future__ import annotations

from lateen.compile.services.endpoint import Endpoint, Health
from lateen.compile.services.kubernetes_service import LARGEST_PORT
from lateen.compile.services.locality import node_locality
from lateen.compile.services.network import CLUSTER, workload_network
from lateen.compile.services.pod import WorkloadFacts, pod_facts, with_topology
from lateen.compile.workload import Locality
from lateen.incremental.engine import Engine, query
from lateen.model.core.endpoint_slice import Endpoint as SliceEndpoint
from lateen.model.core.endpoint_slice import EndpointConditions, EndpointSlice
from lateen.model.ref import Ref
from lateen.state import inputs


@query
def sliced_endpoints(db: Engine, namespace: str, name: str, sticky: bool) -> tuple[Endpoint, ...]:
    """The endpoints of the Service `namespace/name` on all ports, in the order of slices; an address once a port.

    An endpoint whose Pod is not known (yet) is left out, for whether it speaks mutual TLS is not known either. Without
    slices the endpoints are those that the Endpoints object names. `sticky`: the Service has persistent sessions.
    """
    found: dict[tuple[str, int, str], Endpoint] = {}
    parts = inputs.endpoint_slices_by_service(db, (namespace, name)) or mirrored(db, namespace, name)
    for part in parts:
        if part.address_type == "FQDN":
            continue
        ports = [(port.port, port.name) for port in part.ports if port.port and 0 < port.port <= LARGEST_PORT]
        for entry in part.endpoints:
            health = _health(entry, sticky)
            if health is None:
                continue
            for address in entry.addresses:
                facts = _workload(db, address, entry, namespace)
                if facts is None and entry.target_ref is not None and entry.target_ref.kind == "Pod":
                    continue
                for number, name in ports:
                    key = (address, number, name)
                    if key not in found:
                        found[key] = _endpoint(db, address, number, name, health, facts, entry)
    return tuple(found.values())


@query
def mirrored(db: Engine, namespace: str, name: str) -> tuple[EndpointSlice, ...]:
    """The Endpoints object `namespace/name` in the form of slices, as Kubernetes mirrors those made by hand."""
    found = inputs.endpoints_by_name(db, (namespace, name))
    if found is None:
        return ()
    return tuple(
        EndpointSlice(
            endpoints=tuple(
                SliceEndpoint(
                    addresses=(address.ip,),
                    conditions=EndpointConditions(ready=ready),
                    hostname=address.hostname,
                    node_name=address.node_name,
                    target_ref=address.target_ref,
                )
                for addresses, ready in ((subset.addresses, True), (subset.not_ready_addresses, False))
                for address in addresses
            ),
            ports=subset.ports,
        )
        for subset in found.subsets
    )


def _health(entry: SliceEndpoint, sticky: bool) -> Health | None:
    """Unset conditions count as ready. What terminates is left out; only services with persistent sessions still need
    it while it serves."""
    conditions = entry.conditions
    if conditions.ready is None or conditions.ready:
        return Health.HEALTHY
    if conditions.terminating:
        return Health.DRAINING if sticky and conditions.serving is not False else None
    return Health.UNHEALTHY


def _workload(db: Engine, address: str, entry: SliceEndpoint, namespace: str) -> WorkloadFacts | None:
    target = entry.target_ref
    if target is not None and target.kind == "Pod":
        return pod_facts(db, Ref("Pod", target.namespace or namespace, target.name))
    return next((pod_facts(db, pod.ref) for pod in inputs.pods_by_ip(db, address)), None)


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
        network = workload_network(db, {}, address)
        return Endpoint(
            address=address,
            port=port,
            service_port=port_name,
            health=health,
            locality=locality,
            labels=with_topology({}, locality, network, CLUSTER, entry.node_name),
            network=network,
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
