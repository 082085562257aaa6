# SPDX-License-Identifier: Apache-2.0
"""`Controller`: watch, queue, reconcile. Level-triggered: what it does follows from the state, never from the event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lateen.controllers.work_queue import WorkQueue
from lateen.kube.client import KubeClient
from lateen.kube.errors import ApiError
from lateen.kube.informer import Informer, Key
from lateen.kube.kind import Kind


class Informers:
    """One informer per kind, shared by all controllers of a process."""

    def __init__(self, client: KubeClient, trouble: Callable[[str], None]) -> None:
        self.client = client
        self._trouble = trouble
        self._informers: dict[Kind, Informer] = {}

    def of(self, kind: Kind) -> Informer:
        """The informer of a kind; ask for it before `run`."""
        informer = self._informers.get(kind)
        if informer is None:
            informer = self._informers[kind] = Informer(self.client, kind, trouble=self._trouble)
        return informer

    async def run(self) -> None:
        """Follow all kinds until cancelled."""
        async with asyncio.TaskGroup() as group:
            for informer in self._informers.values():
                group.create_task(informer.run())

    async def synced(self) -> None:
        """Wait until every kind was listed once."""
        for informer in list(self._informers.values()):
            await informer.synced.wait()


class Controller:
    """The base of all controllers. Subclasses register in `__init__` what makes a key (namespace, name) need attention,
    and bring one key's objects in order in `reconcile`, which may be called at any time and any number of times."""

    workers = 4

    def __init__(self, informers: Informers, trouble: Callable[[str], None]) -> None:
        self.client = informers.client
        self.informers = informers
        self.queue: WorkQueue[Key] = WorkQueue()
        self._trouble = trouble

    async def reconcile(self, key: Key) -> None:
        """Bring the objects of this key in order. What it raises makes the key come again later."""
        raise NotImplementedError

    async def run(self) -> None:
        """Work until cancelled; starts when every informer has synced."""
        await self.informers.synced()
        await self.queue.run(self.reconcile, self._failed, self.workers)

    def _failed(self, key: Key, error: Exception) -> None:
        # Conflicts, objects that went away in between and ending namespaces are how level-triggered controllers
        # learn that the state has moved on; they are no trouble.
        if isinstance(error, ApiError) and (error.conflict or error.not_found or error.namespace_ending):
            return
        self._trouble(
            f"{type(self).__name__} {'/'.join(part for part in key if part)}: {error or type(error).__name__}"
        )
