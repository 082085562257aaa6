# SPDX-License-Identifier: Apache-2.0
"""`WriteBudget`: bounds the memory of large responses on their way, without letting a slow client hold up others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

SMALL = 32 << 10
"""Bytes up to which a write needs no budget."""


class WriteBudget:
    """Admits large writes while fewer than `limit` bytes are on their way.

    gRPC copies each message, so a thousand streams that are sent one shared response would hold a thousand copies of
    it (writes up to `SMALL` are not worth counting). A write that takes longer than `patience` seconds belongs to a
    slow client: its bytes no longer count, so that others go on; it holds at most the one response that it is taking.
    """

    def __init__(self, limit: int = 32 << 20, patience: float = 0.5) -> None:
        self._free = limit
        self._limit = limit
        self._patience = patience
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def write(self, write: Callable[[bytes], Awaitable[None]], data: bytes) -> None:
        """`await write(data)` when there is room for it."""
        size = min(len(data), self._limit)
        await self._acquire(size)
        timer = asyncio.get_running_loop().call_later(self._patience, self._release, size)
        try:
            await write(data)
        finally:
            if timer.when() > asyncio.get_running_loop().time():
                timer.cancel()
                self._release(size)

    async def _acquire(self, size: int) -> None:
        if not self._waiting and size <= self._free:
            self._free -= size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release(size)
            raise

    def _release(self, size: int) -> None:
        self._free += size
        while self._waiting and (self._waiting[0][1].cancelled() or self._waiting[0][0] <= self._free):
            wanted, turn = self._waiting.popleft()
            if not turn.cancelled():
                self._free -= wanted
                turn.set_result(None)
