# SPDX-License-Identifier: Apache-2.0
"""Which container of which pod a stream is for, and whether there is anything to stream from."""

from __future__ import annotations

from lateen.apiserver.operations.call import Call
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.read import find
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.status import ApiError, bad_request

STREAMS = frozenset(("attach", "exec", "portforward"))
"""Subresources of pods that are served over WebSockets."""
NO_STREAMS = "this server runs no pods: there is nobody to stream from"


def pod_of(cluster: Cluster, call: Call) -> Document:
    """The pod, which must be on a node. Raises ApiError."""
    pod = find(cluster, call).document()
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {call.name} does not have a host assigned")
    return pod


def container_of(call: Call, pod: Document) -> str:
    """The container that is named, or the only one. Raises ApiError (400)."""
    spec = pod["spec"]
    wanted = call.query.get("container", "")
    own = [c["name"] for c in spec.get("containers") or ()]
    first = [c["name"] for c in spec.get("initContainers") or ()]
    if not wanted:
        if len(own) == 1:
            return str(own[0])
        message = f"a container name must be specified for pod {call.name}, choose one of: [{' '.join(own)}]"
        if first:
            message += f" or one of the init containers: [{' '.join(first)}]"
        raise bad_request(message)
    if wanted not in own and wanted not in first:
        raise bad_request(f"container {wanted} is not valid for pod {call.name}")
    return wanted


def check_started(call: Call, pod: Document, container: str) -> None:
    """A container that has never run has no log. Raises ApiError (400)."""
    status = pod.get("status") or {}
    for entry in (*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())):
        if entry.get("name") == container:
            state = entry.get("state") or {}
            waiting = state.get("waiting")
            if call.flag("previous"):
                if not (entry.get("lastState") or {}).get("terminated"):
                    raise bad_request(f'previous terminated container "{container}" in pod "{call.name}" not found')
            elif waiting and not (entry.get("lastState") or {}).get("terminated"):
                reason = waiting.get("reason", "ContainerCreating")
                raise bad_request(f'container "{container}" in pod "{call.name}" is waiting to start: {reason}')


def unavailable(error: OSError) -> ApiError:
    return ApiError(500, "InternalError", f"Internal error occurred: {error}", {"causes": [{"message": str(error)}]})
