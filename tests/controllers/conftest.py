# SPDX-License-Identifier: Apache-2.0
"""A small cluster: the embedded API, the controllers as its clients, and pods whose states a test decides."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from lateen.apiserver.server import ApiServer, Config
from lateen.controllers.kinds import POD, SERVICE_ACCOUNT
from lateen.controllers.run import run_controllers
from lateen.kube.client import KubeClient, Object
from lateen.kube.kind import Kind
from lateen.kube.reflector import Listed, Removed, reflect

PATIENCE = 20.0


class Cluster:
    """The API with controllers. `trouble` collects what they complained about."""

    def __init__(self, client: KubeClient, kubeconfig: Path, trouble: list[str]) -> None:
        self.client = client
        self.kubeconfig = kubeconfig
        self.trouble = trouble

    async def until(self, read: Callable[[], Awaitable[Any]]) -> Any:
        """The first true answer of `read`."""
        last: Any = None
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    last = await read()
                    if last:
                        return last
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"waited {PATIENCE} s in vain; {self.trouble}") from None

    async def names(self, kind: Kind, namespace: str = "default") -> list[str]:
        """The objects of a kind that are there and are not going."""
        found, _ = await self.client.list(kind, namespace)
        return sorted(o["metadata"]["name"] for o in found if not o["metadata"].get("deletionTimestamp"))


async def _run_pods(client: KubeClient, works: Callable[[Object], bool]) -> None:
    """What a node does, as far as controllers see it: pods run and get ready (if they `work`), and end when told."""
    number = 0
    async for event in reflect(client, POD):
        pods = event.objects if isinstance(event, Listed) else [] if isinstance(event, Removed) else [event.object]
        for pod in pods:
            meta = pod["metadata"]
            if meta.get("deletionTimestamp"):
                await client.delete(POD, meta["name"], meta["namespace"], grace=0)
            elif "podIP" not in pod.get("status", {}):
                number += 1
                ready = "True" if works(pod) else "False"
                ip = f"10.1.{number >> 8}.{number & 255}"
                condition = {"type": "Ready", "status": ready, "lastTransitionTime": "2020-01-01T00:00:00Z"}
                status = {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": [condition]}
                await client.patch(POD, meta["name"], {"status": status}, meta["namespace"], subresource="status")


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    """A cluster whose pods get ready, unless their image is called `broken`.

    LoadBalancer Services are reached where their annotation `at` says.
    """
    trouble: list[str] = []

    def works(pod: Object) -> bool:
        return all(container["image"] != "broken" for container in pod["spec"]["containers"])

    async with (
        ApiServer(Config(data=tmp_path / "data", port=0)) as server,
        KubeClient.connect(server.kubeconfig) as client,
    ):
        tasks = [
            asyncio.create_task(
                run_controllers(
                    client,
                    certificate="the certificate",
                    trouble=trouble.append,
                    load_balancer=lambda service: service["metadata"].get("annotations", {}).get("at", "").split(),
                )
            ),
            asyncio.create_task(_run_pods(client, works)),
        ]
        try:
            made = Cluster(client, server.kubeconfig, trouble)
            await made.until(lambda: made.names(SERVICE_ACCOUNT))
            yield made
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task
