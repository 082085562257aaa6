# SPDX-License-Identifier: Apache-2.0
"""`WriteBudget`: bounds the memory of large responses on their way, without letting a slow client hold up others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SMALL = 32 << 10
"""Bytes up to which a write needs no budget."""

_LONGEST = 5.0
"""Seconds after which a write no longer counts, however the others fare."""


class _Write:
    """A write on its way."""

    __slots__ = ("counted", "size", "started")

    def __init__(self, size: int, started: float) -> None:
        self.size = size
        self.started = started
        self.counted = True


class WriteBudget:
    """Admits large writes, in their order, while fewer than `limit` bytes are on their way.

    gRPC copies each message, so a thousand streams that are sent one shared response would hold a thousand copies of
    it. Clients that take nothing must not keep others waiting: when some wait and no write has ended for `patience`
    seconds, those that began before that no longer count. Such a client holds the one response that it is taking.
    """

    def __init__(self, limit: int = 32 << 20, patience: float = 0.25) -> None:
        self._free = limit
        self._limit = limit
        self._patience = patience
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._writes: dict[_Write, None] = {}
        self._progress = 0.0
        self._check: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def room(self, size: int) -> AsyncIterator[None]:
        """Wait for room for a message of `size` bytes, which is taken until the end of the block."""
        size = min(size, self._limit)
        await self._acquire(size)
        loop = asyncio.get_running_loop()
        write = _Write(size, loop.time())
        self._writes[write] = None
        try:
            yield
        finally:
            self._progress = loop.time()
            self._discount(write)

    async def _acquire(self, size: int) -> None:
        if not self._waiting and size <= self._free:
            self._free -= size
            return
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append((size, turn))
        if self._check is None:
            self._check = loop.call_later(self._patience, self._look_for_slow_ones)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._free += size
                self._admit()
            raise

    def _discount(self, write: _Write) -> None:
        self._writes.pop(write, None)
        if write.counted:
            write.counted = False
            self._free += write.size
            self._admit()

    def _admit(self) -> None:
        while self._waiting and (self._waiting[0][1].cancelled() or self._waiting[0][0] <= self._free):
            wanted, turn = self._waiting.popleft()
            if not turn.cancelled():
                self._free -= wanted
                turn.set_result(None)

    def _look_for_slow_ones(self) -> None:
        self._check = None
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        stuck = now - self._progress >= self._patience
        for write in list(self._writes):
            age = now - write.started
            if age >= _LONGEST or (stuck and age >= self._patience):
                self._discount(write)
        if self._waiting:
            self._check = loop.call_later(self._patience, self._look_for_slow_ones)
