# SPDX-License-Identifier: Apache-2.0
"""Small meshes for tests: documents as dictionaries, and what proxies in them get, as dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.extensions.clusters.dynamic_forward_proxy.v3 import cluster_pb2 as _dynamic  # noqa: F401 - for JSON
from envoy.extensions.network.dns_resolver.cares.v3 import cares_dns_resolver_pb2 as _cares  # noqa: F401
from envoy.extensions.transport_sockets.proxy_protocol.v3 import upstream_proxy_protocol_pb2 as _proxy  # noqa: F401
from envoy.extensions.transport_sockets.raw_buffer.v3 import raw_buffer_pb2 as _raw  # noqa: F401
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2 as _tls  # noqa: F401
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2 as _http  # noqa: F401
from google.protobuf.json_format import MessageToDict

from lateen.compile.clusters.inbound import inbound_clusters
from lateen.compile.clusters.layers import load_assignments, outbound_clusters
from lateen.compile.clusters.unnamed import unnamed_clusters
from lateen.compile.scope import scope_of
from lateen.compile.workload import Locality, Role, Workload, labels_of
from lateen.envoy.blob import Blob
from lateen.state.state import State
from tests.conformance.documents import load

_GROUPS = {
    "Namespace": "v1",
    "Node": "v1",
    "Pod": "v1",
    "Service": "v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "PeerAuthentication": "security.istio.io/v1",
}
HTTP = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

Document = dict[str, Any]


def document(kind: str, name: str, namespace: str = "default", **body: Any) -> Document:
    """An object; `body` is what stands beside its metadata, `metadata` adds to that."""
    metadata = {"name": name, "namespace": namespace, **body.pop("metadata", {})}
    return {"apiVersion": _GROUPS.get(kind, "networking.istio.io/v1"), "kind": kind, "metadata": metadata, **body}


def rule(name: str, host: str, namespace: str = "default", *, created: str = "", **spec: Any) -> Document:
    """A DestinationRule on `host`."""
    metadata = {"creationTimestamp": created} if created else {}
    return document("DestinationRule", name, namespace, metadata=metadata, spec={"host": host, **spec})


def node(name: str, region: str, zone: str) -> Document:
    """A Node in a region and zone."""
    labels = {"topology.kubernetes.io/region": region, "topology.kubernetes.io/zone": zone}
    return document("Node", name, "", metadata={"labels": labels})


def service(
    name: str,
    pods: Mapping[str, Mapping[str, Any]],
    *,
    ports: Mapping[str, int] | None = None,
    namespace: str = "default",
    sidecars: bool = True,
    **spec: Any,
) -> list[Document]:
    """A Service, its pods by IP address (`labels`, `node`, `ready`), and their EndpointSlice."""
    ports = {"http": 8080} if ports is None else ports
    listed = [{"name": n, "port": p, "targetPort": p, "protocol": "TCP"} for n, p in ports.items()]
    found = [
        document(
            "Service",
            name,
            namespace,
            spec={"clusterIP": "10.96.0.1", "selector": {"app": name}, "ports": listed, **spec},
        )
    ]
    entries = []
    for at, (ip, facts) in enumerate(pods.items()):
        labels = {"app": name, **facts.get("labels", {})}
        if sidecars and facts.get("sidecar", True):
            labels["security.istio.io/tlsMode"] = "istio"
        pod = f"{name}-{at}"
        where = facts.get("node", "node-1")
        status = {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]}
        spec_of_pod = {"serviceAccountName": name, "nodeName": where, "containers": [{"name": "app", "image": "app"}]}
        found.append(document("Pod", pod, namespace, metadata={"labels": labels}, spec=spec_of_pod, status=status))
        entries.append(
            {
                "addresses": [ip],
                "conditions": {"ready": facts.get("ready", True)},
                "nodeName": where,
                "targetRef": {"kind": "Pod", "name": pod, "namespace": namespace},
            }
        )
    sliced = [{"name": n, "port": p, "protocol": "TCP"} for n, p in ports.items()]
    slice_labels = {"labels": {"kubernetes.io/service-name": name}}
    found.append(
        document(
            "EndpointSlice",
            f"{name}-0",
            namespace,
            metadata=slice_labels,
            addressType="IPv4",
            endpoints=entries,
            ports=sliced,
        )
    )
    return found


def entry(name: str, *hosts: str, namespace: str = "default", annotations: Any = None, **spec: Any) -> Document:
    """A ServiceEntry; one HTTP port 80 unless `ports` says otherwise."""
    ports = spec.pop("ports", [{"number": 80, "name": "http", "protocol": "HTTP"}])
    metadata = {"annotations": annotations} if annotations else {}
    body = {"hosts": list(hosts), "ports": ports, **spec}
    return document("ServiceEntry", name, namespace, metadata=metadata, spec=body)


def mesh_of(*documents: Document | Iterable[Document], config: Mapping[str, Any] | None = None) -> State:
    """A state with these objects, and a MeshConfig."""
    flat = [d for item in documents for d in ([item] if isinstance(item, dict) else item)]
    return load(yaml.safe_dump_all(flat), yaml.safe_dump(dict(config)) if config else None)


def client(
    namespace: str = "default",
    *,
    labels: Mapping[str, str] | None = None,
    role: Role = Role.SIDECAR,
    locality: Locality | None = None,
    **facts: Any,
) -> Workload:
    """A proxy."""
    labels = {"app": "client"} if labels is None else labels
    ips = facts.pop("ips", ("10.9.0.9",))
    return Workload(
        role=role,
        name="client",
        namespace=namespace,
        ips=ips,
        labels=labels_of(dict(labels)),
        locality=locality or Locality("r1", "a"),
        **facts,
    )


def as_dict(blob: Blob) -> dict[str, Any]:
    """A cluster or load assignment as proto3 JSON."""
    message = (Cluster if blob.type_url.endswith(".Cluster") else ClusterLoadAssignment)()
    message.ParseFromString(blob.body)
    found: dict[str, Any] = MessageToDict(message)
    return found


def clusters(state: State, workload: Workload | None = None) -> dict[str, dict[str, Any]]:
    """All clusters of a proxy, by name."""
    workload = workload or client()
    scope = scope_of(state.db, workload)
    layers = [outbound_clusters(state.db, scope), unnamed_clusters(state.db, scope)]
    if workload.role is Role.SIDECAR:
        layers.append(inbound_clusters(state.db, workload))
    return {name: as_dict(blob) for layer in layers for name, blob in layer.items()}


def assignments(state: State, workload: Workload | None = None) -> dict[str, dict[str, Any]]:
    """All load assignments of a proxy, by cluster."""
    scope = scope_of(state.db, workload or client())
    return {name: as_dict(blob) for name, blob in load_assignments(state.db, scope).items()}


def http_options(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """The HttpProtocolOptions of a cluster, without their type; empty where it has none."""
    options = dict(cluster.get("typedExtensionProtocolOptions", {}).get(HTTP, {}))
    options.pop("@type", None)
    return options


def endpoints_of(assignment: Mapping[str, Any]) -> list[tuple[str, int, list[str]]]:
    """(locality, priority, addresses) of each group that has endpoints, by priority and locality."""
    found = []
    for group in assignment.get("endpoints", ()):
        where = group.get("locality", {})
        place = "/".join(where[part] for part in ("region", "zone", "subZone") if part in where)
        addresses = [e["endpoint"]["address"]["socketAddress"]["address"] for e in group.get("lbEndpoints", ())]
        if addresses:
            found.append((place, group.get("priority", 0), addresses))
    return sorted(found, key=lambda g: (g[1], g[0]))


def tls_of(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """The TLS context of a cluster's only transport socket."""
    found: dict[str, Any] = cluster["transportSocket"]["typedConfig"]
    return found
