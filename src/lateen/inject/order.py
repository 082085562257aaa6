# SPDX-License-Identifier: Apache-2.0
"""The order in which containers start."""

from __future__ import annotations

from lateen.inject import annotation
from lateen.inject.document import INIT, PROXY, VALIDATION, Document, containers, named
from lateen.inject.target import Target


def order_containers(pod: Document, target: Target) -> None:
    """Put the proxy's containers where they belong; changes `pod`.

    An ordinary sidecar is the last container, so that `kubectl exec` finds the application's, or the first one when the
    application waits for it. A native one comes right after istio-init, and every other init container has a proxy.
    Otherwise istio-init is the last init container: traffic redirected before there is a proxy would be lost.
    """
    spec = pod["spec"]
    _move(spec, "containers", PROXY, first=target.holds_application)
    if named(containers(pod, "initContainers"), PROXY) is None:
        _move(spec, "initContainers", VALIDATION, first=True)
        _move(spec, "initContainers", INIT, first=False)
        return
    earlier = target.annotations.get(annotation.BEFORE_PROXY, "").split(",")
    for name in (PROXY, *reversed(list(dict.fromkeys(earlier))), VALIDATION, INIT):
        _move(spec, "initContainers", name, first=True)


def _move(spec: Document, field: str, name: str, *, first: bool) -> None:
    items = spec.get(field)
    if not isinstance(items, list):
        return
    moved = [item for item in items if isinstance(item, dict) and item.get("name") == name]
    rest = [item for item in items if not (isinstance(item, dict) and item.get("name") == name)]
    spec[field] = [*moved, *rest] if first else [*rest, *moved]
