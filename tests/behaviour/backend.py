# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 servers that a test can make fail or wait, and what came to them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import h11

from tests.compile.listeners.sidecars import document, entry
from tests.mesh.traffic import Answer
from tests.mesh_namespaces import Mesh, Pod

VIP = "10.99.9.9"
"""An address that no pod has: HTTP goes by its host name."""


class Backend:
    """Serves HTTP/1.1 (`pod.serve(port, backend)`); answers tell its name, like those of `http_server`.

    `status` is what it answers; while `paused`, requests wait, and `waiting` says how many do.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.status = 200
        self.connections = 0
        self.open_connections = 0
        self.requests = 0
        self.waiting = 0
        self._open = asyncio.Event()
        self._open.set()
        self._changed = asyncio.Condition()

    def pause(self) -> None:
        self._open.clear()

    def resume(self) -> None:
        self._open.set()

    async def until_waiting(self, count: int) -> None:
        """Return when `count` requests wait."""
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(lambda: self.waiting == count)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_connections += 1
        connection = h11.Connection(h11.SERVER)
        request: h11.Request | None = None
        try:
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(await reader.read(65536))
                elif isinstance(event, h11.Request):
                    request = event
                elif isinstance(event, h11.EndOfMessage) and request is not None:
                    writer.write(await self._answer(connection, request))
                    await writer.drain()
                    if connection.our_state is not h11.DONE:
                        return
                    connection.start_next_cycle()
                elif isinstance(event, h11.ConnectionClosed):
                    return
        except (ConnectionError, h11.RemoteProtocolError):
            pass
        finally:
            self.open_connections -= 1
            writer.close()

    async def _answer(self, connection: h11.Connection, request: h11.Request) -> bytes:
        self.requests += 1
        await self._count(1)
        await self._open.wait()
        await self._count(-1)
        headers = {name.decode(): value.decode() for name, value in request.headers}
        seen = {"server": self.name, "path": request.target.decode(), "headers": headers}
        body = json.dumps(seen).encode()
        response = h11.Response(status_code=self.status, headers=[("content-length", str(len(body)))])
        parts = (response, h11.Data(data=body), h11.EndOfMessage())
        return b"".join(connection.send(part) or b"" for part in parts)

    async def _count(self, change: int) -> None:
        async with self._changed:
            self.waiting += change
            self._changed.notify_all()


async def serve(mesh: Mesh, *names: str) -> dict[str, tuple[Pod, Backend]]:
    """Pods without sidecars, each with a backend of its name on port 8080."""
    found = {}
    for name in names:
        pod, backend = await mesh.pod(name, sidecar=False), Backend(name)
        await pod.serve(8080, backend)
        found[name] = (pod, backend)
    return found


def web(*pods: Pod, protocol: str = "HTTP", port: int = 8080, **endpoint: Any) -> str:
    """The service web.test on port 80, which these pods serve on `port`."""
    ends = [{"address": pod.address, "ports": {protocol.lower(): port}, **endpoint} for pod in pods]
    addresses = () if protocol == "HTTP" else (VIP,)
    return entry(
        "web", "web.test", port=80, protocol=protocol, resolution="STATIC", endpoints=ends, addresses=addresses
    )


def policy(**traffic_policy: Any) -> str:
    """A DestinationRule on web.test, and no retries, so that a failure is seen as one."""
    once = {"retries": {"attempts": 0}, "route": [{"destination": {"host": "web.test"}}]}
    return "\n---\n".join(
        [
            document("DestinationRule", "web", {"host": "web.test", "trafficPolicy": traffic_policy}),
            document("VirtualService", "web", {"hosts": ["web.test"], "http": [once]}),
        ]
    )


async def ask(client: Pod, **headers: str) -> Answer:
    """One request to web.test."""
    return await client.get(VIP, 80, host="web.test", **headers)


async def who(client: Pod, count: int, **headers: str) -> Counter[str]:
    """Which servers answered `count` requests to web.test; a failure counts by its status."""
    found: Counter[str] = Counter()
    for _ in range(count):
        answer = await ask(client, **headers)
        found[answer.seen["server"] if answer.status == 200 else str(answer.status)] += 1
    return found
