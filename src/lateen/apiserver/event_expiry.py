# SPDX-License-Identifier: Apache-2.0
"""Events are forgotten an hour after they were last written."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.store.memory import JournalError
from lateen.apiserver.store.revision import DELETED, Key, Revision

log = logging.getLogger(__name__)

KEPT_SECONDS = 3600.0
_INTERVAL_SECONDS = 60.0


class EventExpiry:
    """A listener of the store (`publish`), and a task (`run`) that deletes what is over.

    The hour of events found at the start begins with the start.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        now = cluster.now()
        self._written: dict[Key, datetime] = {stored.key: now for stored in cluster.store.objects("events")}

    def publish(self, revisions: list[Revision]) -> None:
        now = self._cluster.now()
        for revision in revisions:
            if revision.key.resource == "events":
                # Written again, an event moves to the end: the first ones are always the oldest.
                self._written.pop(revision.key, None)
                if revision.type != DELETED:
                    self._written[revision.key] = now

    async def run(self) -> None:
        while True:
            await asyncio.sleep(_INTERVAL_SECONDS)
            await self.expire()

    async def expire(self) -> None:
        """Delete the events whose time is over."""
        now = self._cluster.now()
        over = []
        for key, written in self._written.items():
            if (now - written).total_seconds() < KEPT_SECONDS:
                break
            over.append(key)
        for key in over:
            stored = self._cluster.store.head(key)
            if stored is not None:
                try:
                    await self._cluster.store.delete(key, stored.document())
                except JournalError as error:
                    log.error("event %s: %s", key.name, error)
