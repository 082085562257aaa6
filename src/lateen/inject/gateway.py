# SPDX-License-Identifier: Apache-2.0
"""The template `gateway`: the pod's one container becomes a gateway's proxy."""

from __future__ import annotations

from lateen.inject import annotation
from lateen.inject.document import PROXY, Document
from lateen.inject.environment import proxy_environment
from lateen.inject.image import proxy_image
from lateen.inject.init_container import PROXY_USER
from lateen.inject.labels import canonical_labels
from lateen.inject.sidecar_container import proxy_arguments, readiness_probe
from lateen.inject.target import Target
from lateen.inject.volumes import proxy_volume_mounts, proxy_volumes


def gateway(target: Target) -> Document:
    """A part of a pod, to be merged onto the pod, whose container `istio-proxy` has the image `auto`."""
    settings = target.settings
    proxy: Document = {
        "name": PROXY,
        "image": proxy_image(target),
        "ports": [{"containerPort": 15090, "protocol": "TCP", "name": "http-envoy-prom"}],
        "args": proxy_arguments(target, "router"),
        "env": proxy_environment(target, gateway=True),
        "securityContext": {"runAsUser": PROXY_USER, "runAsGroup": PROXY_USER},
        "readinessProbe": readiness_probe(
            settings.readiness_initial_delay_seconds,
            settings.readiness_period_seconds,
            settings.readiness_failure_threshold,
        ),
        "volumeMounts": proxy_volume_mounts(target, gateway=True),
    }
    if settings.image_pull_policy:
        proxy["imagePullPolicy"] = settings.image_pull_policy
    marks = {annotation.REVISION: settings.revision}
    if len(target.application_containers) == 1:
        only = str(target.application_containers[0].get("name", ""))
        marks |= {annotation.DEFAULT_LOGS_CONTAINER: only, annotation.DEFAULT_CONTAINER: only}
    spec: Document = {
        # Ports 80 and 443 without a capability.
        "securityContext": {"sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]},
        "containers": [proxy],
        "volumes": proxy_volumes(target, gateway=True),
    }
    if settings.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in settings.image_pull_secrets]
    return {"metadata": {"labels": canonical_labels(target), "annotations": marks}, "spec": spec}
