# SPDX-License-Identifier: Apache-2.0
"""The kinds of the core group, `v1`."""

from __future__ import annotations

from lateen.apiserver.registry.builtin import builtin
from lateen.apiserver.registry.kind import Kind, Strategy, Subresource
from lateen.apiserver.strategy import endpoints, namespace, node, pod, secret, service
from lateen.apiserver.tables import core, pods
from lateen.apiserver.tables.columns import NAME_AND_AGE

_STATUS_ONLY = ("create", "delete", "get", "list", "patch", "update", "watch")


def kinds() -> list[Kind]:
    return [
        builtin("", "v1", "Binding", verbs=("create",)),
        builtin("", "v1", "ConfigMap", short_names=("cm",), table=core.CONFIG_MAP, strategy=secret.CONFIG_MAP),
        builtin(
            "",
            "v1",
            "Endpoints",
            plural="endpoints",
            singular="endpoints",
            short_names=("ep",),
            table=core.ENDPOINTS,
            strategy=endpoints.STRATEGY,
            warnings={"v1": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"},
        ),
        builtin("", "v1", "Event", short_names=("ev",), table=core.EVENT, strategy=Strategy(create_on_update=True)),
        builtin(
            "",
            "v1",
            "Namespace",
            namespaced=False,
            short_names=("ns",),
            verbs=_STATUS_ONLY,
            subresources=(
                Subresource("finalize", "Namespace", ("update",)),
                Subresource("status", "Namespace"),
            ),
            table=core.NAMESPACE,
            strategy=namespace.STRATEGY,
        ),
        builtin(
            "",
            "v1",
            "Node",
            namespaced=False,
            short_names=("no",),
            subresources=(Subresource("status", "Node"),),
            table=core.NODE,
            strategy=node.STRATEGY,
        ),
        builtin(
            "",
            "v1",
            "Pod",
            short_names=("po",),
            categories=("all",),
            subresources=(
                Subresource("attach", "PodAttachOptions", ("create", "get")),
                Subresource("binding", "Binding", ("create",)),
                Subresource("eviction", "Eviction", ("create",), "policy", "v1"),
                Subresource("exec", "PodExecOptions", ("create", "get")),
                Subresource("log", "Pod", ("get",)),
                Subresource("portforward", "PodPortForwardOptions", ("create", "get")),
                Subresource("status", "Pod"),
            ),
            table=pods.TABLE,
            strategy=pod.STRATEGY,
        ),
        builtin("", "v1", "Secret", table=core.SECRET, strategy=secret.SECRET),
        builtin(
            "",
            "v1",
            "ServiceAccount",
            short_names=("sa",),
            subresources=(Subresource("token", "TokenRequest", ("create",), "authentication.k8s.io", "v1"),),
            table=NAME_AND_AGE,
            strategy=Strategy(returns_deleted=True),
        ),
        builtin(
            "",
            "v1",
            "Service",
            short_names=("svc",),
            categories=("all",),
            subresources=(Subresource("status", "Service"),),
            table=core.SERVICE,
            strategy=service.STRATEGY,
        ),
    ]
