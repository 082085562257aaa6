# SPDX-License-Identifier: Apache-2.0
"""The annotation sidecar.istio.io/status: what injection has added to a pod, so that it can be done again."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass

from lateen.inject import annotation
from lateen.inject.document import Document, annotations_of, mapping, objects


@dataclass(frozen=True, slots=True)
class Injected:
    """Names of the containers that an earlier injection has added."""

    containers: frozenset[str] = frozenset()
    init_containers: frozenset[str] = frozenset()

    def of(self, field: str) -> frozenset[str]:
        """Those of `containers` or `initContainers`."""
        return self.containers if field == "containers" else self.init_containers


def earlier_injection(pod: Document) -> Injected | None:
    """What an earlier injection has added; None for a pod that has seen none."""
    text = annotations_of(pod).get(annotation.STATUS)
    if text is None:
        return None
    try:
        status = mapping(json.loads(text))
    except (ValueError, RecursionError):
        return Injected()
    return Injected(_names(status.get("containers")), _names(status.get("initContainers")))


def status_annotation(template: Document, revision: str) -> str:
    """The annotation's value for what a template adds."""
    spec = mapping(template.get("spec"))
    fields = ("initContainers", "containers", "volumes", "imagePullSecrets")
    status: Document = {field: [item["name"] for item in objects(spec.get(field))] or None for field in fields}
    return json.dumps({**status, "revision": revision}, separators=(",", ":"))


def without_earlier(pod: Document) -> Document:
    """The pod as it was before an earlier injection, as far as templates look at it."""
    pod = copy.deepcopy(pod)
    injected = earlier_injection(pod)
    if injected is None:
        return pod
    spec = mapping(pod.get("spec"))
    for field in ("containers", "initContainers"):
        if field in spec:
            spec[field] = [item for item in objects(spec[field]) if item.get("name") not in injected.of(field)]
    return pod


def _names(value: object) -> frozenset[str]:
    return frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()
