# SPDX-License-Identifier: Apache-2.0
"""Listeners of a sidecar for documents written in the test, as messages that are easy to ask."""

from __future__ import annotations

import json
from typing import Any

from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from lateen.compile.listeners.sidecar import sidecar_listeners
from lateen.compile.scope import scope_of
from lateen.compile.workload import Interception, Role, Workload, labels_of
from lateen.envoy.blob import Blob
from lateen.state.state import State
from tests.conformance.documents import load

CLIENT = Workload(role=Role.SIDECAR, name="client", namespace="default", ips=("10.1.0.1",), labels=(("app", "client"),))


def document(kind: str, name: str, spec: dict[str, Any], namespace: str = "default", **metadata: Any) -> str:
    """One object as a document."""
    group = {
        "Service": "v1",
        "EndpointSlice": "discovery.k8s.io/v1",
        "PeerAuthentication": "security.istio.io/v1",
    }.get(kind, "networking.istio.io/v1")
    body = spec if kind == "EndpointSlice" else {"spec": spec}
    return json.dumps(
        {"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": namespace, **metadata}, **body}
    )


def service(name: str, ip: str, *ports: tuple[str, int], app: str = "", namespace: str = "default", **meta: Any) -> str:
    """A Service with ports of these names and numbers; `ip` may be `None` (headless)."""
    spec = {
        "clusterIP": ip,
        "selector": {"app": app or name},
        "ports": [{"name": n, "port": p, "targetPort": p} for n, p in ports],
    }
    return document("Service", name, spec, namespace, **meta)


def endpoints(of: str, port_name: str, port: int, *addresses: str) -> str:
    """An EndpointSlice of a Service."""
    body = {
        "addressType": "IPv4",
        "endpoints": [{"addresses": [a], "conditions": {"ready": True}} for a in addresses],
        "ports": [{"name": port_name, "port": port, "protocol": "TCP"}],
    }
    return document("EndpointSlice", f"{of}-0", body, labels={"kubernetes.io/service-name": of})


def entry(name: str, *hosts: str, port: int, protocol: str, addresses: tuple[str, ...] = (), **spec: Any) -> str:
    """A ServiceEntry with one port."""
    return document(
        "ServiceEntry",
        name,
        {
            "hosts": list(hosts),
            "addresses": list(addresses),
            "ports": [{"number": port, "name": protocol.lower(), "protocol": protocol}],
            "location": "MESH_EXTERNAL",
            "resolution": "DNS",
            **spec,
        },
    )


def state(*documents: str, mesh: str | None = None) -> State:
    """A mesh of these documents."""
    return load("\n---\n".join(documents), mesh)


def workload(app: str = "client", *ips: str, interception: Interception = Interception.REDIRECT) -> Workload:
    """A pod of `app` in the namespace `default`."""
    return Workload(
        role=Role.SIDECAR,
        name=f"{app}-1",
        namespace="default",
        ips=ips or ("10.1.0.1",),
        labels=labels_of({"app": app}),
        interception=interception,
    )


def blobs(of: State, proxy: Workload = CLIENT) -> dict[str, Blob]:
    """The listeners of a proxy, by name."""
    layers = sidecar_listeners(of.db, proxy, scope_of(of.db, proxy))
    return {name: blob for layer in layers for name, blob in layer.items()}


def listeners(of: State, proxy: Workload = CLIENT) -> dict[str, Any]:
    """The same as messages."""
    found = {}
    for name, blob in blobs(of, proxy).items():
        found[name] = Listener()
        found[name].ParseFromString(blob.body)
    return found


def chains(listener: Any) -> list[Any]:
    """All filter chains, the default one last."""
    default = [listener.default_filter_chain] if listener.HasField("default_filter_chain") else []
    return [*listener.filter_chains, *default]


def manager(chain: Any) -> Any:
    """The HTTP connection manager of a chain; None if it has none."""
    for filter_ in chain.filters:
        message = HttpConnectionManager()
        if filter_.typed_config.Unpack(message):
            return message
    return None


def proxy_of(chain: Any) -> Any:
    """The tcp_proxy of a chain; None if it has none."""
    for filter_ in chain.filters:
        message = TcpProxy()
        if filter_.typed_config.Unpack(message):
            return message
    return None


def destination(chain: Any) -> str:
    """Where a chain leads: `routes TABLE`, `inline TABLE`, a cluster, or clusters with weights."""
    http = manager(chain)
    if http is not None:
        return f"routes {http.rds.route_config_name}" if http.HasField("rds") else f"inline {http.route_config.name}"
    tcp = proxy_of(chain)
    weighted = tcp.weighted_clusters.clusters
    return " ".join(f"{c.name}={c.weight}" for c in weighted) if weighted else tcp.cluster


def inspectors(listener: Any) -> list[str]:
    """The short names of the listener filters."""
    return [f.name.rpartition(".")[2] for f in listener.listener_filters]
