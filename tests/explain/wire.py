# SPDX-License-Identifier: Apache-2.0
"""Plain clients and servers for the truth tests: exactly these bytes out, exactly what came back in."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from lateen.explain import Address, ClientTls, HttpRequest, ProxyProtocol

PATIENCE = 30.0


@dataclass(frozen=True)
class Response:
    """An HTTP/1.1 response; header names in lower case."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


class HttpClient:
    """One HTTP/1.1 client address; connections are kept while the server keeps them."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None = None, server_name: str = "") -> None:
        self._where = (host, port)
        self._tls = {"ssl": tls, "server_hostname": server_name} if tls is not None else {}
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: HttpRequest) -> Response:
        """The response to `request`, sent as it stands."""
        target = request.path
        if request.method == "CONNECT":
            target = request.authority or ""
        elif request.scheme:
            target = f"{request.scheme}://{request.authority}{request.path}"
        lines = [f"{request.method} {target} {request.version}"]
        if request.authority is not None:
            lines.append(f"Host: {request.authority}")
        lines += [f"{name}: {value}" for name, value in request.headers]
        data = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
        async with asyncio.timeout(PATIENCE):
            reader, writer = await self._connected()
            writer.write(data)
            try:
                response, keep = await _read_response(reader, request.method)
            except asyncio.IncompleteReadError:
                # The server had closed the kept connection.
                self.close()
                reader, writer = await self._connected()
                writer.write(data)
                response, keep = await _read_response(reader, request.method)
        if not keep:
            self.close()
        return response

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._where, **self._tls)
        return self._streams

    def close(self) -> None:
        """Drop the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _read_response(reader: asyncio.StreamReader, method: str) -> tuple[Response, bool]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    headers = {}
    for line in head[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    length = 0 if method == "HEAD" else int(headers.get("content-length", 0))
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
    else:
        body = await reader.readexactly(length)
    keep = headers.get("connection", "").lower() != "close"
    return Response(status, headers, body.decode("utf-8", "surrogateescape")), keep


async def exchange(host: str, port: int, sent: bytes) -> str:
    """Send `sent` on a new connection and read until the other side closes."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(sent)
            received = await reader.read()
        except ConnectionResetError:
            received = b""
        finally:
            writer.close()
    return received.decode("utf-8", "replace")


def client_hello(tls: ClientTls) -> bytes:
    """The first bytes of a TLS connection with this server name and these protocols."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if tls.alpn:
        context.set_alpn_protocols(list(tls.alpn))
    out = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=tls.server_name or None)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        return out.read()
    raise AssertionError("a handshake that needs no answer")


def proxy_header(header: ProxyProtocol) -> bytes:
    """The text form (version 1) of a PROXY header."""
    family = "TCP6" if ":" in header.source.ip else "TCP4"
    source, destination = header.source, header.destination
    return f"PROXY {family} {source.ip} {destination.ip} {source.port} {destination.port}\r\n".encode()


@asynccontextmanager
async def echo_server(name: str) -> AsyncIterator[Address]:
    """An HTTP/1.1 server that answers each request with a JSON object: its own name, the request's path and headers."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ", 2)
                headers = [[p.strip() for p in line.split(":", 1)] for line in head[1:] if line]
                body = json.dumps({"server": name, "method": method, "path": path, "headers": headers}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()[:2]
        yield Address(host, port)
    finally:
        server.close()
        server.close_clients() if hasattr(server, "close_clients") else None


@asynccontextmanager
async def recorder(received: list[bytes], answer: bytes = b"") -> AsyncIterator[Address]:
    """A TCP server that adds the first bytes of each connection to `received`, writes `answer` and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(4096))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()[:2]
        yield Address(host, port)
    finally:
        server.close()
