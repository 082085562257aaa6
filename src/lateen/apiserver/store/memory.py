# SPDX-License-Identifier: Apache-2.0
"""`Store`: the objects in memory, their revisions, and the group commit that makes a write visible.

A write is staged (it has its resource version and later writes see it), handed to the journal together with everything
staged meanwhile, and published when the journal has it: only then readers, watchers and the writer itself see it. So
nobody ever sees what a crash could take back. One event loop owns the store; the journal runs in one thread beside it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from lateen.apiserver.store.journal import Journal
from lateen.apiserver.store.revision import ADDED, DELETED, MODIFIED, Key, Revision, Stored

RING_COUNT = 20_000
RING_BYTES = 16 * 1024 * 1024
"""How much history is kept for watches that resume: whichever limit is met first."""

Name = tuple[str, str]
"""Namespace and name."""


class JournalError(Exception):
    """The journal refused a group (the disk is full, say); nothing of it happened."""


class Store:
    """`version` is the resource version of the last published write; 1 at the very beginning."""

    def __init__(self, journal: Journal, ring_count: int = RING_COUNT, ring_bytes: int = RING_BYTES) -> None:
        self._journal = journal
        self._ring_count, self._ring_limit = ring_count, ring_bytes
        self._objects: dict[str, dict[Name, Stored]] = {}
        self._sorted: dict[str, list[Name]] = {}
        self._ring: deque[Revision] = deque()
        self._ring_bytes = 0
        self._staged: dict[Key, tuple[int, Stored | None]] = {}
        self._pending: list[tuple[Revision, asyncio.Future[Stored]]] = []
        self._committing = False
        self._dead: list[int] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self.listeners: list[Callable[[list[Revision]], None]] = []
        """Called with each published group, in order, before the writers hear of it."""
        self._load()

    def _load(self) -> None:
        self.compacted, rows = self._journal.load()
        self.version = self.compacted
        for version, type_, key, body in rows:
            stored = Stored(key, version, body)
            objects = self._objects.setdefault(key.resource, {})
            name = (key.namespace, key.name)
            revision = Revision(version, type_, stored, objects.get(name))
            if type_ == DELETED:
                objects.pop(name, None)
            else:
                objects[name] = stored
            if version > self.compacted:
                self._ring.append(revision)
                self._ring_bytes += len(body)
            self.version = version
        self._next = self.version + 1

    # Reading

    def get(self, key: Key) -> Stored | None:
        """The published object."""
        objects = self._objects.get(key.resource)
        return objects.get((key.namespace, key.name)) if objects else None

    def head(self, key: Key) -> Stored | None:
        """The object as the next write will find it, staged writes included."""
        staged = self._staged.get(key)
        return staged[1] if staged else self.get(key)

    def objects(self, resource: str, namespace: str = "") -> Iterator[Stored]:
        """The published objects in the order of namespace and name; all namespaces when `namespace` is empty."""
        objects = self._objects.get(resource)
        if not objects:
            return iter(())
        names = self._sorted.get(resource)
        if names is None:
            names = self._sorted[resource] = sorted(objects)
        if namespace:
            return iter([objects[name] for name in names if name[0] == namespace])
        return iter([objects[name] for name in names])

    def count(self, resource: str) -> int:
        return len(self._objects.get(resource, ()))

    def resources(self) -> list[str]:
        """Every resource that has objects."""
        return [resource for resource, objects in self._objects.items() if objects]

    def heads(self, resource: str) -> Iterator[Stored]:
        """Every object of a resource as the next write will find it, in no particular order."""
        staged = {key: stored for key, (_, stored) in self._staged.items() if key.resource == resource}
        for stored in self._objects.get(resource, {}).values():
            if stored.key not in staged:
                yield stored
        for found in staged.values():
            if found is not None:
                yield found

    def since(self, version: int) -> list[Revision] | None:
        """The revisions after `version`, oldest first; None when they are no longer all here."""
        if version >= self.version:
            return []
        if version < self.compacted:
            return None
        first = self._ring[0].version if self._ring else self._next
        if version + 1 < first:
            return None
        return list(itertools.islice(self._ring, version + 1 - first, None))

    # Writing

    def put(self, key: Key, document: dict[str, Any]) -> asyncio.Future[Stored]:
        """Create or replace an object; its `metadata.resourceVersion` is set here. Done when it is durable and visible.

        Raises JournalError through the future.
        """
        before = self.head(key)
        version = self._take()
        document["metadata"]["resourceVersion"] = str(version)
        stored = Stored(key, version, orjson.dumps(document))
        return self._stage(Revision(version, MODIFIED if before else ADDED, stored, before), stored)

    def delete(self, key: Key, document: dict[str, Any]) -> asyncio.Future[Stored]:
        """Remove an object whose last state is `document`."""
        before = self.head(key)
        version = self._take()
        document["metadata"]["resourceVersion"] = str(version)
        stored = Stored(key, version, orjson.dumps(document))
        return self._stage(Revision(version, DELETED, stored, before), None)

    def _take(self) -> int:
        version = self._next
        self._next += 1
        return version

    def _stage(self, revision: Revision, head: Stored | None) -> asyncio.Future[Stored]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Stored] = loop.create_future()
        self._staged[revision.key] = (revision.version, head)
        self._pending.append((revision, future))
        if not self._committing:
            self._committing = True
            loop.call_soon(self._start_commit, loop)
        return future

    def _start_commit(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._pending:
            self._committing = False
            return
        batch, self._pending = self._pending, []
        dead, self._dead = self._dead, []
        revisions = [revision for revision, _ in batch]
        done = loop.run_in_executor(self._thread, self._journal.commit, revisions, dead, self.compacted)
        done.add_done_callback(lambda result: self._committed(loop, batch, dead, result.exception()))

    def _committed(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[tuple[Revision, asyncio.Future[Stored]]],
        dead: list[int],
        error: BaseException | None,
    ) -> None:
        if error is None:
            self._publish([revision for revision, _ in batch])
            for revision, future in batch:
                if not future.done():
                    future.set_result(revision.stored)
        else:
            # What was staged later was computed from what has just failed, so it fails as well.
            self._dead = dead + self._dead
            batch, self._pending = batch + self._pending, []
            self._staged.clear()
            self._next = self.version + 1
            for _, future in batch:
                if not future.done():
                    future.set_exception(JournalError(str(error)))
        self._start_commit(loop)

    def _publish(self, revisions: list[Revision]) -> None:
        for revision in revisions:
            key = revision.key
            objects = self._objects.setdefault(key.resource, {})
            name = (key.namespace, key.name)
            if revision.type == DELETED:
                objects.pop(name, None)
                self._sorted.pop(key.resource, None)
            else:
                if name not in objects:
                    self._sorted.pop(key.resource, None)
                objects[name] = revision.stored
            if self._staged[key][0] == revision.version:
                del self._staged[key]
            self._ring.append(revision)
            self._ring_bytes += len(revision.stored.body)
            self.version = revision.version
        while len(self._ring) > self._ring_count or (self._ring_bytes > self._ring_limit and len(self._ring) > 1):
            self._evict()
        for listener in self.listeners:
            listener(revisions)

    def _evict(self) -> None:
        """Forget the oldest revision: what it replaced is needed by no watch any more, nor is a deletion itself."""
        old = self._ring.popleft()
        self._ring_bytes -= len(old.stored.body)
        self.compacted = old.version
        if old.before is not None:
            self._dead.append(old.before.version)
        if old.type == DELETED:
            self._dead.append(old.version)

    # Ends

    async def close(self) -> None:
        """Wait for what is staged, then close the journal."""
        while self._committing:
            futures = [future for _, future in self._pending]
            if futures:
                await asyncio.wait(futures)
            else:
                await asyncio.sleep(0)
        self._thread.shutdown(wait=True)
        self._journal.close()
