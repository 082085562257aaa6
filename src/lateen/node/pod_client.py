# SPDX-License-Identifier: Apache-2.0
"""Asking a pod's init, from asyncio."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lateen.node.container import Container, Run
from lateen.node.pod_init import SOCKET
from lateen.node.wire import LARGEST, Wire, connect

PATIENCE = 20.0


class PodClient:
    """A pod's init, by the folder of its socket. Every call raises OSError when the pod is not there."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SOCKET

    async def start(self, container: Container) -> Run:
        """Start a container; one that runs already stays. Raises RefusedError with the reason."""
        answer, _ = await self._ask("start", container=msgspec.to_builtins(container))
        return msgspec.convert(answer["run"], Run)

    async def signal(self, name: str, number: int) -> None:
        """Send a signal to a container's first process."""
        await self._ask("signal", name=name, number=number)

    async def runs(self) -> dict[str, Run]:
        """The containers that were started."""
        answer, _ = await self._ask("state")
        return _runs(answer)

    async def watch(self) -> AsyncIterator[dict[str, Run]]:
        """The containers, now and whenever one ends; the pod is gone when this ends."""
        wire = await asyncio.to_thread(connect, self._path, PATIENCE)
        with wire:
            wire.connection.setblocking(False)
            wire.send({"do": "watch"})
            loop = asyncio.get_running_loop()
            while data := await loop.sock_recv(wire.connection, LARGEST):
                yield _runs(msgspec.json.decode(data))

    async def connect(self, host: str, port: int) -> socket.socket:
        """A connection from within the pod. Raises OSError."""
        _, (file,) = await self._ask("socket")
        made = socket.socket(fileno=file)
        made.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(made, (host, port))
        except BaseException:
            made.close()
            raise
        return made

    async def execute(self, name: str, command: Sequence[str], terminal: bool) -> tuple[Wire, list[int]]:
        """Start a command in a container: the connection that will tell its end, and our ends of its files."""

        def ask() -> tuple[Wire, list[int]]:
            wire = connect(self._path, PATIENCE)
            try:
                _, files = wire.ask("execute", name=name, command=list(command), terminal=terminal)
            except BaseException:
                wire.connection.close()
                raise
            return wire, files

        return await asyncio.to_thread(ask)

    async def _ask(self, do: str, **arguments: Any) -> tuple[dict[str, Any], list[int]]:
        def ask() -> tuple[dict[str, Any], list[int]]:
            with connect(self._path, PATIENCE) as wire:
                return wire.ask(do, **arguments)

        return await asyncio.to_thread(ask)


def _runs(answer: dict[str, Any]) -> dict[str, Run]:
    return {run.name: run for run in msgspec.convert(answer["runs"], list[Run])}


async def end_of(wire: Wire) -> int:
    """The exit code of a command that `execute` started."""
    wire.connection.setblocking(False)
    data = await asyncio.get_running_loop().sock_recv(wire.connection, LARGEST)
    return int(msgspec.json.decode(data)["code"]) if data else 137
