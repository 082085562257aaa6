# SPDX-License-Identifier: Apache-2.0
"""`WorkQueue`: keys that need attention, each at most once and never by two workers at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

FIRST_DELAY = 0.01
"""Seconds until a key that failed is tried again; doubled with each failure up to LAST_DELAY."""
LAST_DELAY = 60.0


class WorkQueue(Generic[K]):
    """A set of keys with an order. A key added while it is being worked on comes back when that work is done."""

    def __init__(self) -> None:
        self._waiting: dict[K, None] = {}
        self._working: set[K] = set()
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._some = asyncio.Event()

    def add(self, key: K) -> None:
        """This key needs attention now."""
        if key in self._working:
            self._again.add(key)
        else:
            self._waiting[key] = None
            self._some.set()

    def add_after(self, key: K, seconds: float) -> None:
        """This key needs attention then, unless an earlier time is set already."""
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= loop.time() + seconds:
                return
            timer.cancel()

        def due() -> None:
            self._timers.pop(key, None)
            self.add(key)

        self._timers[key] = loop.call_later(seconds, due)

    async def run(
        self, work: Callable[[K], Awaitable[None]], trouble: Callable[[K, Exception], None], workers: int = 1
    ) -> None:
        """Work on keys until cancelled. What `work` raises is a failure of that key only: `trouble` is told, and it
        is tried again after a growing pause."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._worker(work, trouble))
        finally:
            for timer in self._timers.values():
                timer.cancel()

    async def _worker(self, work: Callable[[K], Awaitable[None]], trouble: Callable[[K, Exception], None]) -> None:
        while True:
            while not self._waiting:
                self._some.clear()
                await self._some.wait()
            key = next(iter(self._waiting))
            del self._waiting[key]
            self._working.add(key)
            try:
                await work(key)
                self._failures.pop(key, None)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with this key, the others must go on
                count = self._failures[key] = self._failures.get(key, 0) + 1
                trouble(key, error)
                self.add_after(key, min(FIRST_DELAY * 2 ** min(count - 1, 20), LAST_DELAY))
            finally:
                self._working.discard(key)
            if key in self._again:
                self._again.discard(key)
                self.add(key)
