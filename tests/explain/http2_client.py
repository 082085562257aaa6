# SPDX-License-Identifier: Apache-2.0
"""A plain HTTP/2 client: one request after the other on one connection, headers exactly as given."""

from __future__ import annotations

import asyncio
import ssl

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset

from lateen.explain import HttpRequest
from tests.explain.wire import PATIENCE, Response


class Http2Client:
    """A client of one address; with `tls` the context must offer `h2`."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None = None, server_name: str = "") -> None:
        self._where = (host, port)
        self._tls = {"ssl": tls, "server_hostname": server_name} if tls is not None else {}
        self._scheme = "http" if tls is None else "https"
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter, H2Connection] | None = None

    async def send(self, request: HttpRequest) -> Response:
        """The response to `request`; a stream that is reset is status 0."""
        async with asyncio.timeout(PATIENCE):
            if self._open is None:
                reader, writer = await asyncio.open_connection(*self._where, **self._tls)
                config = H2Configuration(
                    header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False
                )
                connection = H2Connection(config)
                connection.initiate_connection()
                self._open = reader, writer, connection
            return await self._exchange(*self._open, request)

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: H2Connection, request: HttpRequest
    ) -> Response:
        stream = connection.get_next_available_stream_id()
        headers = [(":method", request.method), (":scheme", request.scheme or self._scheme)]
        headers += [(":authority", request.authority)] if request.authority is not None else []
        headers += [(":path", request.path)] + [(name.lower(), value) for name, value in request.headers]
        connection.send_headers(stream, headers, end_stream=True)
        status, received, body = 0, {}, b""
        while True:
            writer.write(connection.data_to_send())
            data = await reader.read(65536)
            if not data:
                self.close()
                return Response(0)
            for event in connection.receive_data(data):
                if getattr(event, "stream_id", stream) != stream:
                    continue
                if isinstance(event, ResponseReceived):
                    received = dict(event.headers)
                    status = int(received.pop(":status"))
                elif isinstance(event, DataReceived):
                    connection.acknowledge_received_data(event.flow_controlled_length, stream)
                    body += event.data
                elif isinstance(event, StreamReset):
                    return Response(0)
                elif isinstance(event, StreamEnded):
                    writer.write(connection.data_to_send())
                    return Response(status, received, body.decode("utf-8", "surrogateescape"))

    def close(self) -> None:
        """Drop the connection."""
        if self._open is not None:
            self._open[1].close()
            self._open = None
