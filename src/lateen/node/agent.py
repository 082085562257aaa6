# SPDX-License-Identifier: Apache-2.0
"""The node agent: takes pods in, gives each an address and a worker."""

from __future__ import annotations

import asyncio
import ipaddress
import time
import uuid
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lateen.kube.client import KubeClient, Object
from lateen.kube.errors import ApiError, UnreachableError
from lateen.kube.informer import Informer, Key
from lateen.node.environment import service_variables
from lateen.node.image_catalogue import Images
from lateen.node.keeper import pod_folder
from lateen.node.kinds import CONFIG_MAP, EVENT, NODE, POD, SECRET, SERVICE
from lateen.node.netns import DNS_ADDRESS, POD_NETWORK
from lateen.node.pod_container import Place
from lateen.node.pod_status import HOST_ADDRESS
from lateen.node.pod_worker import PodWorker

_FIRST_POD = 2
"""The first address of the pods' network is the bridge's."""


class Agent:
    """Runs the pods of one node. `runtime` is the cluster's folder in memory, `data` that of what is kept on disk."""

    def __init__(
        self,
        client: KubeClient,
        name: str,
        runtime: Path,
        data: Path,
        images: Images,
        trouble: Callable[[str], None],
        domain: str = "cluster.local",
    ) -> None:
        self.client = client
        self.images = images
        self.runtime = runtime
        self._name = name
        self._data = data
        self._domain = domain
        self._trouble = trouble
        self._informers = {kind: Informer(client, kind, trouble=trouble) for kind in (POD, SERVICE, CONFIG_MAP, SECRET)}
        self._workers: dict[str, tuple[PodWorker, asyncio.Task[None]]] = {}
        self._addresses: dict[str, str] = {}
        """Address -> uid of the pod that has it."""
        self._background: set[asyncio.Task[None]] = set()
        self._started = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; the pods then go on, and another agent finds them."""
        try:
            async with asyncio.TaskGroup() as group:
                for informer in self._informers.values():
                    group.create_task(informer.run())
                for informer in self._informers.values():
                    await informer.synced.wait()
                await self._register()
                for pod in self._informers[POD]:
                    if address := (pod.get("status") or {}).get("podIP"):
                        self._addresses.setdefault(address, pod["metadata"]["uid"])
                self._informers[POD].on_change(self._pod_changed)
                for kind in (CONFIG_MAP, SECRET):
                    self._informers[kind].on_change(self._data_changed)
        finally:
            for _, task in self._workers.values():
                task.cancel()

    # -- Host ---------------------------------------------------------------------------------------------------------

    def place(self, pod: Object, address: str) -> Place:
        """Where a pod's things are."""
        uid = pod["metadata"]["uid"]
        return Place(
            address=address,
            dns=DNS_ADDRESS,
            domain=self._domain,
            volumes=pod_folder(self.runtime, uid) / "volumes",
            xds=self.runtime / "xds" / uid,
            logs=self._data / "logs" / uid,
        )

    def find(self, namespace: str, kind: str, name: str) -> Object | None:
        """A ConfigMap or Secret."""
        return self._informers[SECRET if kind == "Secret" else CONFIG_MAP].get((namespace, name))

    def services(self, namespace: str) -> dict[str, str]:
        """The variables that tell containers of services."""
        return service_variables(self._informers[SERVICE].within(namespace))

    async def event(self, pod: Object, reason: str, message: str, *, warning: bool = False) -> None:
        """Tell the user, as an Event of the pod."""
        meta = pod["metadata"]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body: Object = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{meta['name']}.{time.time_ns():x}", "namespace": meta["namespace"]},
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": meta["name"],
                "namespace": meta["namespace"],
                "uid": meta["uid"],
            },
            "type": "Warning" if warning else "Normal",
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": "kubelet", "host": self._name},
            "reportingComponent": "kubelet",
            "reportingInstance": self._name,
        }
        try:
            await self.client.create(EVENT, body, meta["namespace"])
        except (ApiError, UnreachableError) as error:
            self._trouble(f"event of pod {meta['namespace']}/{meta['name']}: {error}")

    # -- pods ---------------------------------------------------------------------------------------------------------

    def _pod_changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        if old is not None and (new is None or new["metadata"]["uid"] != old["metadata"]["uid"]):
            # Removed behind our back: its worker takes what is left of it away.
            known = self._workers.get(old["metadata"]["uid"])
            if known is not None:
                ended = {
                    **old,
                    "metadata": {**old["metadata"], "deletionTimestamp": "now", "deletionGracePeriodSeconds": 0},
                }
                known[0].update(ended)
        if new is None:
            return
        node = new["spec"].get("nodeName")
        if not node and not new["metadata"].get("deletionTimestamp") and not new["spec"].get("schedulingGates"):
            self._spawn(self._bind(new))
        elif node == self._name:
            self._run(new)

    def _run(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        known = self._workers.get(uid)
        if known is not None:
            known[0].update(pod)
            return
        worker = PodWorker(self, pod, self._address_for(pod))
        task = asyncio.create_task(worker.run())
        self._workers[uid] = (worker, task)
        task.add_done_callback(lambda done: self._ended(worker, done))

    def _ended(self, worker: PodWorker, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        del self._workers[worker.uid]
        if self._addresses.get(worker.address) == worker.uid:
            del self._addresses[worker.address]
        if error := task.exception():
            self._trouble(f"pod {worker.uid}: {type(error).__name__}: {error}")
            for pod in self._informers[POD]:
                if pod["metadata"]["uid"] == worker.uid:
                    asyncio.get_running_loop().call_later(1.0, self._run, pod)

    def _address_for(self, pod: Object) -> str:
        uid = pod["metadata"]["uid"]
        held = (pod.get("status") or {}).get("podIP")
        if held and self._addresses.get(held, uid) == uid:
            self._addresses[held] = uid
            return str(held)
        network = ipaddress.ip_network(POD_NETWORK)
        address = next(
            str(network[number])
            for number in range(_FIRST_POD, network.num_addresses - 1)
            if str(network[number]) not in self._addresses
        )
        self._addresses[address] = uid
        return address

    def _data_changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        for worker, _ in self._workers.values():
            worker.wake()

    async def _bind(self, pod: Object) -> None:
        meta = pod["metadata"]
        body: Object = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": self._name},
        }
        try:
            await self.client.create(POD, body, meta["namespace"], "binding", meta["name"])
        except ApiError as error:
            if not error.conflict and not error.not_found:
                self._trouble(f"pod {meta['namespace']}/{meta['name']}: {error}")
        except UnreachableError:
            asyncio.get_running_loop().call_later(1.0, lambda: self._spawn(self._bind(pod)))

    async def _register(self) -> None:
        """The node's own object."""
        body: Object = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": self._name,
                "labels": {"kubernetes.io/hostname": self._name, "kubernetes.io/os": "linux"},
            },
            "spec": {"podCIDR": POD_NETWORK},
        }
        try:
            await self.client.create(NODE, body)
        except ApiError as error:
            if error.code != 409:
                raise
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "pods run as namespaces of this machine",
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        }
        status = {
            "conditions": [ready],
            "addresses": [{"type": "InternalIP", "address": HOST_ADDRESS}, {"type": "Hostname", "address": self._name}],
            "capacity": {"pods": "250"},
            "allocatable": {"pods": "250"},
            "nodeInfo": {
                "kubeletVersion": "v1.33.1",
                "containerRuntimeVersion": "lateen://0.1",
                "operatingSystem": "linux",
                "machineID": uuid.getnode().to_bytes(6, "big").hex(),
            },
        }
        await self.client.patch(NODE, self._name, {"status": status}, subresource="status")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
