# SPDX-License-Identifier: Apache-2.0
"""Deployments: ReplicaSets, one per template, and the way from the old ones to the new (apps/v1 Deployment)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lateen.controllers.controller import Controller, Informers
from lateen.controllers.deployment_status import deadline_in, is_complete, new_status
from lateen.controllers.kinds import DEPLOYMENT, POD, REPLICA_SET
from lateen.controllers.owner import controlled_by, controller_of, controller_reference, selects
from lateen.controllers.pod_state import is_terminating
from lateen.controllers.pod_template import HASH_LABEL, same_template, template_hash
from lateen.controllers.rolling_update import grow_new, limits, replicas_of, shrink_old, spread
from lateen.kube.client import Object
from lateen.kube.errors import ApiError
from lateen.kube.informer import Key, key_of

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
NOT_COPIED = frozenset({REVISION, HISTORY, DESIRED, MAXIMUM, "kubectl.kubernetes.io/last-applied-configuration"})
"""Annotations that belong to one object and do not go on to its ReplicaSets."""


class DeploymentController(Controller):
    """Rolling updates and re-creation, pause, roll-back (a template that was there before), history, progress."""

    def __init__(self, informers: Informers, trouble: Callable[[str], None]) -> None:
        super().__init__(informers, trouble)
        self._deployments = informers.of(DEPLOYMENT)
        self._sets = informers.of(REPLICA_SET)
        self._pods = informers.of(POD)
        self._deployments.on_change(lambda key, old, new: self.queue.add(key))
        self._sets.on_change(self._set_changed)
        self._pods.on_change(self._pod_changed)

    def _set_changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        for body in (old, new):
            if body is None:
                continue
            owner = controller_of(body)
            if owner is not None and owner["kind"] == DEPLOYMENT.kind:
                self.queue.add((key[0], owner["name"]))
            elif owner is None:
                for deployment in self._deployments.within(key[0]):
                    if selects(deployment["spec"]["selector"], body["metadata"].get("labels")):
                        self.queue.add(key_of(deployment))

    def _pod_changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        """Re-creation waits for the last old pod to be gone."""
        if new is not None or old is None:
            return
        owner = controller_of(old)
        parent = self._sets.get((key[0], owner["name"])) if owner else None
        if parent is not None:
            self._set_changed(key, parent, None)

    async def reconcile(self, key: Key) -> None:
        """One step towards the present template and number of replicas."""
        deployment = self._deployments.get(key)
        if deployment is None:
            return
        sets = await self._owned(deployment)
        new = self._of_template(deployment, sets)
        if is_terminating(deployment):
            await self._report(deployment, new, sets)
            return
        if not deployment["spec"].get("paused"):
            revision = self._next_revision(new, sets)
            if new is None:
                new = await self._create(deployment, revision)
                sets = [*sets, new]
            new = await self._annotate(deployment, new, revision)
            sets = [new if body["metadata"]["uid"] == new["metadata"]["uid"] else body for body in sets]
            if deployment["metadata"].get("annotations", {}).get(REVISION) != new["metadata"]["annotations"][REVISION]:
                patch = {"metadata": {"annotations": {REVISION: new["metadata"]["annotations"][REVISION]}}}
                deployment = await self.client.patch(DEPLOYMENT, key[1], patch, key[0])
        await self._scale(deployment, new, sets)
        await self._report(deployment, new, sets)

    async def _owned(self, deployment: Object) -> list[Object]:
        """Its ReplicaSets, oldest first; matching ones that belong to nobody are adopted."""
        owned = []
        for body in list(self._sets.within(deployment["metadata"]["namespace"])):
            if controlled_by(body, deployment):
                owned.append(body)
            elif (
                controller_of(body) is None
                and selects(deployment["spec"]["selector"], body["metadata"].get("labels"))
                and not is_terminating(deployment)
                and not is_terminating(body)
            ):
                meta = body["metadata"]
                reference = [controller_reference(deployment, DEPLOYMENT)]
                patch = {"metadata": {"uid": meta["uid"], "ownerReferences": reference}}
                owned.append(await self.client.patch(REPLICA_SET, meta["name"], patch, meta["namespace"]))
        return sorted(owned, key=lambda b: (b["metadata"]["creationTimestamp"], b["metadata"]["name"]))

    def _of_template(self, deployment: Object, sets: list[Object]) -> Object | None:
        template = deployment["spec"]["template"]
        return next((body for body in sets if same_template(body["spec"]["template"], template)), None)

    def _next_revision(self, new: Object | None, sets: list[Object]) -> int:
        others = [body for body in sets if body is not new]
        return max((_revision(body) for body in others), default=0) + 1

    async def _create(self, deployment: Object, revision: int) -> Object:
        meta, spec = deployment["metadata"], deployment["spec"]
        collisions = (deployment.get("status") or {}).get("collisionCount", 0)
        hash_ = template_hash(spec["template"], collisions)
        template = spec["template"]
        labels = {**(template.get("metadata", {}).get("labels") or {}), HASH_LABEL: hash_}
        selector = spec["selector"]
        body: Object = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-{hash_}",
                "namespace": meta["namespace"],
                "labels": labels,
                "annotations": self._annotations(deployment, revision),
                "ownerReferences": [controller_reference(deployment, DEPLOYMENT)],
            },
            "spec": {
                "replicas": 0,
                "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), HASH_LABEL: hash_}},
                "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
            },
        }
        if spec.get("minReadySeconds"):
            body["spec"]["minReadySeconds"] = spec["minReadySeconds"]
        try:
            return await self.client.create(REPLICA_SET, body, meta["namespace"])
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            found = await self.client.get(REPLICA_SET, body["metadata"]["name"], meta["namespace"])
            if controlled_by(found, deployment) and same_template(found["spec"]["template"], template):
                return found
            status = {**(deployment.get("status") or {}), "collisionCount": collisions + 1}
            await self.client.replace(DEPLOYMENT, {**deployment, "status": status}, "status")
            raise

    def _annotations(self, deployment: Object, revision: int) -> dict[str, str]:
        wanted = deployment["spec"].get("replicas", 1)
        copied = deployment["metadata"].get("annotations") or {}
        return {
            **{k: v for k, v in copied.items() if k not in NOT_COPIED},
            REVISION: str(revision),
            DESIRED: str(wanted),
            MAXIMUM: str(wanted + limits(deployment).surge),
        }

    async def _annotate(self, deployment: Object, new: Object, revision: int) -> Object:
        """Give the ReplicaSet of the present template the newest revision (after a roll-back it had an older one)."""
        before = new["metadata"].get("annotations") or {}
        after = {**before, **self._annotations(deployment, max(revision, _revision(new)))}
        if _revision(new) and after[REVISION] != before[REVISION]:
            after[HISTORY] = ",".join(filter(None, (before.get(HISTORY, ""), before[REVISION])))
        if after == before and new["spec"].get("minReadySeconds", 0) == deployment["spec"].get("minReadySeconds", 0):
            return new
        meta = new["metadata"]
        patch = {
            "metadata": {"annotations": after},
            "spec": {"minReadySeconds": deployment["spec"].get("minReadySeconds")},
        }
        return await self.client.patch(REPLICA_SET, meta["name"], patch, meta["namespace"])

    async def _scale(self, deployment: Object, new: Object | None, sets: list[Object]) -> None:
        old = [body for body in sets if new is None or body["metadata"]["uid"] != new["metadata"]["uid"]]
        active = [body for body in sets if replicas_of(body)]
        if self._is_scaling(deployment, active) or deployment["spec"].get("paused"):
            if len(active) == 1:
                await self._resize(deployment, active[0], deployment["spec"].get("replicas", 1))
            elif len(active) > 1:
                await self._resize_all(deployment, active, spread(deployment, active))
            elif deployment["spec"].get("paused") and new is not None:
                await self._resize(deployment, new, deployment["spec"].get("replicas", 1))
            return
        if new is None:
            return
        if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
            await self._resize_all(deployment, old, {b["metadata"]["name"]: 0 for b in old if replicas_of(b)})
            if not any(self._has_pods(body) for body in old):
                await self._resize(deployment, new, deployment["spec"].get("replicas", 1))
        else:
            grown = await self._resize(deployment, new, grow_new(deployment, new, sets))
            await self._resize_all(deployment, old, shrink_old(deployment, grown, old))
        if is_complete(deployment, new_status(deployment, new, sets, time.time())):
            await self._clean_up(deployment, old)

    def _is_scaling(self, deployment: Object, active: list[Object]) -> bool:
        """Whether `spec.replicas` has changed since the ReplicaSets were last sized."""
        wanted = str(deployment["spec"].get("replicas", 1))
        noted = [(body["metadata"].get("annotations") or {}).get(DESIRED) for body in active]
        return any(note is not None and note != wanted for note in noted)

    def _has_pods(self, replica_set: Object) -> bool:
        namespace = replica_set["metadata"]["namespace"]
        return any(controlled_by(pod, replica_set) for pod in self._pods.within(namespace))

    async def _resize_all(self, deployment: Object, sets: list[Object], sizes: dict[str, int]) -> None:
        for body in sets:
            await self._resize(deployment, body, sizes.get(body["metadata"]["name"], replicas_of(body)))

    async def _resize(self, deployment: Object, body: Object, size: int) -> Object:
        wanted = deployment["spec"].get("replicas", 1)
        notes = {DESIRED: str(wanted), MAXIMUM: str(wanted + limits(deployment).surge)}
        before = body["metadata"].get("annotations") or {}
        if replicas_of(body) == size and notes.items() <= before.items():
            return body
        meta = body["metadata"]
        patch: dict[str, Any] = {"metadata": {"annotations": notes}, "spec": {"replicas": size}}
        return await self.client.patch(REPLICA_SET, meta["name"], patch, meta["namespace"])

    async def _clean_up(self, deployment: Object, old: list[Object]) -> None:
        """Keep `revisionHistoryLimit` old ReplicaSets to roll back to."""
        keep = deployment["spec"].get("revisionHistoryLimit", 10)
        idle = [
            body
            for body in sorted(old, key=_revision)
            if not replicas_of(body) and not body.get("status", {}).get("replicas") and not is_terminating(body)
        ]
        for body in idle[: max(len(idle) - keep, 0)]:
            meta = body["metadata"]
            await self.client.delete(REPLICA_SET, meta["name"], meta["namespace"], uid=meta["uid"])

    async def _report(self, deployment: Object, new: Object | None, sets: list[Object]) -> None:
        now = time.time()
        status = new_status(deployment, new, sets, now)
        wait = deadline_in({**deployment, "status": status}, status, now)
        if wait is not None and wait > 0:
            self.queue.add_after(key_of(deployment), wait + 0.1)
        if status != (deployment.get("status") or {}):
            await self.client.replace(DEPLOYMENT, {**deployment, "status": status}, "status")


def _revision(replica_set: Object) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, "0") or "0")
