# SPDX-License-Identifier: Apache-2.0
"""ReplicaSets: as many pods of a template as asked for (apps/v1 ReplicaSet)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from lateen.controllers.controller import Controller, Informers
from lateen.controllers.kinds import POD, REPLICA_SET
from lateen.controllers.owner import controlled_by, controller_of, controller_reference, selects
from lateen.controllers.pod_state import available_in, is_active, is_ready, is_terminating, removal_rank
from lateen.controllers.pod_template import pod_from_template
from lateen.kube.client import Object
from lateen.kube.errors import ApiError
from lateen.kube.informer import Key, key_of

BURST = 500
"""Pods created or deleted at most in one round."""


class ReplicaSetController(Controller):
    """Creates and deletes pods, adopts orphans that match, and reports what it sees in the status."""

    def __init__(self, informers: Informers, trouble: Callable[[str], None]) -> None:
        super().__init__(informers, trouble)
        self._sets = informers.of(REPLICA_SET)
        self._pods = informers.of(POD)
        self._sets.on_change(lambda key, old, new: self.queue.add(key))
        self._pods.on_change(self._pod_changed)

    def _pod_changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        for pod in (old, new):
            if pod is None:
                continue
            owner = controller_of(pod)
            if owner is not None:
                if owner["kind"] == REPLICA_SET.kind:
                    self.queue.add((key[0], owner["name"]))
            else:
                for body in self._sets.within(key[0]):
                    if selects(body["spec"]["selector"], pod["metadata"].get("labels")):
                        self.queue.add(key_of(body))

    async def reconcile(self, key: Key) -> None:
        """Bring the number of pods in line with `spec.replicas`."""
        body = self._sets.get(key)
        if body is None:
            return
        pods = await self._owned(body)
        active = [pod for pod in pods if is_active(pod)]
        failure: ApiError | None = None
        if not is_terminating(body):
            try:
                await self._scale(body, active)
            except ApiError as error:
                failure = error
        await self._report(body, active, failure)
        if failure is not None:
            raise failure

    async def _owned(self, body: Object) -> list[Object]:
        """The pods it manages; those that match and belong to nobody are adopted, those that no longer match let go."""
        owned = []
        for pod in list(self._pods.within(body["metadata"]["namespace"])):
            matches = selects(body["spec"]["selector"], pod["metadata"].get("labels"))
            if controlled_by(pod, body):
                if matches or is_terminating(body):
                    owned.append(pod)
                else:
                    await self._patch_owner(pod, [])
            elif matches and controller_of(pod) is None and is_active(pod) and not is_terminating(body):
                owned.append(await self._patch_owner(pod, [controller_reference(body, REPLICA_SET)]))
        return owned

    async def _patch_owner(self, pod: Object, references: list[dict[str, Any]]) -> Object:
        meta = pod["metadata"]
        patch = {"metadata": {"uid": meta["uid"], "ownerReferences": references or None}}
        return await self.client.patch(POD, meta["name"], patch, meta["namespace"])

    async def _scale(self, body: Object, active: list[Object]) -> None:
        wanted = body["spec"].get("replicas", 1)
        missing = wanted - len(active)
        namespace = body["metadata"]["namespace"]
        if missing > 0:
            template = body["spec"]["template"]
            # Slowly at first: if the first pod is refused (a quota, an invalid template), the rest would be, too.
            batch = 1
            while missing > 0:
                step = min(batch, missing, BURST)
                await asyncio.gather(
                    *(
                        self.client.create(POD, pod_from_template(template, body, REPLICA_SET), namespace)
                        for _ in range(step)
                    )
                )
                missing -= step
                batch *= 2
        elif missing < 0:
            surplus = sorted(active, key=removal_rank)[: min(-missing, BURST)]
            await asyncio.gather(
                *(
                    self.client.delete(POD, pod["metadata"]["name"], namespace, uid=pod["metadata"]["uid"])
                    for pod in surplus
                )
            )

    async def _report(self, body: Object, active: list[Object], failure: ApiError | None) -> None:
        now = time.time()
        seconds = body["spec"].get("minReadySeconds", 0)
        waits = [w for pod in active if (w := available_in(pod, seconds, now)) is not None]
        labels = (body["spec"]["template"].get("metadata") or {}).get("labels") or {}
        status: dict[str, Any] = {
            "replicas": len(active),
            "fullyLabeledReplicas": sum(
                labels.items() <= (pod["metadata"].get("labels") or {}).items() for pod in active
            ),
            "readyReplicas": sum(map(is_ready, active)),
            "availableReplicas": sum(not wait for wait in waits),
            "observedGeneration": body["metadata"]["generation"],
        }
        if failure is not None:
            status["conditions"] = [
                {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": failure.message}
            ]
        later = [wait for wait in waits if wait]
        if later:
            self.queue.add_after(key_of(body), min(later))
        before = body.get("status") or {}
        if any(before.get(k, 0) != v for k, v in status.items()) or (before.get("conditions") and failure is None):
            # Zero counts are left out by the API, except `replicas`.
            kept = {k: v for k, v in status.items() if v or k == "replicas"}
            await self.client.replace(REPLICA_SET, {**body, "status": kept}, "status")
