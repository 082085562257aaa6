# SPDX-License-Identifier: Apache-2.0
"""The budget of bytes on their way: admitted in order, given back whatever happens, not held by those who are stuck."""

from __future__ import annotations

import asyncio

from lateen.xds.write_budget import WriteBudget


class Writer:
    """A write that goes on until it is let go."""

    def __init__(self, budget: WriteBudget, size: int) -> None:
        self.admitted = asyncio.Event()
        self._go = asyncio.Event()
        self.task = asyncio.create_task(self._run(budget, size))

    async def _run(self, budget: WriteBudget, size: int) -> None:
        async with budget.room(size):
            self.admitted.set()
            await self._go.wait()

    async def finish(self) -> None:
        self._go.set()
        await self.task


async def turns() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_waits_for_room_in_order() -> None:
    budget = WriteBudget(limit=100, patience=1000)
    first, large, small = Writer(budget, 60), Writer(budget, 50), Writer(budget, 10)
    await turns()
    assert (first.admitted.is_set(), large.admitted.is_set(), small.admitted.is_set()) == (True, False, False)
    await first.finish()
    await turns()
    assert large.admitted.is_set()
    assert small.admitted.is_set()
    await large.finish()
    await small.finish()


async def test_larger_than_the_limit_goes_alone() -> None:
    budget = WriteBudget(limit=100, patience=1000)
    huge, other = Writer(budget, 5000), Writer(budget, 1)
    await turns()
    assert huge.admitted.is_set()
    assert not other.admitted.is_set()
    await huge.finish()
    await other.finish()


async def test_whoever_gives_up_gives_back() -> None:
    budget = WriteBudget(limit=100, patience=1000)
    first, second, third = Writer(budget, 100), Writer(budget, 100), Writer(budget, 100)
    await turns()
    second.task.cancel()
    first.task.cancel()
    await turns()
    assert third.admitted.is_set()
    await third.finish()


async def test_stuck_writes_make_room_and_give_back_only_once() -> None:
    budget = WriteBudget(limit=100, patience=0.01)
    stuck, other = Writer(budget, 100), Writer(budget, 100)
    async with asyncio.timeout(20):
        await other.admitted.wait()
    await stuck.finish()
    third = Writer(budget, 100)
    await turns()
    assert not third.admitted.is_set()
    await other.finish()
    await turns()
    assert third.admitted.is_set()
    await third.finish()
