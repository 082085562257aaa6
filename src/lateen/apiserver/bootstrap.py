# SPDX-License-Identifier: Apache-2.0
"""The objects every cluster begins with."""

from __future__ import annotations

import ipaddress

from lateen.apiserver.auth import default_roles
from lateen.apiserver.operations.call import Call, User
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.write import store_new, store_replacement
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.store.revision import Key

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_RBAC = "rbac.authorization.k8s.io"
SYSTEM = User("system:apiserver", groups=("system:masters",))


async def first_objects(cluster: Cluster, network: str, endpoint: tuple[str, int] | None) -> None:
    """Create what is missing of it.

    `network` is where cluster IPs come from, `endpoint` the address and port at which pods reach this server.
    """
    for name in NAMESPACES:
        await _ensure(cluster, "namespaces", "", {"metadata": {"name": name}})
    for role in default_roles.roles():
        await _ensure(cluster, "clusterroles", "", role, _RBAC)
    for binding in default_roles.bindings():
        await _ensure(cluster, "clusterrolebindings", "", binding, _RBAC)
    await _ensure(cluster, "services", "default", _own_service(network))
    if endpoint is not None:
        await _publish(cluster, *endpoint)


async def _publish(cluster: Cluster, address: str, port: int) -> None:
    """Say where the Service `kubernetes` leads, whatever was said at the last start."""
    slices, endpoints = "endpointslices.discovery.k8s.io", "endpoints"
    ports = [{"name": "https", "port": port, "protocol": "TCP"}]
    labels = {"kubernetes.io/service-name": "kubernetes"}
    found: dict[str, Document] = {
        slices: {
            "addressType": "IPv6" if ":" in address else "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
            "ports": ports,
        },
        endpoints: {"subsets": [{"addresses": [{"ip": address}], "ports": ports}]},
    }
    for resource, content in found.items():
        kind = cluster.catalogue.of_resource(resource)
        assert kind is not None
        more = {"labels": labels if resource == slices else {"endpointslice.kubernetes.io/skip-mirror": "true"}}
        document = {
            "apiVersion": kind.api_version("v1"),
            "kind": kind.kind,
            "metadata": {"name": "kubernetes", "namespace": "default", **more},
            **content,
        }
        call = Call("update", kind, "v1", "default", "kubernetes", "", {}, SYSTEM, agent="kube-apiserver")
        current = cluster.store.head(Key(resource, "default", "kubernetes"))
        if current is None:
            await store_new(cluster, call, document)
        else:
            await store_replacement(cluster, call, document, current)


def _own_service(network: str) -> Document:
    """The Service of the API server itself: the first address of the range."""
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "clusterIP": str(ipaddress.ip_network(network)[1]),
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
        },
    }


async def _ensure(cluster: Cluster, plural: str, namespace: str, document: Document, group: str = "") -> None:
    kind = cluster.catalogue.find(group, "v1", plural)
    assert kind is not None
    name = document["metadata"]["name"]
    if cluster.store.get(Key(kind.resource, namespace, name)) is not None:
        return
    call = Call("create", kind, "v1", namespace, name, "", {}, SYSTEM, agent="kube-apiserver")
    await store_new(cluster, call, {"apiVersion": kind.api_version("v1"), "kind": kind.kind, **document})
