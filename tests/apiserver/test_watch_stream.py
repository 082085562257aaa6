# SPDX-License-Identifier: Apache-2.0
"""The response of a watch, driven without a network: too old, too slow, over, shut down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import pytest

from lateen.apiserver import watch as watching
from lateen.apiserver.allocation import ServiceAddresses
from lateen.apiserver.http.exchange import Exchange
from lateen.apiserver.http.limits import REQUESTS, Limits
from lateen.apiserver.http.watch_stream import WatchStreams
from lateen.apiserver.operations.call import Call, User
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.registry.catalogue import Catalogue, builtin_kinds
from lateen.apiserver.status import ApiError
from lateen.apiserver.store.journal import MemoryJournal
from lateen.apiserver.store.memory import Store
from lateen.apiserver.store.revision import Key
from lateen.apiserver.watch import Hub


class Client:
    """The other side of one request."""

    def __init__(self) -> None:
        self.sent: list[MutableMapping[str, Any]] = []
        self.leaving: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.begun = asyncio.Event()
        self.blocked = asyncio.Event()
        self.blocked.set()
        scope = {"type": "http", "path": "/", "query_string": b"", "headers": []}
        self.exchange = Exchange(scope, self.receive, self.send)

    async def receive(self) -> MutableMapping[str, Any]:
        await self.leaving
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)
        self.begun.set()
        await self.blocked.wait()

    def events(self) -> list[Any]:
        text = b"".join(message.get("body", b"") for message in self.sent)
        return [json.loads(line) for line in text.splitlines()]


def cluster(**ring: int) -> Cluster:
    store, hub = Store(MemoryJournal(), **ring), Hub()
    store.listeners.append(hub.publish)
    addresses = ServiceAddresses(store, "10.96.0.0/16")
    return Cluster(store, hub, Catalogue(builtin_kinds()), lambda: datetime.now(UTC), str, str, addresses)


def call(world: Cluster, **query: str) -> Call:
    kind = world.catalogue.find("", "v1", "configmaps")
    assert kind is not None
    return Call("watch", kind, "v1", "default", "", "", query, User("test"))


async def write(world: Cluster, count: int) -> None:
    for number in range(count):
        await world.store.put(Key("configmaps", "default", f"n{number}"), {"metadata": {"name": f"n{number}"}})


async def test_too_old_is_an_event() -> None:
    world, client = cluster(ring_count=3), Client()
    await write(world, 10)
    await WatchStreams().serve(world, call(world, resourceVersion="2"), client.exchange)
    assert client.sent[0]["status"] == 200
    (event,) = client.events()
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
    assert world.hub.count() == 0


async def test_a_slow_client_is_told_and_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "QUEUE_BYTES", 500)
    world, client = cluster(), Client()
    serving = asyncio.create_task(WatchStreams().serve(world, call(world, resourceVersion="1"), client.exchange))
    await client.begun.wait()
    client.blocked.clear()
    await write(world, 50)
    client.blocked.set()
    await asyncio.wait_for(serving, 10)
    assert client.events()[-1]["object"]["code"] == 410
    assert world.hub.count() == 0


async def test_a_shutdown_ends_watches() -> None:
    world, client, streams = cluster(), Client(), WatchStreams()
    serving = asyncio.create_task(streams.serve(world, call(world), client.exchange))
    await client.begun.wait()
    streams.close()
    await asyncio.wait_for(serving, 10)
    assert client.sent[-1] == {"type": "http.response.body", "body": b""}


async def test_a_client_that_leaves_is_forgotten() -> None:
    world, client = cluster(), Client()
    serving = asyncio.create_task(WatchStreams().serve(world, call(world), client.exchange))
    await client.begun.wait()
    client.leaving.set_result(None)
    await asyncio.wait_for(serving, 10)
    assert world.hub.count() == 0


async def test_the_time_of_a_watch_ends() -> None:
    world, client = cluster(), Client()
    await asyncio.wait_for(WatchStreams().serve(world, call(world, timeoutSeconds="1"), client.exchange), 10)
    assert client.sent[0]["status"] == 200 and client.events() == []


def test_one_client_cannot_take_everything() -> None:
    limits, client = Limits(), ("admin", "127.0.0.1")
    held = [limits.request(client, 0) for _ in range(REQUESTS)]
    for request in held:
        request.__enter__()
    with pytest.raises(ApiError) as caught, limits.request(client, 0):
        pass
    assert caught.value.code == 429 and ("retry-after", "1") in caught.value.headers
    with limits.request(("other", "127.0.0.1"), 0):
        pass
    held[0].__exit__(None, None, None)
    with limits.request(client, 0):
        pass


def test_bodies_share_a_budget() -> None:
    limits = Limits()
    with limits.request(("a", ""), 60 * 1024 * 1024), pytest.raises(ApiError), limits.request(("b", ""), 10**7):
        pass
