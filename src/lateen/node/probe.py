# SPDX-License-Identifier: Apache-2.0
"""Probes: HTTP, TCP, gRPC and commands, asked from within the pod.

They reach the application by the pod's loopback interface, which the redirection leaves alone, and so work whatever the
sidecar demands of its callers.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import h11

from lateen.node.pod_client import PodClient, end_of


class Probed:
    """One container's probes of one kind, in a row. `passed` is None until there is a result."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.period = float(spec.get("periodSeconds", 10))
        self.delay = float(spec.get("initialDelaySeconds", 0))
        self.timeout = float(spec.get("timeoutSeconds", 1))
        self._needed = int(spec.get("successThreshold", 1))
        self._allowed = int(spec.get("failureThreshold", 3))
        self._successes = self._failures = 0
        self.passed: bool | None = None

    def take(self, success: bool) -> bool:
        """Count a result; whether the verdict has changed."""
        before = self.passed
        if success:
            self._successes, self._failures = self._successes + 1, 0
            if self._successes >= self._needed:
                self.passed = True
        else:
            self._successes, self._failures = 0, self._failures + 1
            if self._failures >= self._allowed:
                self.passed = False
        return self.passed is not before


async def probe(
    spec: Mapping[str, Any], container: Mapping[str, Any], pod: PodClient, address: str, patience: float
) -> str:
    """Ask once. Empty if all is well, otherwise what is wrong."""
    try:
        async with asyncio.timeout(patience):
            if "httpGet" in spec:
                return await _http(spec["httpGet"], container, pod, address)
            if "tcpSocket" in spec:
                (await pod.connect(address, port_of(spec["tcpSocket"]["port"], container))).close()
                return ""
            if "exec" in spec:
                return await _command(spec["exec"]["command"], container["name"], pod)
            return await _grpc(spec["grpc"], pod, address)
    except TimeoutError:
        return f"no answer within {patience:g} s"
    except (OSError, h11.RemoteProtocolError) as error:
        return str(error)


def port_of(port: int | str, container: Mapping[str, Any]) -> int:
    """The number of a port that may be a name. Raises OSError for an unknown name."""
    if isinstance(port, int) or port.isdecimal():
        return int(port)
    for known in container.get("ports") or ():
        if known.get("name") == port:
            return int(known["containerPort"])
    raise OSError(f"the container has no port named {port}")


async def _http(get: Mapping[str, Any], container: Mapping[str, Any], pod: PodClient, address: str) -> str:
    port = port_of(get["port"], container)
    connection = await pod.connect(get.get("host") or address, port)
    context = None
    if get.get("scheme") == "HTTPS":
        # As the kubelet: whose certificate it is is not the probe's question.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    secured: dict[str, Any] = {"ssl": context, "server_hostname": address} if context else {}
    reader, writer = await asyncio.open_connection(sock=connection, **secured)
    try:
        named = [(h["name"].lower(), h["value"]) for h in get.get("httpHeaders") or ()]
        headers = {"host": f"{address}:{port}", "user-agent": "kube-probe/1.33", "connection": "close", **dict(named)}
        http = h11.Connection(h11.CLIENT)
        writer.write(
            http.send(h11.Request(method="GET", target=get.get("path") or "/", headers=list(headers.items()))) or b""
        )
        writer.write(http.send(h11.EndOfMessage()) or b"")
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Response):
                good = 200 <= event.status_code < 400
                return "" if good else f"HTTP probe failed with statuscode: {event.status_code}"
            elif isinstance(event, h11.ConnectionClosed):
                return "the connection was closed without an answer"
    finally:
        writer.close()


async def _command(command: list[str], name: str, pod: PodClient) -> str:
    wire, files = await pod.execute(name, command, False)
    with wire:
        os.close(files[0])
        try:
            code = await end_of(wire)
            output = os.read(files[1], 4096) + os.read(files[2], 4096)
        finally:
            for file in files[1:]:
                os.close(file)
    return "" if code == 0 else output.decode(errors="replace").strip() or f"exit code {code}"


async def _grpc(spec: Mapping[str, Any], pod: PodClient, address: str) -> str:
    """The standard health service, in HTTP/2 by hand: gRPC's own client cannot use a connection that it is given."""
    from h2.connection import H2Connection
    from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset, TrailersReceived

    service = spec.get("service", "").encode()
    message = b"\x0a" + bytes([len(service)]) + service if service else b""
    reader, writer = await asyncio.open_connection(sock=await pod.connect(address, int(spec["port"])))
    try:
        http = H2Connection()
        http.initiate_connection()
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/grpc.health.v1.Health/Check"),
            (":authority", address),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ]
        http.send_headers(1, headers)
        http.send_data(1, b"\0" + len(message).to_bytes(4, "big") + message, end_stream=True)
        body, status = b"", "2"
        while True:
            writer.write(http.data_to_send())
            data = await reader.read(65536)
            if not data:
                return "the connection was closed without an answer"
            for event in http.receive_data(data):
                if isinstance(event, DataReceived):
                    body += event.data
                elif isinstance(event, TrailersReceived | ResponseReceived):
                    found = {_text(k): _text(v) for k, v in event.headers}
                    status = found.get("grpc-status", status)
                elif isinstance(event, StreamReset):
                    return "the stream was reset"
                elif isinstance(event, StreamEnded):
                    serving = body[5:7] == b"\x08\x01"
                    return "" if status == "0" and serving else f"not serving (status {status})"
    finally:
        writer.close()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


async def keep_probing(
    spec: Mapping[str, Any],
    ask: Callable[[float], asyncio.Future[str] | Any],
    told: Callable[[bool, str], None],
) -> None:
    """Probe until cancelled; `told` is called whenever the verdict changes."""
    state = Probed(spec)
    await asyncio.sleep(state.delay)
    while True:
        problem = await ask(state.timeout)
        if state.take(not problem):
            told(bool(state.passed), problem)
        # Nobody should wait a whole period for what is not ready yet.
        await asyncio.sleep(
            state.period if state.passed is not None else min(state.period, 0.2 if not problem else 0.5)
        )
