# SPDX-License-Identifier: Apache-2.0
"""Logs, commands and ports of pods for `kubectl`: asked of the pods' inits, whether a node agent runs or not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lateen.node.keeper import pod_folder
from lateen.node.logs import read_log
from lateen.node.pod_client import PodClient, end_of
from lateen.node.pod_init import resize_terminal
from lateen.node.wire import Wire

Find = Callable[[str, str], "Mapping[str, Any] | None"]
"""Namespace and name to the pod's object."""
_CHUNK = 1 << 16


class Streams:
    """Every method raises OSError with a text for the user."""

    def __init__(self, find: Find, runtime: Path, logs: Path) -> None:
        self._find = find
        self._runtime = runtime
        self._logs = logs

    async def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool,
        previous: bool,
        timestamps: bool,
        tail: int | None,
        since: float | None,
        limit: int | None,
    ) -> AsyncIterator[bytes]:
        """The text of the present run of a container, or of the one before."""
        uid = self._uid(namespace, pod)
        folder = self._logs / uid / container
        runs = sorted(int(path.stem) for path in folder.glob("*.log"))
        wanted = runs[-2:-1] if previous else runs[-1:]
        if not wanted:
            raise OSError(f"container {container} of pod {pod} has no log" + (" of a previous run" if previous else ""))
        ended = asyncio.Event()
        watching = asyncio.create_task(self._set_when_over(uid, container, wanted[0], ended)) if follow else None
        left = limit
        try:
            async for text in read_log(
                folder / f"{wanted[0]}.log", follow=follow, timestamps=timestamps, tail=tail, since=since, ended=ended
            ):
                if left is not None:
                    text, left = text[:left], left - len(text)
                yield text
                if left is not None and left <= 0:
                    return
        finally:
            if watching is not None:
                watching.cancel()

    async def _set_when_over(self, uid: str, container: str, attempt: int, ended: asyncio.Event) -> None:
        try:
            async for runs in PodClient(pod_folder(self._runtime, uid)).watch():
                run = runs.get(container)
                if run is None or run.attempt != attempt or run.ended is not None:
                    break
        except OSError:
            pass
        ended.set()

    async def execute(
        self, namespace: str, pod: str, container: str, command: Sequence[str], *, stdin: bool, tty: bool
    ) -> Execution:
        """Start a command in a container."""
        if not command:
            raise OSError("attaching to a container is not offered; see its output with kubectl logs -f")
        client = PodClient(pod_folder(self._runtime, self._uid(namespace, pod)))
        wire, files = await client.execute(container, command, tty)
        execution = Execution(wire, files, tty)
        await execution.open()
        if not stdin:
            await execution.close_stdin()
        return execution

    async def connect(self, namespace: str, pod: str, port: int) -> Connection:
        """A connection to a port of a pod, on its loopback interface as with Kubernetes."""
        client = PodClient(pod_folder(self._runtime, self._uid(namespace, pod)))
        reader, writer = await asyncio.open_connection(sock=await client.connect("127.0.0.1", port))
        return Connection(reader, writer)

    def _uid(self, namespace: str, pod: str) -> str:
        body = self._find(namespace, pod)
        if body is None:
            raise OSError(f"pod {namespace}/{pod} is not there any more")
        return str(body["metadata"]["uid"])


class Execution:
    """A command that runs in a container."""

    def __init__(self, wire: Wire, files: list[int], terminal: bool) -> None:
        self._wire = wire
        self._files = files
        self._terminal = terminal
        self._output: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue(16)
        self._readers: list[asyncio.Task[None]] = []
        self._writer: asyncio.StreamWriter | None = None
        self._code: asyncio.Task[int] | None = None

    async def open(self) -> None:
        """Begin to read."""
        loop = asyncio.get_running_loop()
        stdin, *outputs = [self._files[0], os.dup(self._files[0])] if self._terminal else self._files
        for stream, file in enumerate(outputs, 1):
            reader = asyncio.StreamReader()
            await loop.connect_read_pipe(partial(asyncio.StreamReaderProtocol, reader), os.fdopen(file, "rb", 0))
            self._readers.append(asyncio.create_task(self._read(stream, reader)))
        transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(stdin, "wb", 0))
        self._writer = asyncio.StreamWriter(transport, protocol, None, loop)
        self._code = asyncio.create_task(end_of(self._wire))
        self._ending = asyncio.create_task(self._finish())

    async def _read(self, stream: int, reader: asyncio.StreamReader) -> None:
        try:
            while data := await reader.read(_CHUNK):
                await self._output.put((stream, data))
        except OSError:
            # A terminal whose last user has gone says EIO.
            return

    async def _finish(self) -> None:
        await asyncio.gather(*self._readers)
        await self._output.put(None)

    async def read(self) -> tuple[int, bytes] | None:
        return await self._output.get()

    async def write(self, data: bytes) -> None:
        if self._writer is not None:
            self._writer.write(data)
            await self._writer.drain()

    async def close_stdin(self) -> None:
        if self._writer is not None and not self._terminal:
            self._writer.close()
            self._writer = None

    async def resize(self, width: int, height: int) -> None:
        if self._terminal and self._writer is not None:
            resize_terminal(self._writer.get_extra_info("pipe").fileno(), width, height)

    async def wait(self) -> int:
        assert self._code is not None
        return await self._code

    async def kill(self) -> None:
        self._wire.connection.close()
        for task in (*self._readers, self._ending, *([self._code] if self._code else ())):
            task.cancel()
        if self._writer is not None:
            self._writer.close()


class Connection:
    """A connection to a port of a pod."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        return await self._reader.read(_CHUNK)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def close_write(self) -> None:
        if self._writer.can_write_eof():
            self._writer.write_eof()

    async def close(self) -> None:
        self._writer.close()
