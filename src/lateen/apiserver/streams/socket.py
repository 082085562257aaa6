# SPDX-License-Identifier: Apache-2.0
"""One WebSocket over ASGI: accept or refuse, messages in and out."""

from __future__ import annotations

import orjson

from lateen.apiserver.http.exchange import Exchange
from lateen.apiserver.status import ApiError


class ClosedError(Exception):
    """The client has closed the WebSocket."""


class WebSocket:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.offered: list[str] = list(exchange.scope.get("subprotocols") or ())

    async def accept(self, subprotocol: str | None) -> None:
        await self._exchange.receive()
        self._exchange.started = True
        await self._exchange.send({"type": "websocket.accept", "subprotocol": subprotocol})

    async def refuse(self, error: ApiError) -> None:
        """Answer the handshake with a Status instead."""
        headers = [(b"content-type", b"application/json")]
        self._exchange.started = True
        await self._exchange.receive()
        await self._exchange.send({"type": "websocket.http.response.start", "status": error.code, "headers": headers})
        await self._exchange.send({"type": "websocket.http.response.body", "body": orjson.dumps(error.body)})

    async def receive(self) -> bytes:
        """The next message as bytes. Raises ClosedError."""
        message = await self._exchange.receive()
        if message["type"] != "websocket.receive":
            raise ClosedError
        data = message.get("bytes")
        return data if data is not None else str(message.get("text") or "").encode()

    async def send(self, data: bytes) -> None:
        await self._exchange.send({"type": "websocket.send", "bytes": data})

    async def close(self, code: int = 1000) -> None:
        await self._exchange.send({"type": "websocket.close", "code": code})
