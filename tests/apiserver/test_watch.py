# SPDX-License-Identifier: Apache-2.0
"""Watchers: everybody hears what concerns them, once, in order; who falls behind is told."""

from __future__ import annotations

import asyncio
import random

import pytest

from lateen.apiserver import watch
from lateen.apiserver.store.journal import MemoryJournal
from lateen.apiserver.store.memory import Store
from lateen.apiserver.store.revision import Key, Stored
from lateen.apiserver.watch import Hub, Watcher


class Lines:
    """Events as `TYPE name version`; counts how often something was encoded."""

    form = "lines"

    def __init__(self) -> None:
        self.encoded = 0

    def event(self, type_: str, stored: Stored) -> bytes:
        self.encoded += 1
        return f"{type_} {stored.key.name} {stored.version}\n".encode()


def nothing() -> None:
    pass


async def test_an_event_is_encoded_once_for_all() -> None:
    store, hub, lines = Store(MemoryJournal()), Hub(), Lines()
    store.listeners.append(hub.publish)
    watchers = [Watcher("pods", "", "", lines, None, nothing) for _ in range(50)]
    for watcher in watchers:
        hub.add(watcher)
    await store.put(Key("pods", "a", "x"), {"metadata": {}})
    assert {watcher.take() for watcher in watchers} == {b"ADDED x 2\n"}
    assert lines.encoded == 1


async def test_500_watchers_hear_what_is_theirs_in_order() -> None:
    store, hub = Store(MemoryJournal()), Hub()
    store.listeners.append(hub.publish)
    chance = random.Random(1)
    namespaces = [f"n{number}" for number in range(25)]
    watchers = [Watcher("pods", namespaces[n % 25], "", Lines(), None, nothing) for n in range(500)]
    for watcher in watchers:
        hub.add(watcher)
    written: dict[str, list[int]] = {namespace: [] for namespace in namespaces}
    for _ in range(40):
        batch = []
        for _ in range(25):
            namespace = chance.choice(namespaces)
            batch.append(store.put(Key("pods", namespace, f"p{chance.randrange(80)}"), {"metadata": {}}))
        for stored in await asyncio.gather(*batch):
            written[stored.key.namespace].append(stored.version)
    for watcher in watchers:
        heard = [int(line.split()[2]) for line in watcher.take().decode().splitlines()]
        assert heard == written[watcher.namespace]


async def test_names_and_namespaces_narrow_a_watch() -> None:
    store, hub = Store(MemoryJournal()), Hub()
    store.listeners.append(hub.publish)
    one, other = (Watcher("pods", "a", name, Lines(), None, nothing) for name in ("x", "y"))
    elsewhere = Watcher("pods", "b", "", Lines(), None, nothing)
    for watcher in (one, other, elsewhere):
        hub.add(watcher)
    await store.put(Key("pods", "a", "x"), {"metadata": {}})
    assert (one.take(), other.take(), elsewhere.take()) == (b"ADDED x 2\n", b"", b"")
    hub.remove(one)
    await store.put(Key("pods", "a", "x"), {"metadata": {"labels": {"a": "b"}}})
    assert one.take() == b"" and hub.count() == 2


async def test_a_slow_watcher_is_marked_and_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "QUEUE_BYTES", 100)
    watcher = Watcher("pods", "", "", Lines(), None, nothing)
    woken = 0

    def wake() -> None:
        nonlocal woken
        woken += 1

    watcher = Watcher("pods", "", "", Lines(), None, wake)
    for _ in range(20):
        watcher.push(b"x" * 20)
    assert watcher.overflowed and watcher.take() == b"" and woken > 0
