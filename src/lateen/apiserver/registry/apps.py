# SPDX-License-Identifier: Apache-2.0
"""The kinds of `apps/v1`, and the scale subresource they share."""

from __future__ import annotations

from lateen.apiserver.registry.builtin import builtin
from lateen.apiserver.registry.kind import Kind, Scale, Subresource
from lateen.apiserver.strategy import workload
from lateen.apiserver.tables import apps

_SCALE = Subresource("scale", "Scale", group="autoscaling", version="v1")


def kinds() -> list[Kind]:
    return [
        builtin(
            "apps",
            "v1",
            "ControllerRevision",
            table=apps.CONTROLLER_REVISION,
            strategy=workload.CONTROLLER_REVISION,
        ),
        builtin(
            "apps",
            "v1",
            "Deployment",
            short_names=("deploy",),
            categories=("all",),
            subresources=(_SCALE, Subresource("status", "Deployment")),
            scale=Scale(),
            table=apps.DEPLOYMENT,
            strategy=workload.DEPLOYMENT,
        ),
        builtin(
            "apps",
            "v1",
            "ReplicaSet",
            short_names=("rs",),
            categories=("all",),
            subresources=(_SCALE, Subresource("status", "ReplicaSet")),
            scale=Scale(),
            table=apps.REPLICA_SET,
            strategy=workload.REPLICA_SET,
        ),
        builtin(
            "apps",
            "v1",
            "StatefulSet",
            short_names=("sts",),
            categories=("all",),
            subresources=(_SCALE, Subresource("status", "StatefulSet")),
            scale=Scale(),
            table=apps.STATEFUL_SET,
            strategy=workload.STATEFUL_SET,
        ),
    ]
