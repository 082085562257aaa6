# SPDX-License-Identifier: Apache-2.0
"""`Informer`: a local copy of a kind's objects that follows the API, and tells who wants to know what changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from lateen.kube.client import KubeClient, Object
from lateen.kube.kind import Kind
from lateen.kube.reflector import Changed, Event, Listed, reflect

Key: TypeAlias = tuple[str, str]
"""Namespace (empty for cluster-scoped kinds) and name."""

Handler: TypeAlias = Callable[[Key, Object | None, Object | None], None]
"""Told the key, the old and the new state; None is absence."""


def key_of(body: Object) -> Key:
    """The key of an object."""
    meta = body["metadata"]
    return meta.get("namespace", ""), meta["name"]


class Informer:
    """The objects of one kind. Objects in it must not be changed: they are shared."""

    def __init__(self, client: KubeClient, kind: Kind, *, trouble: Callable[[str], None] = lambda text: None) -> None:
        self.kind = kind
        self._client = client
        self._trouble = trouble
        self._objects: dict[Key, Object] = {}
        self._by_namespace: dict[str, dict[Key, Object]] = {}
        self._handlers: list[Handler] = []
        self.synced = asyncio.Event()
        """Set when the first list has arrived."""

    def __getitem__(self, key: Key) -> Object:
        return self._objects[key]

    def __iter__(self) -> Iterator[Object]:
        return iter(self._objects.values())

    def __len__(self) -> int:
        return len(self._objects)

    def get(self, key: Key) -> Object | None:
        """The object, or None."""
        return self._objects.get(key)

    def within(self, namespace: str) -> Iterable[Object]:
        """The objects of one namespace."""
        return self._by_namespace.get(namespace, {}).values()

    def on_change(self, handler: Handler) -> None:
        """Have `handler` called for every change from now on, and for what is there already."""
        self._handlers.append(handler)
        for key, body in self._objects.items():
            handler(key, None, body)

    async def run(self) -> None:
        """Follow the API until cancelled."""
        async for event in reflect(self._client, self.kind, trouble=self._trouble):
            self.apply(event)

    def apply(self, event: Event) -> None:
        """Take one event in."""
        if isinstance(event, Listed):
            new = {key_of(body): body for body in event.objects}
            for key in [k for k in self._objects if k not in new]:
                self._set(key, None)
            for key, body in new.items():
                self._set(key, body)
            self.synced.set()
        elif isinstance(event, Changed):
            self._set(key_of(event.object), event.object)
        else:
            self._set(key_of(event.object), None)

    def _set(self, key: Key, new: Object | None) -> None:
        old = self._objects.get(key)
        if new is None:
            if old is None:
                return
            del self._objects[key]
            del self._by_namespace[key[0]][key]
        else:
            if old is not None and old["metadata"].get("resourceVersion") == new["metadata"].get("resourceVersion"):
                return
            self._objects[key] = new
            self._by_namespace.setdefault(key[0], {})[key] = new
        for handler in self._handlers:
            handler(key, old, new)
