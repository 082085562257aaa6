# SPDX-License-Identifier: Apache-2.0
"""`KubeSource`: the objects of a Kubernetes API as a source of changes, one changed object being one change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable

from lateen.kube.client import KubeClient, Object
from lateen.kube.errors import ApiError, UnreachableError
from lateen.kube.kind import Kind
from lateen.kube.reflector import Changed, Event, Listed, reflect
from lateen.model.diagnostic import Diagnostic
from lateen.model.ref import Ref
from lateen.model.resource import Resource
from lateen.parse import Parsed, Source, from_mapping
from lateen.parse.change import Change

LOOK_AGAIN = 5.0
"""Seconds between two looks for a kind that the API does not serve yet."""


def kind_of(resource: type[Resource]) -> Kind:
    """Where the objects of a class of the model are."""
    served = resource.TYPE
    return Kind(served.group, served.versions[0], served.plural, served.kind, served.namespaced)


class KubeSource:
    """Lists and watches the kinds of these classes. `trouble` is told, in a line each, why nothing comes."""

    def __init__(self, client: KubeClient, resources: Iterable[type[Resource]], trouble: Callable[[str], None]) -> None:
        self._client = client
        self._kinds = [kind_of(resource) for resource in resources]
        self._trouble = trouble
        self._events: asyncio.Queue[tuple[Kind, Event]] = asyncio.Queue()
        self._waiting = set(self._kinds)
        self._known: dict[Kind, dict[Ref, str]] = {kind: {} for kind in self._kinds}
        self._diagnostics: dict[Ref, tuple[Diagnostic, ...]] = {}

    def diagnostics(self) -> list[Diagnostic]:
        """What is wrong with the objects that are there."""
        return [diagnostic for ref in sorted(self._diagnostics) for diagnostic in self._diagnostics[ref]]

    async def changes(self) -> AsyncIterator[list[Change]]:
        """All objects at first, when every kind was listed; then whatever has come in since the last were asked for."""
        followers = [asyncio.create_task(self._follow(kind)) for kind in self._kinds]
        try:
            found: list[Change] = []
            while True:
                kind, event = await self._events.get()
                found += self._take(kind, event)
                while not self._events.empty():
                    found += self._take(*self._events.get_nowait())
                if not self._waiting:
                    # Of several changes of one object the last one counts.
                    yield list({change.ref: change for change in found}.values())
                    found = []
        finally:
            for follower in followers:
                follower.cancel()
            await asyncio.gather(*followers, return_exceptions=True)

    async def _follow(self, kind: Kind) -> None:
        while True:
            try:
                if await self._client.serves(kind):
                    break
                if kind in self._waiting:
                    await self._events.put((kind, Listed([])))
            except (ApiError, UnreachableError) as error:
                self._trouble(f"{kind.plural}: {error}")
            await asyncio.sleep(LOOK_AGAIN)
        async for event in reflect(self._client, kind, trouble=self._trouble):
            await self._events.put((kind, event))

    def _take(self, kind: Kind, event: Event) -> list[Change]:
        known = self._known[kind]
        if isinstance(event, Listed):
            self._waiting.discard(kind)
            now = {ref_of(kind, body): body for body in event.objects}
            gone = [self._removed(kind, ref) for ref in list(known) if ref not in now]
            return [*gone, *(change for ref, body in now.items() for change in self._changed(kind, ref, body))]
        ref = ref_of(kind, event.object)
        if isinstance(event, Changed):
            return self._changed(kind, ref, event.object)
        return [self._removed(kind, ref)] if ref in known else []

    def _removed(self, kind: Kind, ref: Ref) -> Change:
        del self._known[kind][ref]
        self._diagnostics.pop(ref, None)
        return Change(ref, None)

    def _changed(self, kind: Kind, ref: Ref, body: Object) -> list[Change]:
        revision = body["metadata"].get("resourceVersion", "")
        if self._known[kind].get(ref) == revision:
            return []
        self._known[kind][ref] = revision
        found, diagnostics = from_mapping(body, strict=False)
        if diagnostics:
            self._diagnostics[ref] = diagnostics
        else:
            self._diagnostics.pop(ref, None)
        if found is None:
            return [Change(ref, None)]
        # What people see of such an object is its name, not lines of a file: its text is not kept.
        return [Change(found.ref, Parsed(found, Source(str(ref), 1, "")))]


def ref_of(kind: Kind, body: Object) -> Ref:
    """The identity of an object."""
    meta = body["metadata"]
    return Ref(kind.kind, meta.get("namespace", ""), meta["name"], kind.group)
