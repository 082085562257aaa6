# SPDX-License-Identifier: Apache-2.0
"""StatefulSets: pods with names that stay, made in order and updated from the last to the first (apps/v1)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lateen.controllers.controller import Controller, Informers
from lateen.controllers.kinds import POD, STATEFUL_SET
from lateen.controllers.owner import controlled_by, controller_of, selects
from lateen.controllers.pod_state import available_in, is_active, is_terminating
from lateen.controllers.pod_template import pod_from_template, template_hash
from lateen.kube.client import Object
from lateen.kube.errors import ApiError
from lateen.kube.informer import Key, key_of

REVISION_LABEL = "controller-revision-hash"
POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name"
INDEX_LABEL = "apps.kubernetes.io/pod-index"


class StatefulSetController(Controller):
    """One pod per ordinal. OrderedReady waits for each before the next; Parallel does not."""

    def __init__(self, informers: Informers, trouble: Callable[[str], None]) -> None:
        super().__init__(informers, trouble)
        self._sets = informers.of(STATEFUL_SET)
        self._pods = informers.of(POD)
        self._sets.on_change(lambda key, old, new: self.queue.add(key))
        self._pods.on_change(self._pod_changed)

    def _pod_changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        for pod in (old, new):
            owner = controller_of(pod) if pod is not None else None
            if owner is not None and owner["kind"] == STATEFUL_SET.kind:
                self.queue.add((key[0], owner["name"]))

    async def reconcile(self, key: Key) -> None:
        """One step: create what is missing, remove what is too much, replace what is of an older template."""
        body = self._sets.get(key)
        if body is None:
            return
        pods = {
            pod["metadata"]["name"]: pod
            for pod in self._pods.within(key[0])
            if controlled_by(pod, body) and selects(body["spec"]["selector"], pod["metadata"].get("labels"))
        }
        revision = f"{key[1]}-{template_hash(body['spec']['template'])}"
        if not is_terminating(body):
            await self._step(body, pods, revision)
        await self._report(body, pods, revision)

    async def _step(self, body: Object, pods: dict[str, Object], revision: str) -> None:
        name, spec = body["metadata"]["name"], body["spec"]
        start = (spec.get("ordinals") or {}).get("start", 0)
        wanted = [f"{name}-{start + index}" for index in range(spec.get("replicas", 1))]
        one_by_one = spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        for pod_name in wanted:
            pod = pods.get(pod_name)
            if pod is None:
                await self._create(body, pod_name, revision)
            elif not is_active(pod):
                if not is_terminating(pod):  # a pod that has finished gives its name to a new one
                    await self._delete(pod)
            elif not one_by_one or self._available(body, pod):
                continue
            if one_by_one:
                return
        surplus = sorted((p for n, p in pods.items() if n not in wanted), key=_ordinal, reverse=True)
        for pod in surplus:
            if not is_terminating(pod):
                await self._delete(pod)
            if one_by_one:
                return
        if (spec.get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate":
            await self._update(body, [pods[n] for n in wanted if n in pods], revision)

    async def _update(self, body: Object, pods: list[Object], revision: str) -> None:
        """Replace pods of an older template, the last first, one at a time, down to the partition."""
        partition = ((body["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition", 0)
        for pod in sorted(pods, key=_ordinal, reverse=True):
            if _ordinal(pod) < partition:
                return
            if pod["metadata"]["labels"].get(REVISION_LABEL) != revision:
                if not is_terminating(pod):
                    await self._delete(pod)
                return
            if not self._available(body, pod):
                return

    async def _create(self, body: Object, pod_name: str, revision: str) -> None:
        pod = pod_from_template(body["spec"]["template"], body, STATEFUL_SET, name=pod_name)
        pod["metadata"]["labels"] |= {
            REVISION_LABEL: revision,
            POD_NAME_LABEL: pod_name,
            INDEX_LABEL: pod_name.rpartition("-")[2],
        }
        pod["spec"] = {**pod["spec"], "hostname": pod_name, "subdomain": body["spec"].get("serviceName", "")}
        try:
            await self.client.create(POD, pod, body["metadata"]["namespace"])
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise

    async def _delete(self, pod: Object) -> None:
        meta = pod["metadata"]
        await self.client.delete(POD, meta["name"], meta["namespace"], uid=meta["uid"])

    def _available(self, body: Object, pod: Object) -> bool:
        wait = available_in(pod, body["spec"].get("minReadySeconds", 0), time.time())
        if wait:
            self.queue.add_after(key_of(body), wait)
        return wait == 0

    async def _report(self, body: Object, pods: dict[str, Object], revision: str) -> None:
        active = [pod for pod in pods.values() if is_active(pod)]
        ready = [pod for pod in active if available_in(pod, 0, 0) is not None]
        updated = [pod for pod in active if pod["metadata"]["labels"].get(REVISION_LABEL) == revision]
        before = body.get("status") or {}
        done = len(updated) == len(active) == body["spec"].get("replicas", 1) == len(ready)
        status: dict[str, Any] = {
            "observedGeneration": body["metadata"]["generation"],
            "replicas": len(active),
            "readyReplicas": len(ready),
            "currentReplicas": len(active) if done else len(active) - len(updated),
            "updatedReplicas": len(updated),
            "availableReplicas": sum(self._available(body, pod) for pod in ready),
            "currentRevision": revision if done else before.get("currentRevision", revision),
            "updateRevision": revision,
            "collisionCount": 0,
        }
        kept = {k: v for k, v in status.items() if v or k in ("replicas", "availableReplicas", "collisionCount")}
        if kept != before:
            await self.client.replace(STATEFUL_SET, {**body, "status": kept}, "status")


def _ordinal(pod: Object) -> int:
    tail = str(pod["metadata"]["name"]).rpartition("-")[2]
    return int(tail) if tail.isdecimal() else -1
