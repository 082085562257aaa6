# SPDX-License-Identifier: Apache-2.0
"""A question asked for real."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping

import h11
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset

from lateen.explain import ClientTls, HttpRequest
from lateen.explain.request import HTTP2
from tests.truth.application import PREFIX
from tests.truth.outcome import Answered, Closed, Headers, Outcome, ServedBytes, ServedHttp
from tests.truth.question import BYTES, Question
from tests.truth.vocabulary import REQUEST_HEADERS, RESPONSE_HEADERS
from tests.truth.world import World

PATIENCE = 20.0


async def observe(world: World, question: Question) -> Outcome:
    """Ask, and see what happens."""
    tls = _client(world, question.tls) if question.tls is not None else None
    name = question.tls.server_name if question.tls is not None else ""
    connect = world.pods[question.pod].connect(question.address.ip, question.address.port, tls=tls, server_name=name)
    async with asyncio.timeout(PATIENCE):
        try:
            reader, writer = await connect()
        except OSError:
            return Closed()
        try:
            if question.http is None:
                return await _bytes(reader, writer)
            if question.http.version == HTTP2:
                return await _http2(reader, writer, question.http, "http" if tls is None else "https")
            return await _http1(reader, writer, question.http)
        except (OSError, h11.RemoteProtocolError):
            return Closed()
        finally:
            writer.close()


def _client(world: World, tls: ClientTls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if tls.alpn:
        context.set_alpn_protocols(list(tls.alpn))
    if tls.certificate:
        context.load_cert_chain(*world.certificate_files)
    return context


async def _bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Outcome:
    writer.write(BYTES)
    received = (await reader.read(65536)).decode("utf-8", "replace")
    if received.startswith(PREFIX):
        return ServedBytes(received.removeprefix(PREFIX))
    if received.startswith("HTTP/1.1 "):
        return Answered(int(received.split()[1]))
    return Closed()


async def _http1(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, http: HttpRequest) -> Outcome:
    connection = h11.Connection(h11.CLIENT)
    headers = [("host", http.authority or ""), *http.headers, ("connection", "close")]
    target = f"{http.scheme}://{http.authority}{http.path}" if http.scheme else http.path
    writer.write(connection.send(h11.Request(method=http.method, target=target, headers=headers)) or b"")
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    status, received, body = 0, dict[str, str](), b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Response):
            status = event.status_code
            received = {name.decode(): value.decode() for name, value in event.headers}
        elif isinstance(event, h11.Data):
            body += event.data
        else:
            return _outcome(status, received, body)


async def _http2(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, http: HttpRequest, transport: str
) -> Outcome:
    connection = H2Connection(H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    scheme = http.scheme or transport
    pseudo = [(":method", http.method), (":scheme", scheme), (":authority", http.authority or ""), (":path", http.path)]
    connection.send_headers(1, [*pseudo, *http.headers], end_stream=True)
    status, received, body = 0, dict[str, str](), b""
    while True:
        writer.write(connection.data_to_send())
        data = await reader.read(65536)
        if not data:
            return Closed()
        for event in connection.receive_data(data):
            if isinstance(event, ResponseReceived):
                received = {str(name): str(value) for name, value in event.headers}
                status = int(received.pop(":status"))
            elif isinstance(event, DataReceived):
                body += event.data
            elif isinstance(event, StreamReset):
                return Closed()
            elif isinstance(event, StreamEnded):
                return _outcome(status, received, body)


def _outcome(status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
    said = _chosen(headers, RESPONSE_HEADERS)
    if status == 200 and body.startswith(b"{"):
        seen = json.loads(body)
        got = {name.lower(): value for name, value in seen["headers"].items()}
        return ServedHttp(
            server=seen["server"],
            method=seen["method"],
            path=seen["path"],
            authority=got.get(":authority", got.get("host", "")),
            headers=_chosen(got, REQUEST_HEADERS),
            response_headers=said,
            mutual="x-forwarded-client-cert" in got,
        )
    return Answered(status, headers.get("location", ""), body.decode("utf-8", "replace"), said)


def _chosen(headers: Mapping[str, str], names: tuple[str, ...]) -> Headers:
    return tuple((name, headers[name]) for name in sorted(names) if name in headers)
