# SPDX-License-Identifier: Apache-2.0
"""Labels and annotations that an injected pod is marked with."""

from __future__ import annotations

from lateen.inject import annotation
from lateen.inject.init_container import excluded_inbound_ports
from lateen.inject.target import Target


def canonical_labels(target: Target) -> dict[str, str]:
    """Name and revision of the canonical service, by which telemetry groups workloads."""
    labels, name = target.labels, ""
    for label in (annotation.CANONICAL_NAME, "app.kubernetes.io/name", "app"):
        name = name or labels.get(label, "")
    revision = ""
    for label in (annotation.CANONICAL_REVISION, "app.kubernetes.io/version", "version"):
        revision = revision or labels.get(label, "")
    return {
        annotation.CANONICAL_NAME: (name or target.owner.name)[:63].removesuffix("-"),
        annotation.CANONICAL_REVISION: revision or "latest",
    }


def sidecar_labels(target: Target) -> dict[str, str]:
    """Labels of a pod with a sidecar."""
    labels = {annotation.TLS_MODE: target.labels.get(annotation.TLS_MODE) or "istio", **canonical_labels(target)}
    if target.proxy_config.proxy_metadata.get("ISTIO_META_ENABLE_HBONE") == "true":
        labels["networking.istio.io/tunnel"] = target.labels.get("networking.istio.io/tunnel") or "http"
    return labels


def sidecar_annotations(target: Target) -> dict[str, str]:
    """Annotations of a pod with a sidecar: kubectl is to prefer the application's container."""
    found = {annotation.REVISION: target.settings.revision}
    if target.application_containers:
        first = str(target.application_containers[0].get("name", ""))
        found |= {
            name: first
            for name in (annotation.DEFAULT_LOGS_CONTAINER, annotation.DEFAULT_CONTAINER)
            if name not in target.annotations
        }
    return found | _for_node_agent(target) if target.settings.cni else found


def _for_node_agent(target: Target) -> dict[str, str]:
    """What the node agent that redirects traffic reads, with the installation's defaults filled in."""
    settings = target.settings
    wanted = {
        annotation.INTERCEPTION_MODE: target.interception_mode,
        annotation.INCLUDE_INBOUND_PORTS: target.annotation(
            annotation.INCLUDE_INBOUND_PORTS, settings.include_inbound_ports
        ),
        annotation.EXCLUDE_INBOUND_PORTS: excluded_inbound_ports(target),
    }
    for name, default in (
        (annotation.INCLUDE_OUTBOUND_IP_RANGES, settings.include_outbound_ip_ranges),
        (annotation.EXCLUDE_OUTBOUND_IP_RANGES, settings.exclude_outbound_ip_ranges),
        (annotation.INCLUDE_OUTBOUND_PORTS, settings.include_outbound_ports),
        (annotation.EXCLUDE_OUTBOUND_PORTS, settings.exclude_outbound_ports),
    ):
        if value := target.annotation(name, default):
            wanted[name] = value
    return wanted
