# SPDX-License-Identifier: Apache-2.0
"""Objects as documents."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

_VERSIONS = {
    "Service": "v1",
    "Secret": "v1",
    "Ingress": "networking.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1",
    "PeerAuthentication": "security.istio.io/v1",
}


def document(kind: str, name: str, spec: Document | None, namespace: str = "default", **body: Any) -> Document:
    """One object."""
    said = {"spec": spec} if spec is not None else {}
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {
        "apiVersion": _VERSIONS.get(kind, "networking.istio.io/v1"),
        "kind": kind,
        "metadata": metadata,
        **said,
        **body,
    }
