# SPDX-License-Identifier: Apache-2.0
"""The proxy's environment: where its agent finds the control plane, and the metadata it introduces itself with."""

from __future__ import annotations

import json
from typing import Final

from lateen.inject import annotation
from lateen.inject.document import Document, objects, sidecar_of
from lateen.inject.target import Target
from lateen.parse import to_mapping

_PORT_FIELDS: Final = ("name", "hostPort", "containerPort", "protocol", "hostIP")


def proxy_environment(target: Target, *, gateway: bool = False) -> list[Document]:
    """The variables, in the order that Istio's templates have them."""
    settings, proxy_config = target.settings, target.proxy_config
    revision = "" if settings.revision == "default" else f"-{settings.revision}"
    mode = proxy_config.interception_mode.value if gateway else target.interception_mode
    entries: list[Document] = [
        _value("PILOT_CERT_PROVIDER", "istiod"),
        _value("CA_ADDR", f"istiod{revision}.{settings.system_namespace}.svc:15012"),
        _field("POD_NAME", "metadata.name"),
        _field("POD_NAMESPACE", "metadata.namespace"),
        _field("INSTANCE_IP", "status.podIP"),
        _field("SERVICE_ACCOUNT", "spec.serviceAccountName"),
        _field("HOST_IP", "status.hostIP"),
        _resource("ISTIO_CPU_LIMIT", "limits.cpu"),
        _value("PROXY_CONFIG", json.dumps(to_mapping(proxy_config), separators=(",", ":"), ensure_ascii=False) + "\n"),
        _value("ISTIO_META_POD_PORTS", _pod_ports(target)),
        _value("ISTIO_META_APP_CONTAINERS", ",".join(str(c.get("name", "")) for c in target.application_containers)),
        _resource("GOMEMLIMIT", "limits.memory"),
        _value("ISTIO_META_CLUSTER_ID", settings.cluster_id),
        _field("ISTIO_META_NODE_NAME", "spec.nodeName"),
        _value("ISTIO_META_INTERCEPTION_MODE", mode),
    ]
    if target.network:
        entries.append(_value("ISTIO_META_NETWORK", target.network))
    workload = target.labels.get(annotation.WORKLOAD_NAME) or target.owner.name
    if workload:
        entries.append(_value("ISTIO_META_WORKLOAD_NAME", workload))
    if target.owner.name:
        entries.append(_value("ISTIO_META_OWNER", target.owner.path()))
    if not gateway and annotation.BOOTSTRAP_OVERRIDE in target.annotations:
        entries.append(_value("ISTIO_BOOTSTRAP_OVERRIDE", "/etc/istio/custom-bootstrap/custom_bootstrap.json"))
    if settings.mesh_id or settings.trust_domain:
        entries.append(_value("ISTIO_META_MESH_ID", settings.mesh_id or settings.trust_domain))
    if settings.trust_domain:
        entries.append(_value("TRUST_DOMAIN", settings.trust_domain))
    entries += [_value(name, value) for name, value in sorted(proxy_config.proxy_metadata.items())]
    return entries


def _value(name: str, value: str) -> Document:
    return {"name": name, "value": value}


def _field(name: str, path: str) -> Document:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _resource(name: str, resource: str) -> Document:
    return {"name": name, "valueFrom": {"resourceFieldRef": {"divisor": "1", "resource": resource}}}


def _pod_ports(target: Target) -> str:
    """A JSON list of the containers' ports, one to a line; those that the user gives the proxy come last."""
    own = sidecar_of(target.pod)
    ports = [
        json.dumps({field: port[field] for field in _PORT_FIELDS if port.get(field)}, separators=(",", ":"))
        for container in (*target.application_containers, *([own] if own is not None else ()))
        for port in objects(container.get("ports"))
    ]
    return "[\n" + "".join(f"    {',' if index else ''}{port}\n" for index, port in enumerate(ports)) + "]"
