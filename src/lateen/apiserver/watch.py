# SPDX-License-Identifier: Apache-2.0
"""Watches: who hears of which revision, in which form, and what happens to those who do not keep up.

Pure bookkeeping. A `Watcher` is a queue of ready bytes; `http.watching` writes them to a connection. An event is
encoded once for all watchers that want it in the same form (`Encoder.form`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

import orjson

from lateen.apiserver.store.revision import ADDED, DELETED, MODIFIED, Key, Revision, Stored

QUEUE_BYTES = 8 * 1024 * 1024
"""How far one watcher may fall behind before it is closed with 410."""


class Encoder(Protocol):
    """How a watcher wants its events: the API version, as an object, a table row or metadata only."""

    @property
    def form(self) -> object:
        """Equal for equal output: the key under which a revision keeps the encoded event."""

    def event(self, type_: str, stored: Stored) -> bytes:
        """One event as a line of JSON."""


Matches = Callable[[Stored], bool]


class Watcher:
    """One watch: events of `resource`, in one namespace or all, of one name or any, that `matches` (None: all)."""

    def __init__(
        self,
        resource: str,
        namespace: str,
        name: str,
        encoder: Encoder,
        matches: Matches | None,
        wake: Callable[[], None],
    ) -> None:
        self.resource, self.namespace, self.name = resource, namespace, name
        self._encoder = encoder
        self._matches = matches
        self._wake = wake
        self._queue: deque[bytes] = deque()
        self._size = 0
        self.overflowed = False
        self.after = 0
        """Revisions up to this resource version do not concern the watcher."""

    def offer(self, revision: Revision) -> None:
        """Queue what this watcher sees of a revision; nothing when it concerns others."""
        if self.overflowed or revision.version <= self.after:
            return
        if self.name and revision.key.name != self.name:
            return
        frame = self._frame(revision)
        if frame:
            self.push(frame)

    def push(self, frame: bytes) -> None:
        if self.overflowed:
            return
        if self._size > QUEUE_BYTES:
            self.overflowed = True
            self._queue.clear()
            self._size = 0
        else:
            self._queue.append(frame)
            self._size += len(frame)
        self._wake()

    def take(self) -> bytes:
        """Everything queued, in order; empty when there is nothing."""
        if not self._queue:
            return b""
        frames = self._queue.popleft() if len(self._queue) == 1 else b"".join(self._queue)
        self._queue.clear()
        self._size = 0
        return frames

    def _frame(self, revision: Revision) -> bytes | None:
        type_, stored = revision.type, revision.stored
        if self._matches is not None:
            now = type_ != DELETED and self._matches(revision.stored)
            was = revision.before is not None and self._matches(revision.before)
            if not now and not was:
                return None
            if not now and type_ != DELETED and revision.before is not None:
                stored = _as_of(revision.before, revision.version)
            type_ = (MODIFIED if was else ADDED) if now else DELETED
        form = (self._encoder.form, type_)
        frame = revision.frames.get(form)
        if frame is None:
            frame = revision.frames[form] = self._encoder.event(type_, stored)
        return frame


def _as_of(stored: Stored, version: int) -> Stored:
    """An object that has left a selection, as it last was in it, at the version at which it left."""
    document = stored.document()
    document["metadata"]["resourceVersion"] = str(version)
    return Stored(stored.key, version, orjson.dumps(document))


class Hub:
    """All watchers of a store, found by resource and namespace."""

    def __init__(self) -> None:
        self._watchers: dict[tuple[str, str], set[Watcher]] = {}

    def add(self, watcher: Watcher) -> None:
        self._watchers.setdefault((watcher.resource, watcher.namespace), set()).add(watcher)

    def remove(self, watcher: Watcher) -> None:
        place = (watcher.resource, watcher.namespace)
        watchers = self._watchers.get(place)
        if watchers is not None:
            watchers.discard(watcher)
            if not watchers:
                del self._watchers[place]

    def publish(self, revisions: Iterable[Revision]) -> None:
        """Hand a published group to everyone concerned. A listener of `Store`."""
        for revision in revisions:
            key = revision.key
            for watcher in self._concerned(key):
                watcher.offer(revision)
            revision.frames.clear()

    def _concerned(self, key: Key) -> Iterable[Watcher]:
        everywhere = self._watchers.get((key.resource, ""), ())
        if not key.namespace:
            return everywhere
        there = self._watchers.get((key.resource, key.namespace))
        return (*everywhere, *there) if there else everywhere

    def count(self) -> int:
        return sum(len(watchers) for watchers in self._watchers.values())
