# SPDX-License-Identifier: Apache-2.0
"""The server under test with one `World`, and ways to see what it says and what a real Envoy makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

from lateen.envoy.blob import Blob
from lateen.envoy.snapshot import Snapshot
from lateen.model.diagnostic import Diagnostic
from lateen.xds.directory import Secrets
from lateen.xds.node_identity import NodeIdentity
from lateen.xds.server import XdsServer
from lateen.xds.status import Status
from tests.envoy_process import EnvoyProcess
from tests.xds.resources import World

NODE = "router~127.0.0.1~gateway.istio-system~istio-system.svc.cluster.local"


class Directory:
    """Every proxy gets the same world. Knows which proxies are connected."""

    def __init__(self, world: World) -> None:
        self.current: Snapshot | None = world.snapshot()
        self.connected: list[str] = []

    def connect(self, node: NodeIdentity) -> str | Diagnostic:
        self.connected.append(node.id)
        return node.id

    def disconnect(self, key: object) -> None:
        self.connected.remove(str(key))

    def snapshot(self, key: object) -> Snapshot | None:
        return self.current

    def origin(self, key: object, type_url: str, name: str) -> str | None:
        return f"the test's {name}"


class NoSecrets:
    """A source that has none."""

    def secret(self, node: NodeIdentity, name: str) -> Blob | None:
        return None


class Serving:
    """A running server; `world` is edited and `publish`ed."""

    def __init__(self, world: World, secrets: Secrets | None = None) -> None:
        self.world = world
        self.directory = Directory(world)
        self.server = XdsServer(self.directory, secrets or NoSecrets())
        self.address = ""

    async def start(self, address: str = "127.0.0.1:0") -> Serving:
        self.address = await self.server.listen(address)
        return self

    async def stop(self) -> None:
        await self.server.stop()

    def publish(self) -> None:
        self.directory.current = self.world.snapshot()
        self.server.publish(dict.fromkeys(self.directory.connected, self.directory.current))

    def status(self) -> Status | None:
        statuses = self.server.statuses()
        return statuses[0].status if statuses else None

    async def settled(self, envoy: EnvoyProcess, want: str = "synced") -> Status:
        """Wait until the proxy's status is `want`."""

        async def reached() -> Status | None:
            status = self.status()
            return status if status is not None and status.sync == want else None

        try:
            found: Status = await envoy.wait_until(reached)
        except AssertionError as problem:
            raise AssertionError(f"status stays {self.status()}") from problem
        return found


class Caller:
    """Makes HTTP requests to a listener of an Envoy."""

    def __init__(self, envoy: EnvoyProcess, listener: str) -> None:
        self._envoy = envoy
        self._listener = listener
        self._client = httpx.AsyncClient(timeout=10)
        self._base = ""

    async def get(self, host: str) -> tuple[int, str]:
        """Status and body of `GET /` with this Host."""
        if not self._base:
            address, port = await self._envoy.listener_address(self._listener)
            self._base = f"http://{address}:{port}"
        response = await self._client.get(self._base, headers={"host": host})
        return response.status_code, response.text

    async def until(self, host: str, expected: tuple[int, str] | int) -> None:
        """Ask until the answer is the expected one (a status alone, or status and body)."""
        check: Callable[[tuple[int, str]], bool]
        if isinstance(expected, int):
            check = lambda answer: answer[0] == expected  # noqa: E731
        else:
            check = lambda answer: answer == expected  # noqa: E731

        async def right() -> bool:
            try:
                return check(await self.get(host))
            except httpx.ConnectError:  # The listener is known, its port not open yet.
                return False

        await self._envoy.wait_until(right)

    async def close(self) -> None:
        await self._client.aclose()


async def upstream(text: str) -> tuple[asyncio.Server, int]:
    """An HTTP/1.1 server on loopback that answers every request with 200 and `text`; its port."""
    body = text.encode()
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]
