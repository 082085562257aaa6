# SPDX-License-Identifier: Apache-2.0
"""Applications for pods: an HTTP server that tells what it saw, servers of bytes, and clients of both.

They run in the test's own process, on sockets that belong to a pod.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import h11
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, ResponseReceived, StreamEnded, StreamReset, TrailersReceived

PATIENCE = 20.0
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Answer(NamedTuple):
    """A response. `seen` is what the server of `serve_http` saw of the request."""

    status: int
    headers: dict[str, str]
    body: bytes
    trailers: dict[str, str]

    @property
    def seen(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


# -- clients ----------------------------------------------------------------------------------------------------------


async def ask_http1(connect: Connect, host: str, path: str = "/", **headers: str) -> Answer:
    """`GET` in HTTP/1.1 over a connection of its own."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await connect()
        try:
            connection = h11.Connection(h11.CLIENT)
            named = [("host", host), ("connection", "close"), *((k.replace("_", "-"), v) for k, v in headers.items())]
            writer.write(connection.send(h11.Request(method="GET", target=path, headers=named)) or b"")
            writer.write(connection.send(h11.EndOfMessage()) or b"")
            status, received, body = 0, {}, b""
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(await reader.read(65536))
                elif isinstance(event, h11.Response):
                    status = event.status_code
                    received = {name.decode(): value.decode() for name, value in event.headers}
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                    return Answer(status, received, body, {})
        finally:
            writer.close()


async def ask_http2(connect: Connect, host: str, path: str = "/", body: bytes = b"", **headers: str) -> Answer:
    """`GET` (`POST` with a body) in HTTP/2 over a connection of its own; status 0 if the stream is reset."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await connect()
        try:
            connection = H2Connection(H2Configuration(header_encoding="utf-8"))
            connection.initiate_connection()
            pseudo = {":method": "POST" if body else "GET", ":scheme": "http", ":authority": host, ":path": path}
            fields = [*pseudo.items(), *((name.replace("_", "-"), value) for name, value in headers.items())]
            connection.send_headers(1, fields, end_stream=not body)
            if body:
                connection.send_data(1, body, end_stream=True)
            status, received, content, trailers = 0, {}, b"", {}
            while True:
                writer.write(connection.data_to_send())
                data = await reader.read(65536)
                if not data:
                    return Answer(0, {}, b"", {})
                for event in connection.receive_data(data):
                    if isinstance(event, ResponseReceived):
                        received = dict(event.headers)
                        status = int(received.pop(":status"))
                    elif isinstance(event, DataReceived):
                        content += event.data
                        connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, TrailersReceived):
                        trailers = dict(event.headers)
                    elif isinstance(event, StreamReset):
                        return Answer(0, received, content, trailers)
                    elif isinstance(event, StreamEnded):
                        return Answer(status, received, content, trailers)
        finally:
            writer.close()


async def ask_grpc(connect: Connect, host: str, method: str, message: bytes) -> Answer:
    """A unary gRPC call; the answer's body is the message, its trailers have `grpc-status`."""
    framed = struct.pack(">BI", 0, len(message)) + message
    answer = await ask_http2(connect, host, method, framed, content_type="application/grpc", te="trailers")
    return answer._replace(body=answer.body[5:], trailers=answer.trailers or answer.headers)


async def ask_bytes(connect: Connect, sent: bytes = b"") -> bytes:
    """What comes back for `sent`, or without a word; empty if the connection is closed."""
    async with asyncio.timeout(PATIENCE):
        try:
            reader, writer = await connect()
        except ConnectionError:
            return b""
        try:
            writer.write(sent)
            return await reader.read(65536)
        except ConnectionError:
            return b""
        finally:
            writer.close()


# -- servers ----------------------------------------------------------------------------------------------------------


def http_server(name: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """HTTP/1.1 and HTTP/2 with prior knowledge: each request is answered with what was seen of it, gRPC is echoed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.read(65536)
            while first and len(first) < len(_PREFACE) and _PREFACE.startswith(first):
                first += await reader.read(65536)
            if first.startswith(_PREFACE):
                await _serve_http2(name, first, reader, writer)
            else:
                await _serve_http1(name, first, reader, writer)
        except (ConnectionError, h11.RemoteProtocolError):
            pass
        finally:
            writer.close()

    return serve


def _seen(name: str, http: str, method: str, path: str, headers: dict[str, str]) -> bytes:
    return json.dumps({"server": name, "http": http, "method": method, "path": path, "headers": headers}).encode()


async def _serve_http1(name: str, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(first)
    request: h11.Request | None = None
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            headers = {key.decode(): value.decode() for key, value in request.headers}
            version = request.http_version.decode()
            body = _seen(name, version, request.method.decode(), request.target.decode(), headers)
            response = h11.Response(status_code=200, headers=[("content-length", str(len(body)))])
            for part in (response, h11.Data(data=body), h11.EndOfMessage()):
                writer.write(connection.send(part) or b"")
            await writer.drain()
            if connection.our_state is not h11.DONE:
                return
            connection.start_next_cycle()
        elif isinstance(event, h11.ConnectionClosed):
            return


async def _serve_http2(name: str, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    connection.initiate_connection()
    requests: dict[int, dict[str, str]] = {}
    bodies: dict[int, bytes] = {}
    data = first
    while data:
        for event in connection.receive_data(data):
            if isinstance(event, RequestReceived):
                requests[event.stream_id] = dict(event.headers)
            elif isinstance(event, DataReceived):
                bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                headers = requests.pop(event.stream_id)
                _answer_http2(name, connection, event.stream_id, headers, bodies.pop(event.stream_id, b""))
        writer.write(connection.data_to_send())
        await writer.drain()
        data = await reader.read(65536)


def _answer_http2(name: str, connection: H2Connection, stream: int, headers: dict[str, str], body: bytes) -> None:
    if headers.get("content-type") == "application/grpc":
        connection.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
        connection.send_data(stream, body)
        connection.send_headers(stream, [("grpc-status", "0")], end_stream=True)
        return
    connection.send_headers(stream, [(":status", "200")])
    connection.send_data(stream, _seen(name, "2", headers[":method"], headers[":path"], headers), end_stream=True)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends back what it gets, with `echo ` in front."""
    try:
        while data := await reader.read(65536):
            writer.write(b"echo " + data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speaks first, as databases and mail servers do, and waits for the other side to hang up."""
    writer.write(b"hello")
    try:
        await reader.read()
    except ConnectionError:
        pass
    finally:
        writer.close()
