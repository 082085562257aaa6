# SPDX-License-Identifier: Apache-2.0
"""One HTTP exchange over ASGI: reading a bounded body, sending a reply."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from lateen.apiserver.operations.call import Reply
from lateen.apiserver.status import ApiError, NoSuchPathError, bad_request, too_large

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_LIMIT = 3 * 1024 * 1024
"""Bytes of a request body, as in Kubernetes."""
BODY_SECONDS = 30.0
"""How long the next part of a body may take to come."""
GZIP_FROM = 128 * 1024
"""Bytes from which on an answer is compressed, as in Kubernetes."""


class Exchange:
    """The request as text, and the way to answer it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.method: str = scope.get("method", "GET")
        self.path: str = scope["path"]
        self.query: dict[str, str] = {}
        for key, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
            self.query.setdefault(key, value)
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.started = False

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    def repeated(self, name: str) -> list[str]:
        """Every value of a query parameter."""
        pairs = parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return [value for key, value in pairs if key == name]

    @property
    def client(self) -> str:
        """The address of the other side."""
        address = self.scope.get("client")
        return str(address[0]) if address else ""

    def declared_size(self) -> int:
        """Bytes the body will have, as far as the request says so."""
        length = self.header(b"content-length")
        if length.isdecimal():
            return min(int(length), BODY_LIMIT)
        return BODY_LIMIT if self.header(b"transfer-encoding") else 0

    async def body(self) -> bytes:
        """The whole body, decompressed. Raises ApiError (413) once it is too large: no more of it is read."""
        length = self.header(b"content-length")
        if length.isdecimal() and int(length) > BODY_LIMIT:
            raise too_large(BODY_LIMIT)
        chunks: list[bytes] = []
        size = 0
        while True:
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    message = await self.receive()
            except TimeoutError:
                raise ApiError(408, "Timeout", "the request body did not arrive in time") from None
            if message["type"] == "http.disconnect":
                raise bad_request("the client went away")
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > BODY_LIMIT:
                raise too_large(BODY_LIMIT)
            chunks.append(chunk)
            if not message.get("more_body"):
                break
        data = b"".join(chunks)
        return _inflate(data) if self.header(b"content-encoding") == "gzip" else data

    async def reply(self, reply: Reply) -> None:
        body = reply.body
        headers = [
            (b"content-type", reply.content_type.encode()),
            (b"cache-control", b"no-cache, private"),
            *((name.encode(), value.encode("latin-1", "replace")) for name, value in reply.headers),
        ]
        if len(body) >= GZIP_FROM and "gzip" in self.header(b"accept-encoding"):
            body = _deflate(body)
            headers += [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
        headers.append((b"content-length", str(len(body)).encode()))
        self.started = True
        await self.send({"type": "http.response.start", "status": reply.code, "headers": headers})
        await self.send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})

    async def fail(self, error: ApiError) -> None:
        headers = list(error.headers)
        if error.code in (401, 408, 413):
            headers.append(("connection", "close"))
        if isinstance(error, NoSuchPathError):
            await self.reply(Reply(404, b"404 page not found\n", headers, "text/plain; charset=utf-8"))
            return
        await self.reply(Reply(error.code, orjson.dumps(error.body), headers))


def _deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def _inflate(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(31)
    try:
        data = unpacker.decompress(body, BODY_LIMIT + 1)
    except zlib.error as error:
        raise bad_request(f"gzip: {error}") from None
    if len(data) > BODY_LIMIT:
        raise too_large(BODY_LIMIT)
    return data
