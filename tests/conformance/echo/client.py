# SPDX-License-Identifier: Apache-2.0
"""Requests as the rows describe them, and answers as their checks ask for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import h11

from tests.mesh.traffic import PATIENCE, Connect, ask_http2


@dataclass
class Reply:
    """An answer; status 0 if there was none. `seen` is what the application saw of the request."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    raw: bytes = b""
    server: str = ""
    """The application that answered; of a TCP call too."""


async def http(connect: Connect, method: str, path: str, headers: Mapping[str, str]) -> Reply:
    """One request in HTTP/1.1. A fragment of the path stays with the client, as everywhere."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await connect()
        try:
            connection = h11.Connection(h11.CLIENT)
            named = [*headers.items(), ("connection", "close")]
            sent = h11.Request(method=method, target=path.partition("#")[0], headers=named)
            writer.write((connection.send(sent) or b"") + (connection.send(h11.EndOfMessage()) or b""))
            reply, body = Reply(), b""
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(await reader.read(65536))
                elif isinstance(event, h11.Response):
                    reply.status = event.status_code
                    reply.headers = {name.decode(): value.decode() for name, value in event.headers}
                elif isinstance(event, h11.Data):
                    body += event.data
                else:
                    return _with_body(reply, body)
        except (ConnectionError, h11.RemoteProtocolError, TimeoutError):
            return Reply()
        finally:
            writer.close()


async def http2(connect: Connect, path: str, headers: Mapping[str, str]) -> Reply:
    """One request in HTTP/2 with prior knowledge."""
    rest = {name: value for name, value in headers.items() if name.lower() != "host"}
    answer = await ask_http2(connect, headers["Host"], path.partition("#")[0], b"", **rest)
    return _with_body(Reply(answer.status, answer.headers), answer.body)


async def tcp(connect: Connect, message: bytes) -> Reply:
    """What comes back for `message` and a line break, up to the first pause."""
    async with asyncio.timeout(PATIENCE):
        try:
            reader, writer = await connect()
        except ConnectionError:
            return Reply()
        try:
            writer.write(message + b"\n")
            raw = await reader.read(65536)
        except ConnectionError:
            return Reply()
        finally:
            writer.close()
    name = raw.removeprefix(b"from ").partition(b":")[0].decode() if raw.startswith(b"from ") else ""
    return Reply(200 if raw else 0, raw=raw, server=name)


def _with_body(reply: Reply, body: bytes) -> Reply:
    reply.raw = body
    if body.startswith(b"{"):
        seen: dict[str, Any] = json.loads(body)
        seen["headers"] = {name.lower(): value for name, value in seen["headers"].items()}
        reply.seen, reply.server = seen, seen["server"]
    return reply
