# SPDX-License-Identifier: Apache-2.0
"""Limits of connections and requests, how long connections live, and which HTTP version they speak."""

from __future__ import annotations

import asyncio

import pytest

from tests.behaviour.backend import VIP, Backend, ask, policy, serve, web
from tests.mesh.traffic import echo, http_server
from tests.mesh_namespaces import Mesh, Pod

OVERLOADED = 503


async def world(mesh: Mesh, rule: str) -> tuple[Pod, Backend]:
    """A client and its only server."""
    pod, backend = (await serve(mesh, "server"))["server"]
    client = await mesh.pod("client")
    await mesh.apply(web(pod), rule)
    return client, backend


async def test_requests_beyond_connections_and_queue_are_refused(mesh: Mesh) -> None:
    limits = {"tcp": {"maxConnections": 1}, "http": {"http1MaxPendingRequests": 1}}
    client, backend = await world(mesh, policy(connectionPool=limits))
    backend.pause()
    async with asyncio.TaskGroup() as tasks:
        served = [tasks.create_task(ask(client))]
        await backend.until_waiting(1)
        # One of these two waits in the queue, the other is refused.
        both = [tasks.create_task(ask(client)) for _ in range(2)]
        done, waiting = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        (refused,) = done
        assert (refused.result().status, refused.result().headers["x-envoy-overloaded"]) == (OVERLOADED, "true")
        backend.resume()
        served += waiting
    assert [task.result().status for task in served] == [200, 200]
    assert (backend.connections, backend.requests) == (1, 2)


async def test_requests_at_a_time_are_limited(mesh: Mesh) -> None:
    client, backend = await world(mesh, policy(connectionPool={"http": {"http2MaxRequests": 1}}))
    backend.pause()
    async with asyncio.TaskGroup() as tasks:
        served = tasks.create_task(ask(client))
        await backend.until_waiting(1)
        assert (await ask(client)).status == OVERLOADED
        backend.resume()
    assert served.result().status == 200


@pytest.mark.parametrize(("limit", "connections"), [(0, 1), (1, 4), (2, 2)])
async def test_a_connection_carries_so_many_requests(mesh: Mesh, limit: int, connections: int) -> None:
    client, backend = await world(mesh, policy(connectionPool={"http": {"maxRequestsPerConnection": limit}}))
    for _ in range(4):
        assert (await ask(client)).status == 200
    assert backend.connections == connections


async def test_an_idle_connection_is_closed(mesh: Mesh) -> None:
    client, backend = await world(mesh, policy(connectionPool={"http": {"idleTimeout": "0.2s"}}))
    assert (await ask(client)).status == 200
    assert client.sidecar is not None

    async def closed() -> bool:
        return backend.open_connections == 0

    await client.sidecar.wait_until(closed)
    assert (await ask(client)).status == 200
    assert backend.connections == 2


@pytest.mark.parametrize(
    ("settings", "from_http1", "from_http2"),
    [
        ({}, "1.1", "1.1"),
        ({"h2UpgradePolicy": "UPGRADE"}, "2", "2"),
        ({"useClientProtocol": True}, "1.1", "2"),
    ],
)
async def test_which_http_version_reaches_the_server(
    mesh: Mesh, settings: dict[str, object], from_http1: str, from_http2: str
) -> None:
    client, server = await mesh.pod("client"), await mesh.pod("server", sidecar=False)
    await server.serve(8080, http_server("server"))
    await mesh.apply(web(server), policy(connectionPool={"http": settings}))
    assert (await client.get(VIP, 80, host="web.test")).seen["http"] == from_http1
    assert (await client.get2(VIP, 80, host="web.test")).seen["http"] == from_http2


async def bytes_server(mesh: Mesh, rule: str) -> Pod:
    """The client of a server of bytes."""
    client, server = await mesh.pod("client"), await mesh.pod("server", sidecar=False)
    await server.serve(9000, echo)
    await mesh.apply(web(server, protocol="TCP", port=9000), rule)
    return client


async def test_connections_of_bytes_are_limited(mesh: Mesh) -> None:
    client = await bytes_server(mesh, policy(connectionPool={"tcp": {"maxConnections": 1}}))
    reader, writer = await client.connect(VIP, 80)()
    writer.write(b"held")
    assert await reader.read(100) == b"echo held"
    assert await client.exchange(VIP, 80, b"refused") == b""
    writer.close()

    async def free() -> bool:
        return await client.exchange(VIP, 80, b"let in") == b"echo let in"

    assert client.sidecar is not None
    await client.sidecar.wait_until(free)


@pytest.mark.parametrize("limit", [{"maxConnectionDuration": "0.3s"}, {"idleTimeout": "0.3s"}])
async def test_connections_of_bytes_end(mesh: Mesh, limit: dict[str, str]) -> None:
    client = await bytes_server(mesh, policy(connectionPool={"tcp": limit}))
    reader, writer = await client.connect(VIP, 80)()
    writer.write(b"held")
    assert await reader.read(100) == b"echo held"
    async with asyncio.timeout(20):
        assert await reader.read(100) == b""
    writer.close()
