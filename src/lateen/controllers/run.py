# SPDX-License-Identifier: Apache-2.0
"""All controllers of a small cluster, in one task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lateen.controllers.controller import Controller, Informers
from lateen.controllers.deployment import DeploymentController
from lateen.controllers.endpoint_slice import EndpointSliceController
from lateen.controllers.endpoint_slice_mirroring import EndpointSliceMirroringController
from lateen.controllers.garbage_collector import GarbageCollector
from lateen.controllers.load_balancer import Addresses, LoadBalancerController
from lateen.controllers.namespace import NamespaceController
from lateen.controllers.replica_set import ReplicaSetController
from lateen.controllers.service_account import RootCertificateController, ServiceAccountController
from lateen.controllers.stateful_set import StatefulSetController
from lateen.kube.client import KubeClient


async def run_controllers(
    client: KubeClient, *, certificate: str, trouble: Callable[[str], None], load_balancer: Addresses | None = None
) -> None:
    """Run every controller against `client` until cancelled.

    `certificate` is the PEM text of the API's certificate authority, for `kube-root-ca.crt`; `trouble` is told, in a
    line each, what went wrong. `load_balancer` gives the addresses of LoadBalancer Services, which stay pending without
    it.
    """
    informers = Informers(client, trouble)
    controllers: list[Controller] = [
        DeploymentController(informers, trouble),
        ReplicaSetController(informers, trouble),
        StatefulSetController(informers, trouble),
        EndpointSliceController(informers, trouble),
        EndpointSliceMirroringController(informers, trouble),
        NamespaceController(informers, trouble),
        ServiceAccountController(informers, trouble),
        RootCertificateController(informers, trouble, certificate),
    ]
    if load_balancer is not None:
        controllers.append(LoadBalancerController(informers, trouble, load_balancer))
    async with asyncio.TaskGroup() as group:
        group.create_task(informers.run())
        group.create_task(GarbageCollector(client, trouble).run())
        for controller in controllers:
            group.create_task(controller.run())
