# SPDX-License-Identifier: Apache-2.0
"""pods/NAME/portforward over a WebSocket.

kubectl tunnels SPDY/3.1 through it (`SPDY/3.1+portforward.k8s.io`): two streams per connection, one for errors and one
for data. Other clients use channels (`v4.channel.k8s.io` or no subprotocol): channel 2n is the data of the n-th port,
2n+1 its errors, and each begins with the port's number in two bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable, Coroutine

from lateen.apiserver.operations.call import Call
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.status import ApiError, bad_request
from lateen.apiserver.streams import spdy
from lateen.apiserver.streams.pod_streams import PodStreams, PortConnection
from lateen.apiserver.streams.socket import ClosedError, WebSocket
from lateen.apiserver.streams.target import NO_STREAMS, pod_of

SPDY = "SPDY/3.1+portforward.k8s.io"
_CHANNELS = "v4.channel.k8s.io"
_MOST_STREAMS = 1_000
Send = Callable[[bytes], Coroutine[None, None, None]]


async def port_forward(
    cluster: Cluster, streams: PodStreams | None, call: Call, ports: list[int], socket: WebSocket
) -> None:
    """Forward connections until the client leaves. Raises ApiError before the socket is accepted."""
    pod = pod_of(cluster, call)
    phase = (pod.get("status") or {}).get("phase")
    if phase != "Running":
        raise bad_request(f"unable to forward port because pod is not running. Current status={phase}")
    if streams is None:
        raise ApiError(503, "ServiceUnavailable", NO_STREAMS)
    if SPDY in socket.offered:
        await socket.accept(SPDY)
        await _Tunnel(streams, call, socket).run()
    else:
        if not ports:
            raise bad_request("you must specify at least 1 port")
        await socket.accept(_CHANNELS if _CHANNELS in socket.offered else None)
        await _Channels(streams, call, socket, ports).run()


class _Forwarding:
    """What both protocols share: connections, each with a task that copies what the pod says."""

    def __init__(self, streams: PodStreams, call: Call, socket: WebSocket) -> None:
        self._streams, self._call, self._socket = streams, call, socket
        self._connections: dict[int, PortConnection] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        try:
            with contextlib.suppress(ClosedError):
                while True:
                    await self._received(await self._socket.receive())
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for connection in self._connections.values():
                with contextlib.suppress(OSError):
                    await connection.close()

    async def _received(self, message: bytes) -> None:
        raise NotImplementedError

    async def _connect(self, number: int, port: int) -> str:
        """Connect stream `number`; gives what went wrong, or nothing."""
        try:
            self._connections[number] = await self._streams.connect(self._call.namespace, self._call.name, port)
        except OSError as error:
            return f"error forwarding port {port} to pod {self._call.name}: {error}"
        return ""

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, number: int, data: bytes) -> None:
        connection = self._connections.get(number)
        if connection is not None and data:
            try:
                await connection.write(data)
            except OSError:
                await self._drop(number)

    async def _drop(self, number: int) -> None:
        connection = self._connections.pop(number, None)
        if connection is not None:
            with contextlib.suppress(OSError):
                await connection.close()


class _Tunnel(_Forwarding):
    def __init__(self, streams: PodStreams, call: Call, socket: WebSocket) -> None:
        super().__init__(streams, call, socket)
        self._session = spdy.Session()
        self._errors: dict[str, int] = {}

    async def _received(self, message: bytes) -> None:
        try:
            events = self._session.feed(message)
        except spdy.SpdyError:
            await self._socket.close(1002)
            raise ClosedError from None
        for event in events:
            match event:
                case spdy.Opened():
                    await self._opened(event)
                case spdy.Data(stream, data, finished):
                    await self._write(stream, data)
                    if finished and stream in self._connections:
                        with contextlib.suppress(OSError):
                            await self._connections[stream].close_write()
                case spdy.Reset(stream):
                    await self._drop(stream)
                case spdy.Pinged(answer):
                    await self._socket.send(answer)
                case spdy.GoneAway():
                    raise ClosedError

    async def _opened(self, event: spdy.Opened) -> None:
        headers = event.headers
        kind, request, port = headers.get("streamtype"), headers.get("requestid", ""), headers.get("port", "")
        if len(self._connections) + len(self._errors) >= _MOST_STREAMS or not port.isdecimal():
            await self._socket.send(spdy.reset_frame(event.stream))
            return
        await self._socket.send(self._session.reply(event.stream))
        if kind == "error":
            self._errors[request] = event.stream
        elif kind == "data":
            error = await self._connect(event.stream, int(port))
            self._spawn(self._copy(event.stream, self._errors.pop(request, 0), error))

    async def _copy(self, stream: int, errors: int, error: str) -> None:
        connection = self._connections.get(stream)
        if connection is not None:
            try:
                while data := await connection.read():
                    await self._socket.send(spdy.data_frame(stream, data))
            except OSError as failure:
                error = f"error forwarding port: {failure}"
            await self._drop(stream)
        if errors:
            await self._socket.send(spdy.data_frame(errors, error.encode(), finished=True))
        await self._socket.send(spdy.data_frame(stream, b"", finished=True))


class _Channels(_Forwarding):
    def __init__(self, streams: PodStreams, call: Call, socket: WebSocket, ports: list[int]) -> None:
        super().__init__(streams, call, socket)
        self._ports = ports

    async def run(self) -> None:
        for index, port in enumerate(self._ports):
            for channel in (2 * index, 2 * index + 1):
                await self._socket.send(bytes([channel]) + struct.pack("<H", port))
            error = await self._connect(2 * index, port)
            if error:
                await self._socket.send(bytes([2 * index + 1]) + error.encode())
            else:
                self._spawn(self._copy(2 * index))
        await super().run()

    async def _received(self, message: bytes) -> None:
        if message:
            await self._write(message[0], message[1:])

    async def _copy(self, channel: int) -> None:
        connection = self._connections[channel]
        with contextlib.suppress(OSError):
            while data := await connection.read():
                await self._socket.send(bytes([channel]) + data)
        await self._drop(channel)
        if not self._connections:
            await self._socket.close()
