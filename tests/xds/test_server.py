# SPDX-License-Identifier: Apache-2.0
"""The server on gRPC, played with plain clients: who is let in, who gets what, and that nobody waits for the slow."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from lateen.envoy.blob import CLUSTER, LISTENER, Blob
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.xds.node_identity import NodeIdentity
from lateen.xds.server import ListenError, XdsServer
from tests.xds.resources import World
from tests.xds.serving import Directory, Serving

ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService/"


def node_id(name: str) -> str:
    return f"sidecar~10.0.0.1~{name}.default~default.svc.cluster.local"


class Client:
    """A delta client on one channel, in the way of Envoy's messages but without its manners."""

    def __init__(self, channel: grpc.aio.Channel, node: str) -> None:
        self.call = channel.stream_stream(
            ADS + "DeltaAggregatedResources",
            request_serializer=DeltaDiscoveryRequest.SerializeToString,
            response_deserializer=DeltaDiscoveryResponse.FromString,
        )()
        self.node = Node(id=node)

    async def send(self, type_url: str, *subscribe: str, nonce: str = "") -> None:
        request = DeltaDiscoveryRequest(
            type_url=type_url, resource_names_subscribe=subscribe, response_nonce=nonce, node=self.node
        )
        await self.call.write(request)

    async def receive(self) -> Any:
        async with asyncio.timeout(20):
            return await self.call.read()


@pytest.fixture
async def serving() -> AsyncIterator[Serving]:
    world = World()
    world.add(Blob(CLUSTER, "a", b"1"))
    started = await Serving(world).start()
    yield started
    await started.stop()


@pytest.fixture
async def channel(serving: Serving) -> AsyncIterator[grpc.aio.Channel]:
    options = [("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(serving.address, options) as made:
        yield made


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (the state is read from outside)
            await asyncio.sleep(0.005)


async def test_two_streams_of_one_snapshot(serving: Serving, channel: grpc.aio.Channel) -> None:
    for name in ("one", "two"):
        client = Client(channel, node_id(name))
        await client.send(CLUSTER)
        response = await client.receive()
        assert [(r.name, r.resource.type_url, r.resource.value) for r in response.resources] == [("a", CLUSTER, b"1")]
        assert response.resources[0].version == Blob(CLUSTER, "a", b"1").version
    statuses = serving.server.statuses()
    assert [(s.key, s.node.name) for s in statuses] == [(node_id("one"), "one"), (node_id("two"), "two")]


async def test_stream_that_ends_is_forgotten(serving: Serving, channel: grpc.aio.Channel) -> None:
    client = Client(channel, node_id("one"))
    await client.send(CLUSTER)
    await client.receive()
    assert serving.directory.connected == [node_id("one")]
    client.call.cancel()
    await until(lambda: not serving.directory.connected)
    assert serving.server.statuses() == []
    serving.publish()


async def test_client_that_closes_its_side_is_forgotten(serving: Serving, channel: grpc.aio.Channel) -> None:
    client = Client(channel, node_id("one"))
    await client.send(CLUSTER)
    await client.receive()
    await client.call.done_writing()
    assert await client.receive() is grpc.aio.EOF
    await until(lambda: not serving.directory.connected)


async def test_snapshot_that_comes_after_the_client(serving: Serving, channel: grpc.aio.Channel) -> None:
    serving.directory.current = None
    client = Client(channel, node_id("one"))
    await client.send(CLUSTER)
    await until(lambda: serving.directory.connected)
    serving.publish()
    assert [r.name for r in (await client.receive()).resources] == ["a"]


async def test_edits_in_one_turn_of_the_loop_are_one_response(serving: Serving, channel: grpc.aio.Channel) -> None:
    client = Client(channel, node_id("one"))
    await client.send(CLUSTER)
    await client.receive()
    for revision in range(50):
        serving.world.add(Blob(CLUSTER, "a", str(revision).encode()))
        serving.publish()
    response = await client.receive()
    assert [r.resource.value for r in response.resources] == [b"49"]


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ("", "it has to be TYPE~ADDRESS~NAME.NAMESPACE~DNS-DOMAIN"),
        ("sidecar~10.0.0.1~a.b", "it has to be TYPE~ADDRESS~NAME.NAMESPACE~DNS-DOMAIN"),
        ("sailor~10.0.0.1~a.b~b.svc.cluster.local", "'sailor' is none of the types"),
        ("sidecar~10.0.0~a.b~b.svc.cluster.local", "'10.0.0' is no IP address"),
        ("sidecar~10.0.0.1~a~b.svc.cluster.local", "'a' has to be NAME.NAMESPACE"),
    ],
)
async def test_invalid_node_ends_the_stream_with_the_reason(
    serving: Serving, channel: grpc.aio.Channel, node: str, text: str
) -> None:
    client = Client(channel, node)
    with contextlib.suppress(grpc.aio.AioRpcError):
        await client.send(CLUSTER)
    assert await client.call.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert text in await client.call.details()


async def test_garbage_ends_the_stream_with_the_reason(serving: Serving, channel: grpc.aio.Channel) -> None:
    call = channel.stream_stream(ADS + "DeltaAggregatedResources")()
    with contextlib.suppress(grpc.aio.AioRpcError):
        await call.write(b"\xff\xff\xff")
    assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "not a discovery request" in await call.details()


async def test_proxy_that_the_directory_turns_away(channel: grpc.aio.Channel, serving: Serving) -> None:
    def refuse(node: NodeIdentity) -> Diagnostic:
        return Diagnostic(severity=Severity.ERROR, code="unknown", message=f"nobody knows {node.name}")

    serving.directory.connect = refuse  # type: ignore[method-assign]
    client = Client(channel, node_id("one"))
    with contextlib.suppress(grpc.aio.AioRpcError):
        await client.send(CLUSTER)
    assert await client.call.code() is grpc.StatusCode.PERMISSION_DENIED
    assert await client.call.details() == "nobody knows one"


async def test_state_of_the_world_is_refused_with_what_to_do(serving: Serving, channel: grpc.aio.Channel) -> None:
    call = channel.stream_stream(ADS + "StreamAggregatedResources")()
    with contextlib.suppress(grpc.aio.AioRpcError):
        await call.write(b"")
    assert await call.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "api_type: DELTA_GRPC" in await call.details()


async def test_slow_clients_delay_nobody(serving: Serving, channel: grpc.aio.Channel) -> None:
    """Many clients that take nothing of large answers, and one that does, each with a connection of its own."""
    serving.world.add(*(Blob(CLUSTER, f"c{i}", b"x" * 10_000) for i in range(400)))
    serving.world.add(*(Blob(LISTENER, f"l{i}", b"x" * 10_000) for i in range(400)))
    serving.publish()
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
    async with contextlib.AsyncExitStack() as stack:
        for i in range(30):  # 120 MB in all, more than the server lets be on its way at once
            own = await stack.enter_async_context(grpc.aio.insecure_channel(serving.address, options))
            slow = Client(own, node_id(f"slow-{i}"))
            await slow.send(CLUSTER)  # its transport takes this answer in
            await slow.send(LISTENER)  # but not this one as well
        await until(lambda: len(serving.directory.connected) == 30)
        quick = Client(channel, node_id("quick"))
        await quick.send(CLUSTER)
        assert len((await quick.receive()).resources) == 401
        serving.world.add(Blob(CLUSTER, "a", b"2"))
        serving.publish()
        assert [r.resource.value for r in (await quick.receive()).resources] == [b"2"]


async def test_slow_client_gets_the_newest_state_at_once(serving: Serving, channel: grpc.aio.Channel) -> None:
    """While it took the first response, a thousand others were overtaken."""
    serving.world.add(*(Blob(LISTENER, f"l{i}", b"x" * 10_000) for i in range(400)))
    serving.publish()
    client = Client(channel, node_id("slow"))
    await client.send(LISTENER)
    await until(lambda: serving.server.statuses())
    await until(lambda: serving.server.statuses()[0].status.unacknowledged == ("LDS",))
    for revision in range(1000):
        serving.world.listeners["l0"] = Blob(LISTENER, "l0", str(revision).encode())
        serving.publish()
        if revision % 100 == 0:
            await asyncio.sleep(0)
    received = 0
    while True:
        response = await client.receive()
        received += 1
        if any(r.resource.value == b"999" for r in response.resources):
            break
    assert received < 20


async def test_addresses(tmp_path: Path) -> None:
    server = XdsServer(Directory(World()))
    try:
        assert await server.listen(f"unix:{tmp_path}/a.sock") == f"unix:{tmp_path}/a.sock"
        first = await server.listen("127.0.0.1:0")
        assert first.startswith("127.0.0.1:")
        assert first != "127.0.0.1:0"
        with pytest.raises(ListenError, match="cannot listen on"):
            await server.listen(first)
        for address in ("nonsense", "host:port", "unix:relative", "unix:/" + "x" * 200, "127.0.0.1:70000"):
            with pytest.raises(ListenError):
                await server.listen(address)
    finally:
        await server.stop()


async def test_socket_that_a_killed_server_left_behind_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "xds.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    serving = await Serving(World()).start(f"unix:{path}")
    try:
        async with grpc.aio.insecure_channel(serving.address) as channel:
            client = Client(channel, node_id("one"))
            await client.send(CLUSTER)
            assert (await client.receive()).type_url == CLUSTER
    finally:
        await serving.stop()
