# SPDX-License-Identifier: Apache-2.0
"""Pods for the tests of injection."""

from __future__ import annotations

from typing import Any

from lateen.inject import Settings, inject_pod

ENABLED = {"istio-injection": "enabled"}
CLASSIC = Settings(native_sidecars=False)


def pod(
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    namespace: str = "default",
    **spec: Any,
) -> dict[str, Any]:
    """A pod with one container `app`."""
    meta: dict[str, Any] = {"name": "web", "namespace": namespace}
    if annotations is not None:
        meta["annotations"] = annotations
    if labels is not None:
        meta["labels"] = labels
    container = {"name": "app", "image": "web:1", "ports": [{"name": "http", "containerPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container], **spec}}


def injected(document: dict[str, Any], settings: Settings | None = None) -> dict[str, Any]:
    """The pod with its sidecar."""
    result = inject_pod(document, ENABLED, settings or Settings())
    assert result is not None
    return result


def container(document: dict[str, Any], name: str) -> dict[str, Any]:
    """A container of the pod, an ordinary one or an init container."""
    spec = document["spec"]
    found = [c for c in (*spec["containers"], *spec.get("initContainers", ())) if c["name"] == name]
    assert len(found) == 1, f"{name}: {len(found)}"
    return found[0]


def environment(document: dict[str, Any], name: str = "istio-proxy") -> dict[str, Any]:
    """The plain variables of a container; none may be there twice."""
    entries = container(document, name).get("env", [])
    found = {entry["name"]: entry.get("value") for entry in entries}
    assert len(found) == len(entries)
    return found


def option(document: dict[str, Any], name: str) -> str | None:
    """An option of istio-init."""
    arguments: list[str] = container(document, "istio-init")["args"]
    return arguments[arguments.index(name) + 1] if name in arguments else None
