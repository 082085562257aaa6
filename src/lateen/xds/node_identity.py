# SPDX-License-Identifier: Apache-2.0
"""`NodeIdentity`: who a proxy says it is, in the way Istio's proxies say it.

The node id is `TYPE~ADDRESS~NAME.NAMESPACE~DNS-DOMAIN`; everything else is in the node's metadata, under the names of
Istio's bootstrap (`pkg/model/proxy.go`, `NodeMetadata`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

import msgspec

from lateen.model.diagnostic import Diagnostic, Severity

TYPES = ("sidecar", "router", "waypoint", "ztunnel")


class NodeLocality(msgspec.Struct, frozen=True):
    """Where the proxy runs; empty parts are unknown."""

    region: str = ""
    zone: str = ""
    sub_zone: str = ""


class NodeIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """One proxy as it introduced itself. Nothing of it is proven but what the channel proves."""

    id: str
    """The whole node id."""
    type: str
    """`sidecar`, `router` (a gateway), `waypoint` or `ztunnel`."""
    addresses: tuple[str, ...]
    """IP addresses, the primary one first: INSTANCE_IPS, else the address of the node id. Never empty."""
    name: str
    """The pod's name, or what stands for it."""
    namespace: str
    """NAMESPACE, else what follows the last dot of `NAME.NAMESPACE`."""
    dns_domain: str
    """`default.svc.cluster.local`."""
    cluster: str = ""
    """Envoy's service cluster (`--service-cluster`)."""
    cluster_id: str = ""
    network: str = ""
    mesh_id: str = ""
    istio_version: str = ""
    envoy_version: str = ""
    """`1.40.0`; empty if it did not say."""
    workload_name: str = ""
    service_account: str = ""
    owner: str = ""
    node_name: str = ""
    """The machine the pod runs on."""
    interception_mode: str = ""
    """`REDIRECT`, `TPROXY`, `NONE` or empty."""
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    annotations: Mapping[str, str] = msgspec.field(default_factory=dict)
    locality: NodeLocality = NodeLocality()
    metadata: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """The whole metadata, for the fields that few ask for."""

    def __hash__(self) -> int:
        return hash(self.id)


def parse_node(node: Any) -> NodeIdentity | Diagnostic:
    """The identity in `node` (`envoy.config.core.v3.Node`), or what is wrong with it."""
    parts = node.id.split("~")
    if len(parts) != 4:
        return _invalid(node.id, "it has to be TYPE~ADDRESS~NAME.NAMESPACE~DNS-DOMAIN")
    kind, address, identifier, domain = parts
    if kind not in TYPES:
        return _invalid(node.id, f"{kind!r} is none of the types {', '.join(TYPES)}")
    metadata = {key: _plain(value) for key, value in node.metadata.fields.items()}
    name, dot, namespace = identifier.rpartition(".")
    namespace = _text(metadata, "NAMESPACE") or namespace
    if not dot or not name or not namespace:
        return _invalid(node.id, f"{identifier!r} has to be NAME.NAMESPACE")
    stated = [part.strip() for part in _text(metadata, "INSTANCE_IPS").split(",")]
    addresses = tuple(a for a in stated if _is_address(a)) or ((address,) if _is_address(address) else ())
    if not addresses:
        return _invalid(node.id, f"{address!r} is no IP address, and metadata INSTANCE_IPS has none either")
    version = node.user_agent_build_version.version
    return NodeIdentity(
        id=node.id,
        type=kind,
        addresses=addresses,
        name=name,
        namespace=namespace,
        dns_domain=domain,
        cluster=node.cluster,
        cluster_id=_text(metadata, "CLUSTER_ID"),
        network=_text(metadata, "NETWORK"),
        mesh_id=_text(metadata, "MESH_ID"),
        istio_version=_text(metadata, "ISTIO_VERSION"),
        envoy_version=(
            f"{version.major_number}.{version.minor_number}.{version.patch}" if version.major_number else ""
        ),
        workload_name=_text(metadata, "WORKLOAD_NAME"),
        service_account=_text(metadata, "SERVICE_ACCOUNT"),
        owner=_text(metadata, "OWNER"),
        node_name=_text(metadata, "NODE_NAME"),
        interception_mode=_text(metadata, "INTERCEPTION_MODE"),
        labels=_texts(metadata, "LABELS"),
        annotations=_texts(metadata, "ANNOTATIONS"),
        locality=NodeLocality(node.locality.region, node.locality.zone, node.locality.sub_zone),
        metadata=metadata,
    )


def _invalid(node_id: str, why: str) -> Diagnostic:
    return Diagnostic(severity=Severity.ERROR, code="invalid-node-id", message=f"node id {node_id!r}: {why}")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _text(metadata: Mapping[str, Any], key: str) -> str:
    value = metadata.get(key, "")
    return value if isinstance(value, str) else ""


def _texts(metadata: Mapping[str, Any], key: str) -> dict[str, str]:
    value = metadata.get(key)
    if not isinstance(value, dict):
        return {}
    return {name: text for name, text in value.items() if isinstance(text, str)}


def _plain(value: Any) -> Any:
    """A `google.protobuf.Value` as Python's own types; whole numbers are ints."""
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "number_value":
            return int(value.number_value) if value.number_value.is_integer() else value.number_value
        case "struct_value":
            return {key: _plain(field) for key, field in value.struct_value.fields.items()}
        case "list_value":
            return [_plain(item) for item in value.list_value.values]
        case _:
            return None
