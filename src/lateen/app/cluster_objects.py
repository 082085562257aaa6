# SPDX-License-Identifier: Apache-2.0
"""The objects that a cluster of ours begins with, beside those of the API itself."""

from __future__ import annotations

from typing import Any

from lateen.app.cluster_injection import SETTINGS
from lateen.kube.client import MERGE, KubeClient, Object
from lateen.kube.errors import ApiError
from lateen.kube.kind import Kind
from lateen.node.kinds import CONFIG_MAP, SERVICE, SERVICE_ACCOUNT

NAMESPACE = Kind("", "v1", "namespaces", "Namespace", namespaced=False)
DEPLOYMENT = Kind("apps", "v1", "deployments", "Deployment")
SYSTEM = "istio-system"
GATEWAY = "istio-ingressgateway"
LABELS = {"app": GATEWAY, "istio": "ingressgateway"}
_PORTS = (("status-port", 15021, 15021, 31021), ("http2", 80, 8080, 31380), ("https", 443, 8443, 31390))
"""Name, port, target port and node port, as in Istio's own installation."""


async def create_objects(client: KubeClient, mesh_config: str, address: str) -> None:
    """Create what is not there yet; what the user has changed stays."""
    await _create(client, NAMESPACE, {"metadata": {"name": SYSTEM}})
    await _label_default(client)
    if mesh_config:
        body = {"metadata": {"name": "istio", "namespace": SYSTEM}, "data": {"mesh": mesh_config}}
        await _create(client, CONFIG_MAP, body)
    await _create(client, SERVICE_ACCOUNT, {"metadata": {"name": f"{GATEWAY}-service-account", "namespace": SYSTEM}})
    await _create(client, SERVICE, _service())
    await _create(client, DEPLOYMENT, _deployment())
    status = {"status": {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}}
    await client.patch(SERVICE, GATEWAY, status, SYSTEM, subresource="status", content_type=MERGE)


async def _label_default(client: KubeClient) -> None:
    """The namespace `default` gets sidecars, unless somebody has said otherwise since."""
    marker = "lateen.dev/began"
    body = await client.get(NAMESPACE, "default")
    if marker in (body["metadata"].get("annotations") or {}):
        return
    patch = {"metadata": {"labels": {"istio-injection": "enabled"}, "annotations": {marker: "true"}}}
    await client.patch(NAMESPACE, "default", patch)


async def _create(client: KubeClient, kind: Kind, body: dict[str, Any]) -> None:
    full: Object = {"apiVersion": kind.api_version, "kind": kind.kind, **body}
    try:
        await client.create(kind, full, body["metadata"].get("namespace", ""))
    except ApiError as error:
        if error.code != 409:
            raise


def _service() -> dict[str, Any]:
    ports = [
        {"name": name, "port": port, "targetPort": target, "nodePort": node, "protocol": "TCP"}
        for name, port, target, node in _PORTS
    ]
    return {
        "metadata": {"name": GATEWAY, "namespace": SYSTEM, "labels": LABELS},
        "spec": {"type": "LoadBalancer", "selector": LABELS, "ports": ports},
    }


def _deployment() -> dict[str, Any]:
    proxy = {
        "name": "istio-proxy",
        "image": SETTINGS.image,
        "args": ["proxy", "router", "--domain", "$(POD_NAMESPACE).svc.cluster.local"],
        "ports": [{"containerPort": port, "protocol": "TCP"} for port in (15021, 8080, 8443, 15090)],
        "readinessProbe": {
            "httpGet": {"path": "/healthz/ready", "port": 15021, "scheme": "HTTP"},
            "periodSeconds": 2,
            "failureThreshold": 30,
        },
    }
    return {
        "metadata": {"name": GATEWAY, "namespace": SYSTEM, "labels": LABELS},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": LABELS},
            "template": {
                "metadata": {"labels": {**LABELS, "sidecar.istio.io/inject": "false"}},
                "spec": {"serviceAccountName": f"{GATEWAY}-service-account", "containers": [proxy]},
            },
        },
    }
