# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a server with one world, and a real Envoy connected to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.envoy_process import EnvoyProcess, StartEnvoy, ads_bootstrap
from tests.xds.resources import World
from tests.xds.serving import NODE, Caller, Serving

pytest.register_assert_rewrite("tests.xds.transcript")


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[Serving]]]:
    """`await serve(world)` starts a server for the length of the test."""
    started: list[Serving] = []

    async def start(world: World, address: str = "127.0.0.1:0") -> Serving:
        serving = await Serving(world).start(address)
        started.append(serving)
        return serving

    yield start
    for serving in started:
        await serving.stop()


@pytest.fixture
def connect(start_envoy: StartEnvoy) -> Callable[[Serving], Awaitable[EnvoyProcess]]:
    """`await connect(serving)` starts an Envoy that takes its configuration from the server."""

    async def start(serving: Serving) -> EnvoyProcess:
        return await start_envoy(ads_bootstrap(NODE, serving.address))

    return start


@pytest.fixture
async def calls() -> AsyncIterator[Callable[[EnvoyProcess, str], Caller]]:
    """`calls(envoy, listener)` makes requests to that listener."""
    made: list[Caller] = []

    def make(envoy: EnvoyProcess, listener: str) -> Caller:
        made.append(Caller(envoy, listener))
        return made[-1]

    yield make
    for caller in made:
        await caller.close()
