# SPDX-License-Identifier: Apache-2.0
"""The template `sidecar`: what a pod gets beside its own containers."""

from __future__ import annotations

from lateen.inject.document import Document
from lateen.inject.init_container import init_container
from lateen.inject.labels import sidecar_annotations, sidecar_labels
from lateen.inject.sidecar_container import sidecar_container
from lateen.inject.target import Target
from lateen.inject.volumes import proxy_volumes


def sidecar(target: Target) -> Document:
    """A part of a pod, to be merged onto the pod."""
    init = init_container(target)
    before = [init] if init is not None else []
    proxy = sidecar_container(target)
    spec: Document = {
        "initContainers": [*before, proxy] if target.is_native else before,
        "containers": [] if target.is_native else [proxy],
        "volumes": proxy_volumes(target),
    }
    if target.settings.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in target.settings.image_pull_secrets]
    return {
        "metadata": {"labels": sidecar_labels(target), "annotations": sidecar_annotations(target)},
        "spec": spec,
    }
