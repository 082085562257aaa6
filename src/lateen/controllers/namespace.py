# SPDX-License-Identifier: Apache-2.0
"""Namespaces on their way out: everything in them is deleted, then the finalizer `kubernetes` is taken off."""

from __future__ import annotations

from collections.abc import Callable

from lateen.controllers.controller import Controller, Informers
from lateen.controllers.kinds import NAMESPACE
from lateen.controllers.served_kinds import served_kinds
from lateen.kube.client import Object
from lateen.kube.informer import Key

FINALIZER = "kubernetes"
LATER = 0.25
"""Seconds until a namespace that still holds objects (with finalizers, or ending pods) is looked at again."""


class NamespaceController(Controller):
    """Empties a namespace that is being deleted."""

    def __init__(self, informers: Informers, trouble: Callable[[str], None]) -> None:
        super().__init__(informers, trouble)
        self._namespaces = informers.of(NAMESPACE)
        self._namespaces.on_change(self._changed)

    def _changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        if new is not None and new["metadata"].get("deletionTimestamp"):
            self.queue.add(key)

    async def reconcile(self, key: Key) -> None:
        """Delete what is left in it; finalise it when nothing is."""
        body = self._namespaces.get(key)
        if body is None or not body["metadata"].get("deletionTimestamp"):
            return
        name, left = key[1], 0
        for kind in await served_kinds(self.client):
            if not kind.namespaced:
                continue
            objects, _ = await self.client.list(kind, name)
            for item in objects:
                left += 1
                meta = item["metadata"]
                if not meta.get("deletionTimestamp"):
                    await self.client.delete(kind, meta["name"], name, uid=meta["uid"], propagation="Background")
        if left:
            self.queue.add_after(key, LATER)
            return
        finalizers = [f for f in body["spec"].get("finalizers") or () if f != FINALIZER]
        done = {**body, "spec": {**body["spec"], "finalizers": finalizers}}
        await self.client.replace(NAMESPACE, done, "finalize")
