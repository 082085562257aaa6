# SPDX-License-Identifier: Apache-2.0
"""The part `node`: the controllers and the node agent of a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import uvloop

from lateen.app.cluster_images import catalogue
from lateen.app.cluster_layout import RUNTIME, Layout
from lateen.app.cluster_objects import LABELS, SYSTEM, create_objects
from lateen.controllers.run import run_controllers
from lateen.kube.client import KubeClient
from lateen.kube.reflector import Changed, Listed, reflect
from lateen.node.agent import Agent
from lateen.node.kinds import POD

NODE = "lateen"
ADDRESS = "127.0.0.1"
"""Where the ports of LoadBalancer Services are on the host."""


def run_node(layout: Layout, mesh_config: str, told: Callable[[str], None], say: Callable[[str], None]) -> None:
    """Until killed; the pods go on then."""
    uvloop.run(_run(layout, mesh_config, told, say))


async def _run(layout: Layout, mesh_config: str, told: Callable[[str], None], say: Callable[[str], None]) -> None:
    async with KubeClient.connect(layout.kubeconfig) as client, asyncio.TaskGroup() as group:
        certificate = (layout.api / "ca.crt").read_text()
        controllers = run_controllers(
            client, certificate=certificate, trouble=say, load_balancer=lambda service: (ADDRESS,)
        )
        group.create_task(controllers)
        group.create_task(Agent(client, NODE, RUNTIME, layout.folder, catalogue(), say).run())
        await create_objects(client, mesh_config, ADDRESS)
        told("node")
        await _gateway_ready(client)
        told("gateway")


async def _gateway_ready(client: KubeClient) -> None:
    """Wait until a gateway's pod is ready."""
    selector = ",".join(f"{key}={value}" for key, value in LABELS.items())
    async for event in reflect(client, POD, SYSTEM, labelSelector=selector):
        pods = event.objects if isinstance(event, Listed) else [event.object] if isinstance(event, Changed) else []
        for pod in pods:
            conditions = (pod.get("status") or {}).get("conditions") or ()
            if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
                return
