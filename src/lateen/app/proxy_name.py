# SPDX-License-Identifier: Apache-2.0
"""Which proxy a person means: a Pod among the documents, or a node id."""

from __future__ import annotations

from collections.abc import Mapping

from lateen.app.control_plane import ControlPlane
from lateen.compile.workload import Role, Workload, labels_of
from lateen.model.core.pod import Pod

GATEWAY_LABEL = "istio"
"""A Pod whose label says `ingressgateway`, `egressgateway` or the like runs a gateway and no sidecar."""


class UnknownProxyError(LookupError):
    """No such proxy; the message names those there are."""


def find_proxy(plane: ControlPlane, name: str, labels: Mapping[str, str]) -> Workload:
    """The workload called `name` (`pod`, `pod.namespace` or a node id); `labels` are added to what is known of it.

    Raises UnknownProxyError.
    """
    if "~" in name:
        parts = name.split("~")
        pod, dot, namespace = parts[2].rpartition(".") if len(parts) == 4 else ("", "", "")
        if not dot or parts[0] not in (Role.SIDECAR, Role.ROUTER):
            raise UnknownProxyError(f"{name!r} is no node id: it is type~ip~name.namespace~domain")
        return Workload(
            role=Role(parts[0]), name=pod, namespace=namespace, ips=(parts[1],), labels=labels_of(dict(labels))
        )
    pods = [found for found in plane.state.objects.values() if isinstance(found, Pod)]
    chosen = [pod for pod in pods if name in (pod.name, f"{pod.name}.{pod.namespace}")]
    if len(chosen) != 1:
        names = sorted(f"{pod.name}.{pod.namespace}" for pod in chosen or pods)
        why = "names several Pods" if chosen else "is no Pod among the documents"
        listed = f"; there are {', '.join(names[:20])}" if names else "; there are none: give a node id"
        raise UnknownProxyError(f"{name!r} {why}{listed}")
    return workload_of_pod(chosen[0], labels)


def workload_of_pod(pod: Pod, labels: Mapping[str, str]) -> Workload:
    """The proxy of a Pod: a gateway if its labels say so, else a sidecar."""
    carried = {**pod.metadata.labels, **labels}
    addresses = tuple(entry.ip for entry in pod.status.pod_ips) or (pod.status.pod_ip,)
    return Workload(
        role=Role.ROUTER if carried.get(GATEWAY_LABEL, "").endswith("gateway") else Role.SIDECAR,
        name=pod.name,
        namespace=pod.namespace,
        ips=addresses,
        labels=labels_of(carried),
        service_account=pod.spec.service_account_name,
        node=pod.spec.node_name,
    )
