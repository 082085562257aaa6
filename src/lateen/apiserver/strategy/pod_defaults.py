# SPDX-License-Identifier: Apache-2.0
"""Defaults of a pod's specification, for pods and for the templates of workloads."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.registry.kind import Document

_HANDLERS = ("postStart", "preStop")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_MODES = ("configMap", "secret", "downwardAPI", "projected")


def default_template(document: Document) -> None:
    """Default the pod template of a workload."""
    template = document.get("spec", {}).get("template")
    if isinstance(template, dict):
        default_spec(template.setdefault("spec", {}))


def default_spec(spec: dict[str, Any]) -> None:
    """Default a pod specification in place."""
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("securityContext", {})
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("schedulerName", "default-scheduler")
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for group in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(group) or ():
            _container(container)
            if spec.get("hostNetwork"):
                for port in container.get("ports") or ():
                    port.setdefault("hostPort", port["containerPort"])
    for volume in spec.get("volumes") or ():
        _volume(volume)


def tag_of(image: str) -> str:
    """The tag of an image reference; `latest` when it has neither tag nor digest."""
    if "@" in image:
        return ""
    name, colon, tag = image.rpartition(":")
    return tag if colon and "/" not in tag and name else "latest"


def _container(container: dict[str, Any]) -> None:
    policy = "Always" if tag_of(container.get("image", "")) == "latest" else "IfNotPresent"
    container.setdefault("imagePullPolicy", policy)
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference is not None:
            reference.setdefault("apiVersion", "v1")
    for name in _PROBES:
        probe = container.get(name)
        if probe is not None:
            _probe(probe)
    for name in _HANDLERS:
        handler = (container.get("lifecycle") or {}).get(name) or {}
        if handler.get("httpGet") is not None:
            _http_get(handler["httpGet"])


def _probe(probe: dict[str, Any]) -> None:
    for field, value in (
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ):
        probe.setdefault(field, value)
    if probe.get("httpGet") is not None:
        _http_get(probe["httpGet"])
    if probe.get("grpc") is not None:
        probe["grpc"].setdefault("service", "")


def _http_get(action: dict[str, Any]) -> None:
    action.setdefault("path", "/")
    action.setdefault("scheme", "HTTP")


def _volume(volume: dict[str, Any]) -> None:
    if len(volume) == 1:
        volume["emptyDir"] = {}
    for source in _MODES:
        if volume.get(source) is not None:
            volume[source].setdefault("defaultMode", 420)
            _projection_items(volume[source])
    if volume.get("hostPath") is not None:
        volume["hostPath"].setdefault("type", "")
    for projection in (volume.get("projected") or {}).get("sources") or ():
        if projection.get("serviceAccountToken") is not None:
            projection["serviceAccountToken"].setdefault("expirationSeconds", 3600)
        if projection.get("downwardAPI") is not None:
            _projection_items(projection["downwardAPI"])
    if volume.get("image") is not None:
        latest = tag_of(volume["image"].get("reference", "")) == "latest"
        volume["image"].setdefault("pullPolicy", "Always" if latest else "IfNotPresent")


def _projection_items(source: dict[str, Any]) -> None:
    for item in source.get("items") or ():
        if item.get("fieldRef") is not None:
            item["fieldRef"].setdefault("apiVersion", "v1")
