# SPDX-License-Identifier: Apache-2.0
"""Garbage collection: an object whose owners are all gone goes, too; deletion in the foreground and orphaning.

The owner graph is kept from watches of every kind that the API serves, so that a deletion is followed at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from lateen.controllers.served_kinds import served_kinds
from lateen.controllers.work_queue import WorkQueue
from lateen.kube.client import KubeClient, Object
from lateen.kube.errors import ApiError
from lateen.kube.informer import Informer
from lateen.kube.kind import Kind

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
NEW_KINDS = 5.0
"""Seconds between two looks at discovery for kinds that came or went."""


class _Node(NamedTuple):
    """An object in the owner graph."""

    kind: Kind
    namespace: str
    name: str
    uid: str
    owners: tuple[str, ...]
    blocking: frozenset[str]
    """Owners (by uid) whose deletion in the foreground waits for this object."""


class GarbageCollector:
    """Follows every kind; works on uids."""

    def __init__(self, client: KubeClient, trouble: Callable[[str], None]) -> None:
        self._client = client
        self._trouble = trouble
        self._nodes: dict[str, _Node] = {}
        self._objects: dict[str, Object] = {}
        self._dependents: dict[str, set[str]] = {}
        self._queue: WorkQueue[str] = WorkQueue()
        self._informers: dict[Kind, asyncio.Task[None]] = {}
        self._watched: dict[Kind, Informer] = {}

    async def run(self) -> None:
        """Collect until cancelled."""
        async with asyncio.TaskGroup() as group:
            await self._follow(group)
            await asyncio.gather(*(informer.synced.wait() for informer in list(self._watched.values())))
            group.create_task(self._queue.run(self._collect, self._failed, workers=4))
            while True:
                await asyncio.sleep(NEW_KINDS)
                await self._follow(group)

    async def _follow(self, group: asyncio.TaskGroup) -> None:
        """Watch kinds that are new, stop watching those that are gone."""
        try:
            served = await served_kinds(self._client)
        except ApiError as error:
            self._trouble(f"GarbageCollector: {error}")
            return
        for kind in served:
            if kind not in self._informers and kind.kind != "Event":
                informer = self._watched[kind] = Informer(self._client, kind, trouble=self._trouble)
                informer.on_change(lambda key, old, new, kind=kind: self._changed(kind, old, new))  # type: ignore[misc]
                self._informers[kind] = group.create_task(informer.run())
        for kind in set(self._informers) - set(served):
            self._informers.pop(kind).cancel()
            del self._watched[kind]

    def _changed(self, kind: Kind, old: Object | None, new: Object | None) -> None:
        body = new or old
        assert body is not None
        meta = body["metadata"]
        uid = meta["uid"]
        replaced = old is not None and new is not None and old["metadata"]["uid"] != uid
        if replaced and old is not None:
            self._forget(old["metadata"]["uid"])
        if new is None:
            self._forget(uid)
            return
        references = meta.get("ownerReferences") or ()
        node = _Node(
            kind,
            meta.get("namespace", ""),
            meta["name"],
            uid,
            tuple(r["uid"] for r in references),
            frozenset(r["uid"] for r in references if r.get("blockOwnerDeletion")),
        )
        before = self._nodes.get(uid)
        self._nodes[uid], self._objects[uid] = node, new
        for owner in before.owners if before else ():
            if owner not in node.owners:
                self._dependents.get(owner, set()).discard(uid)
        for owner in node.owners:
            self._dependents.setdefault(owner, set()).add(uid)
        if node.owners or meta.get("deletionTimestamp"):
            self._queue.add(uid)

    def _forget(self, uid: str) -> None:
        node = self._nodes.pop(uid, None)
        self._objects.pop(uid, None)
        if node is None:
            return
        for owner in node.owners:
            self._dependents.get(owner, set()).discard(uid)
            if self._is_leaving(owner):
                self._queue.add(owner)
        for dependent in self._dependents.get(uid, ()):
            self._queue.add(dependent)

    def _is_leaving(self, uid: str) -> bool:
        body = self._objects.get(uid)
        return body is not None and bool(body["metadata"].get("deletionTimestamp"))

    async def _collect(self, uid: str) -> None:
        node, body = self._nodes.get(uid), self._objects.get(uid)
        if node is None or body is None:
            return
        finalizers = body["metadata"].get("finalizers") or []
        if self._is_leaving(uid):
            if ORPHAN in finalizers:
                await self._orphan(node, body)
            elif FOREGROUND in finalizers:
                await self._delete_dependents_first(node, body)
            return
        if not node.owners:
            return
        references = body["metadata"]["ownerReferences"]
        missing = [r for r in references if not await self._exists(node, r)]
        solid = [r for r in references if r not in missing and not self._waits_for_dependents(r["uid"])]
        if solid:
            if missing:
                kept = [r for r in references if r not in missing]
                await self._patch(node, {"metadata": {"uid": uid, "ownerReferences": kept}})
            return
        # All owners are gone, or wait for this one to go first.
        policy = "Foreground" if len(missing) < len(references) and self._dependents.get(uid) else "Background"
        if ORPHAN in finalizers:
            policy = "Orphan"
        await self._client.delete(node.kind, node.name, node.namespace, uid=uid, propagation=policy)

    def _waits_for_dependents(self, uid: str) -> bool:
        body = self._objects.get(uid)
        return body is not None and self._is_leaving(uid) and FOREGROUND in (body["metadata"].get("finalizers") or ())

    async def _exists(self, node: _Node, reference: dict[str, str]) -> bool:
        if reference["uid"] in self._nodes:
            return True
        # Not seen: ask the API itself before anything is deleted for it.
        group = reference["apiVersion"].rpartition("/")[0]
        kind = next((k for k in self._watched if (k.group, k.kind) == (group, reference["kind"])), None)
        if kind is None:
            return True
        try:
            namespace = node.namespace if kind.namespaced else ""
            owner = await self._client.get(kind, reference["name"], namespace)
        except ApiError as error:
            if error.not_found:
                return False
            raise
        return bool(owner["metadata"]["uid"] == reference["uid"])

    async def _orphan(self, node: _Node, body: Object) -> None:
        for dependent in list(self._dependents.get(node.uid, ())):
            child, content = self._nodes.get(dependent), self._objects.get(dependent)
            if child is not None and content is not None:
                kept = [r for r in content["metadata"].get("ownerReferences") or () if r["uid"] != node.uid]
                await self._patch(child, {"metadata": {"uid": dependent, "ownerReferences": kept or None}})
        await self._release(node, body, ORPHAN)

    async def _delete_dependents_first(self, node: _Node, body: Object) -> None:
        waiting = False
        for dependent in list(self._dependents.get(node.uid, ())):
            child = self._nodes.get(dependent)
            if child is None:
                continue
            if node.uid in child.blocking:
                waiting = True
            self._queue.add(dependent)
        if not waiting:
            await self._release(node, body, FOREGROUND)

    async def _release(self, node: _Node, body: Object, finalizer: str) -> None:
        kept = [f for f in body["metadata"].get("finalizers") or () if f != finalizer]
        meta = {"uid": node.uid, "resourceVersion": body["metadata"]["resourceVersion"], "finalizers": kept or None}
        await self._patch(node, {"metadata": meta})

    async def _patch(self, node: _Node, patch: Object) -> None:
        await self._client.patch(node.kind, node.name, patch, node.namespace)

    def _failed(self, uid: str, error: Exception) -> None:
        if isinstance(error, ApiError) and (error.conflict or error.not_found):
            return
        node = self._nodes.get(uid)
        subject = f"{node.kind.kind} {node.namespace}/{node.name}" if node else uid
        self._trouble(f"GarbageCollector: {subject}: {error or type(error).__name__}")
