# SPDX-License-Identifier: Apache-2.0
"""The life of CustomResourceDefinitions: install what they define, say so in their status, clean up behind them.

A real API server does this itself, with controllers inside; so does this one. Everything follows from published
objects.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from lateen.apiserver.operations import metadata
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.registry.custom import kind_of
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.schema import times
from lateen.apiserver.store.memory import JournalError
from lateen.apiserver.store.revision import DELETED, Key, Revision
from lateen.apiserver.strategy.definition import CLEANUP

log = logging.getLogger(__name__)

RESOURCE = "customresourcedefinitions.apiextensions.k8s.io"


class Definitions:
    """A listener of the store: `publish`. `start` installs what is already there."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        for stored in self._cluster.store.objects(RESOURCE):
            self._changed(stored.key, stored.document())

    def publish(self, revisions: list[Revision]) -> None:
        for revision in revisions:
            if revision.key.resource == RESOURCE:
                document = revision.stored.document()
                if revision.type == DELETED:
                    spec = document["spec"]
                    self._cluster.catalogue.remove(spec["group"], spec["names"]["plural"])
                else:
                    self._changed(revision.key, document)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _changed(self, key: Key, document: Document) -> None:
        if document["metadata"].get("deletionTimestamp"):
            self._spawn(self._clean_up(key))
            return
        conflict = self._conflict(document)
        if not conflict:
            self._cluster.catalogue.install(kind_of(document))
        if _status(document, conflict, times.time(self._cluster.now())):
            self._spawn(self._write_status(key, conflict))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _conflict(self, document: Document) -> str:
        """Why the names cannot be had: another kind of the group has one of them."""
        names, group = document["spec"]["names"], document["spec"]["group"]
        for kind in self._cluster.catalogue.kinds():
            if kind.group != group or kind.plural == names["plural"]:
                continue
            taken = {kind.singular, *kind.short_names}
            for name in (names["plural"], names.get("singular"), *(names.get("shortNames") or ())):
                if name in taken:
                    return f'"{name}" is already in use'
            if kind.kind == names["kind"]:
                return f'"{names["kind"]}" is already in use'
        return ""

    async def _write_status(self, key: Key, conflict: str) -> None:
        current = self._cluster.store.head(key)
        if current is None:
            return
        document = current.document()
        if document["metadata"].get("deletionTimestamp"):
            return
        if _status(document, conflict, times.time(self._cluster.now())):
            await self._put(key, document)

    async def _clean_up(self, key: Key) -> None:
        """Delete every object of the kind, then let the definition go."""
        cluster = self._cluster
        current = cluster.store.head(key)
        if current is None:
            return
        spec = current.document()["spec"]
        resource = f"{spec['names']['plural']}.{spec['group']}"
        kind = cluster.catalogue.of_resource(resource)
        if kind is not None and not cluster.catalogue.is_builtin(kind):
            while True:
                stored = next(iter(cluster.store.objects(resource)), None)
                if stored is None:
                    break
                document = stored.document()
                document["metadata"].pop("finalizers", None)
                try:
                    await cluster.store.delete(stored.key, document)
                except JournalError:
                    return
        current = cluster.store.head(key)
        if current is None:
            return
        document = current.document()
        document["metadata"]["finalizers"] = [f for f in document["metadata"].get("finalizers") or () if f != CLEANUP]
        try:
            if document["metadata"]["finalizers"]:
                await cluster.store.put(key, document)
            else:
                await cluster.store.delete(key, document)
        except JournalError as error:
            log.error("%s: %s", key.name, error)

    async def _put(self, key: Key, document: Document) -> None:
        try:
            await self._cluster.store.put(key, metadata.strip_type(document))
        except JournalError as error:
            log.error("%s: %s", key.name, error)


def _status(document: Document, conflict: str, now: str) -> bool:
    """Bring the status of a definition up to date; true when that changed it."""
    before = document.get("status") or {}
    status: Document = {**before}
    conditions = {c["type"]: c for c in before.get("conditions") or ()}
    if conflict:
        _condition(conditions, "NamesAccepted", "False", "ShortNamesConflict", conflict, now)
        if "Established" not in conditions:
            _condition(conditions, "Established", "False", "NotAccepted", "not all names are accepted", now)
    else:
        _condition(conditions, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now)
        text = "the initial names have been accepted"
        _condition(conditions, "Established", "True", "InitialNamesAccepted", text, now)
        status["acceptedNames"] = document["spec"]["names"]
    status["conditions"] = list(conditions.values())
    document["status"] = status
    return status != before


def _condition(conditions: dict[str, Any], type_: str, status: str, reason: str, message: str, now: str) -> None:
    old = conditions.get(type_)
    if old is None or old.get("status") != status:
        conditions[type_] = {
            "lastTransitionTime": now,
            "message": message,
            "reason": reason,
            "status": status,
            "type": type_,
        }
