# SPDX-License-Identifier: Apache-2.0
"""Events live for an hour after their last write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lateen.apiserver.allocation import ServiceAddresses
from lateen.apiserver.event_expiry import EventExpiry
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.registry.catalogue import Catalogue
from lateen.apiserver.store.journal import MemoryJournal
from lateen.apiserver.store.memory import Store
from lateen.apiserver.store.revision import Key
from lateen.apiserver.watch import Hub


async def test_an_hour_after_the_last_write() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    store = Store(MemoryJournal())
    addresses = ServiceAddresses(store, "10.96.0.0/16")
    cluster = Cluster(store, Hub(), Catalogue(()), lambda: moment, lambda: "uid", lambda: "abcde", addresses)
    expiry = EventExpiry(cluster)
    store.listeners.append(expiry.publish)
    old, again, new = (Key("events", "default", name) for name in ("old", "again", "new"))
    for key in (old, again):
        await store.put(key, {"metadata": {}})
    moment += timedelta(minutes=40)
    for key in (again, new):
        await store.put(key, {"metadata": {}})
    moment += timedelta(minutes=30)
    await expiry.expire()
    assert [stored.key.name for stored in store.objects("events")] == ["again", "new"]
    moment += timedelta(minutes=40)
    await expiry.expire()
    assert store.count("events") == 0
