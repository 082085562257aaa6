# SPDX-License-Identifier: Apache-2.0
"""The cluster's name server: answers of `dns` over UDP and TCP, everything else from elsewhere if there is one."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Awaitable, Callable
from typing import Any, cast

from dnslib import AAAA, CNAME, QTYPE, RCODE, RR, SRV, A, DNSError, DNSRecord

from lateen.node.dns import TTL, Answer, Names

Forward = Callable[[bytes], Awaitable["bytes | None"]]
"""A query to a name server of the outside; None if nobody answers."""
_LARGEST = 65535
_DEPTH = 8


class DnsServer:
    """Serves until its process ends. `names` may be replaced at any time."""

    def __init__(self, names: Names, forward: Forward | None = None) -> None:
        self.names = names
        self._forward = forward
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, address: str, port: int = 53) -> None:
        """Serve on both protocols. Raises OSError."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=(address, port))
        self._server = await asyncio.start_server(self._serve, address, port)

    async def respond(self, query: bytes) -> bytes:
        """The answer to one query; empty if it is none."""
        try:
            request = DNSRecord.parse(query)
        except (DNSError, ValueError):
            return b""
        if not request.questions:
            return b""
        reply = request.reply(ra=1, aa=1)
        question = request.q
        name = str(question.qname).rstrip(".").lower()
        found = self.names.find(name)
        if not found.known and not self.names.is_ours(name):
            answer = await self._forward(query) if self._forward is not None else None
            if answer is not None:
                return answer
            reply.header.rcode = RCODE.NXDOMAIN if self._forward is None else RCODE.SERVFAIL
            reply.header.aa = 0
            return bytes(reply.pack())
        if not found.known:
            reply.header.rcode = RCODE.NXDOMAIN
        await self._fill(reply, question.qname, QTYPE[question.qtype], found)
        return bytes(reply.pack())

    async def _fill(self, reply: Any, name: Any, kind: str, found: Answer) -> None:
        depth = 0
        while found.alias and depth < _DEPTH:
            reply.add_answer(RR(name, QTYPE.CNAME, ttl=TTL, rdata=CNAME(found.alias)))
            name = found.alias
            following = self.names.find(found.alias.lower())
            if not following.known and not self.names.is_ours(found.alias) and self._forward is not None:
                answer = await self._forward(bytes(DNSRecord.question(found.alias, kind).pack()))
                if answer is not None:
                    for record in DNSRecord.parse(answer).rr:
                        reply.add_answer(record)
                return
            found, depth = following, depth + 1
        addresses = list(found.addresses)
        random.shuffle(addresses)
        for address in addresses:
            if kind in ("A", "ANY") and ":" not in address:
                reply.add_answer(RR(name, QTYPE.A, ttl=TTL, rdata=A(address)))
            elif kind in ("AAAA", "ANY") and ":" in address:
                reply.add_answer(RR(name, QTYPE.AAAA, ttl=TTL, rdata=AAAA(address)))
        if kind in ("SRV", "ANY"):
            for port, target, address in found.targets:
                reply.add_answer(RR(name, QTYPE.SRV, ttl=TTL, rdata=SRV(0, 100, port, target)))
                reply.add_ar(RR(target, QTYPE.A, ttl=TTL, rdata=A(address)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack(">H", await reader.readexactly(2))
                answer = await self.respond(await reader.readexactly(length))
                writer.write(struct.pack(">H", len(answer)) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def datagram(self, data: bytes, send: Callable[[bytes], None]) -> None:
        """One query over UDP."""

        async def answer() -> None:
            found = await self.respond(data)
            if found:
                send(found)

        task = asyncio.create_task(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an instance of asyncio's class with every loop.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, sender: Any) -> None:
        self._server.datagram(data, lambda answer: self._transport.sendto(answer, sender))
