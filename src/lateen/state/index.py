# SPDX-License-Identifier: Apache-2.0
"""Which buckets an object belongs in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from lateen.incremental.engine import Input
from lateen.model.ref import Ref
from lateen.model.resource import Resource
from lateen.state import inputs

Bucket: TypeAlias = tuple[Input[Any, Any], Any]
"""An input and the key of one of its buckets."""

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
"""The label by which an EndpointSlice says whose it is (discovery.k8s.io)."""

MESH = "mesh"
"""The reserved gateway name that means every sidecar."""


ENDED = ("Succeeded", "Failed")
"""Phases of pods whose address may belong to another pod by now."""


def gateway_key(name: str, namespace: str) -> str:
    """The `namespace/name` of a gateway that a VirtualService in `namespace` calls `name`; `mesh` stays.

    A dotted name is the old way to name a gateway elsewhere, `shop.istio-system.svc.cluster.local`: what follows its
    second dot does not count.
    """
    if name == MESH or "/" in name:
        return name if not name.startswith("./") else f"{namespace}/{name[2:]}"
    short, dot, rest = name.partition(".")
    return f"{rest.partition('.')[0]}/{short}" if dot else f"{namespace}/{name}"


SINGLE: dict[str, tuple[Input[Any, Any], Callable[[Ref], Any]]] = {
    "Namespace": (inputs.namespace, lambda ref: ref.name),
    "Node": (inputs.node, lambda ref: ref.name),
    "Secret": (inputs.secret, lambda ref: ref),
    "Service": (inputs.service, lambda ref: ref),
    "ServiceEntry": (inputs.service_entry, lambda ref: ref),
    "Endpoints": (inputs.endpoints_by_name, lambda ref: (ref.namespace, ref.name)),
    "Pod": (inputs.pod, lambda ref: ref),
    "WorkloadEntry": (inputs.workload_entry, lambda ref: ref),
    "VirtualService": (inputs.virtual_service, lambda ref: ref),
    "DestinationRule": (inputs.destination_rule, lambda ref: ref),
    "Sidecar": (inputs.sidecar, lambda ref: ref),
}
"""kind -> the input that holds one object of it, and how its key follows from the object's identity."""

BY_NAMESPACE: dict[str, Input[str, Any]] = {
    "Pod": inputs.pods_in,
    "WorkloadEntry": inputs.workload_entries_in,
    "Sidecar": inputs.sidecars_in,
    "PeerAuthentication": inputs.peer_authentications_in,
    "RequestAuthentication": inputs.request_authentications_in,
    "AuthorizationPolicy": inputs.authorization_policies_in,
    "Telemetry": inputs.telemetries_in,
    "EnvoyFilter": inputs.envoy_filters_in,
    "WasmPlugin": inputs.wasm_plugins_in,
    "ProxyConfig": inputs.proxy_configs_in,
}
"""kind -> the input that holds all objects of it in one namespace."""

GLOBAL: dict[str, Input[str, Any]] = {
    "Gateway": inputs.gateways,
    "Ingress": inputs.ingresses,
    "IngressClass": inputs.ingress_classes,
}
"""kind -> the input that holds all objects of it, under the key `all`."""


def _of_service(service: Any) -> Iterator[Bucket]:
    if service.spec.type == "ExternalName" and service.spec.external_name:
        yield inputs.external_names_to, service.spec.external_name


def _of_service_entry(entry: Any) -> Iterator[Bucket]:
    for host in entry.spec.hosts:
        yield inputs.service_entries_by_host, host


def _of_endpoint_slice(part: Any) -> Iterator[Bucket]:
    owner = part.metadata.labels.get(SERVICE_NAME_LABEL)
    if owner:
        yield inputs.endpoint_slices_by_service, (part.namespace, owner)


def _of_pod(pod: Any) -> Iterator[Bucket]:
    if pod.spec.host_network or pod.status.phase in ENDED:
        return
    for address in {pod.status.pod_ip, *(entry.ip for entry in pod.status.pod_ips)}:
        if address:
            yield inputs.pods_by_ip, address


def _of_workload_entry(entry: Any) -> Iterator[Bucket]:
    if entry.spec.address:
        yield inputs.workload_entries_by_address, entry.spec.address


def _of_virtual_service(rule: Any) -> Iterator[Bucket]:
    for gateway in rule.spec.gateways or (MESH,):
        yield inputs.virtual_services_by_gateway, gateway_key(gateway, rule.namespace)


SPECIAL: dict[str, Callable[[Any], Iterator[Bucket]]] = {
    "Service": _of_service,
    "ServiceEntry": _of_service_entry,
    "EndpointSlice": _of_endpoint_slice,
    "Pod": _of_pod,
    "WorkloadEntry": _of_workload_entry,
    "VirtualService": _of_virtual_service,
}
"""kind -> the buckets that depend on what an object says."""


def buckets(resource: Resource) -> set[Bucket]:
    """Every bucket of several objects that holds `resource`."""
    kind = type(resource).TYPE.kind
    found: set[Bucket] = set()
    if kind in BY_NAMESPACE:
        found.add((BY_NAMESPACE[kind], resource.namespace))
    if kind in GLOBAL:
        found.add((GLOBAL[kind], "all"))
    if kind in SPECIAL:
        found.update(SPECIAL[kind](resource))
    return found
