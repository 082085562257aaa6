# SPDX-License-Identifier: Apache-2.0
"""Sidecars for the pods of the embedded API: its admission step, in the terms of `inject`."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.operations.call import Call
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.store.revision import Key

IMAGE = "docker.io/istio/proxyv2:1.30.0"
_LABEL = "istio-injection"
_INJECT = "sidecar.istio.io/inject"
_SYSTEM = ("kube-system", "kube-public", "kube-node-lease", "istio-system")


def admit(cluster: Cluster, call: Call, new: Document | None, old: Document | None) -> None:
    """Add the sidecar to a pod that is to have one."""
    if new is None or old is not None or call.kind.resource != "pods" or call.subresource:
        return
    namespace = cluster.store.head(Key("namespaces", "", call.namespace))
    labels = (namespace.document()["metadata"].get("labels") or {}) if namespace is not None else {}
    if is_wanted(call.namespace, labels, new):
        add_sidecar(new)


def is_wanted(namespace: str, labels: dict[str, str], pod: Document) -> bool:
    """By the pod's label, its annotation, then the namespace's label."""
    meta, spec = pod["metadata"], pod["spec"]
    if namespace in _SYSTEM or spec.get("hostNetwork"):
        return False
    if any(c["name"] == "istio-proxy" for c in (*spec["containers"], *(spec.get("initContainers") or ()))):
        return False
    own = (meta.get("labels") or {}).get(_INJECT) or (meta.get("annotations") or {}).get(_INJECT)
    if own is not None:
        return str(own).lower() == "true"
    return labels.get(_LABEL) == "enabled"


def add_sidecar(pod: Document) -> None:
    """Add the proxy's container and what marks a pod with a sidecar."""
    meta, spec = pod["metadata"], pod["spec"]
    annotations = meta.setdefault("annotations", {})
    meta.setdefault("labels", {}).setdefault("security.istio.io/tlsMode", "istio")
    annotations["sidecar.istio.io/status"] = '{"containers":["istio-proxy"],"revision":"default"}'
    probe: dict[str, Any] = {"httpGet": {"path": "/healthz/ready", "port": 15021, "scheme": "HTTP"}}
    spec["containers"].append(
        {
            "name": "istio-proxy",
            "image": IMAGE,
            "imagePullPolicy": "IfNotPresent",
            "args": ["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local"],
            "ports": [{"containerPort": 15090, "name": "http-envoy-prom", "protocol": "TCP"}],
            "readinessProbe": {
                **probe,
                "periodSeconds": 15,
                "timeoutSeconds": 3,
                "failureThreshold": 4,
                "successThreshold": 1,
            },
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
        }
    )
