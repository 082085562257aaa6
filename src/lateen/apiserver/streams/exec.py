# SPDX-License-Identifier: Apache-2.0
"""pods/NAME/exec and /attach over a WebSocket: `v5.channel.k8s.io` and its elders.

The first byte of a message is its channel: 0 stdin, 1 stdout, 2 stderr, 3 the final Status, 4 the terminal's size as
JSON; since v5, 255 closes the channel in the next byte.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import orjson

from lateen.apiserver.operations.call import Call
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.status import ApiError, bad_request
from lateen.apiserver.streams.pod_streams import Execution, PodStreams
from lateen.apiserver.streams.socket import ClosedError, WebSocket
from lateen.apiserver.streams.target import NO_STREAMS, container_of, pod_of, unavailable

_STDIN, _STDOUT, _STDERR, _STATUS, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io")


async def execute(
    cluster: Cluster, streams: PodStreams | None, call: Call, command: list[str], socket: WebSocket
) -> None:
    """Run a command and connect it to the socket. Raises ApiError before the socket is accepted."""
    pod = pod_of(cluster, call)
    container = container_of(call, pod)
    if call.subresource == "exec" and not command:
        raise bad_request("you must specify at least 1 command for the container")
    if streams is None:
        raise ApiError(503, "ServiceUnavailable", NO_STREAMS)
    protocol = next((p for p in PROTOCOLS if p in socket.offered), None)
    if socket.offered and protocol is None:
        raise bad_request(f"unable to upgrade: none of {socket.offered} is supported")
    stdin, tty = call.flag("stdin"), call.flag("tty")
    await socket.accept(protocol)
    try:
        running = await streams.execute(call.namespace, call.name, container, command, stdin=stdin, tty=tty)
    except OSError as error:
        # Said on the accepted socket: a client takes a refusal for a server without WebSockets and tries the old way.
        await socket.send(bytes([_STATUS]) + orjson.dumps(unavailable(error).body))
        await socket.close()
        return
    listening = asyncio.ensure_future(_listen(socket, running))
    sending = asyncio.ensure_future(_send(socket, running))
    try:
        await asyncio.wait((listening, sending), return_when=asyncio.FIRST_COMPLETED)
        if sending.done() and not sending.exception():
            status = _status(await running.wait())
            await socket.send(bytes([_STATUS]) + orjson.dumps(status))
            await socket.close()
        else:
            await running.kill()
    finally:
        for task in (listening, sending):
            task.cancel()
        await asyncio.gather(listening, sending, return_exceptions=True)


async def _send(socket: WebSocket, running: Execution) -> None:
    # Empty messages first: clients learn from them that the channels are there.
    for channel in (_STDOUT, _STDERR):
        await socket.send(bytes([channel]))
    while (output := await running.read()) is not None:
        channel, data = output
        if data:
            await socket.send(bytes([channel]) + data)


async def _listen(socket: WebSocket, running: Execution) -> None:
    """Pass on what the client sends, until it leaves."""
    with contextlib.suppress(ClosedError):
        while True:
            message = await socket.receive()
            if not message:
                continue
            channel, data = message[0], message[1:]
            with contextlib.suppress(OSError):
                if channel == _STDIN and data:
                    await running.write(data)
                elif channel == _RESIZE:
                    await _resize(running, data)
                elif channel == _CLOSE and data[:1] == bytes([_STDIN]):
                    await running.close_stdin()


async def _resize(running: Execution, data: bytes) -> None:
    try:
        size: Any = orjson.loads(data)
        await running.resize(int(size["Width"]), int(size["Height"]))
    except (ValueError, KeyError, TypeError):
        return


def _status(code: int) -> dict[str, Any]:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
