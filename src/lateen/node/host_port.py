# SPDX-License-Identifier: Apache-2.0
"""A port of the host that stands for a port of a LoadBalancer Service: it is bound from the start and listens only
while somebody listens behind it, so that callers meet `Connection refused` until then.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

_LOOK = 0.1
"""Seconds between two attempts to connect to where nobody listens yet."""
_LOOK_AGAIN = 1.0
"""Seconds between two looks at whether those who listened still do: the kernel's table is dear to read."""
_LISTENING = "0A"
_CHUNK = 1 << 17


class Target(msgspec.Struct, frozen=True):
    """An endpoint: address and port in the pods' network, and the pod."""

    address: str
    port: int
    pod: str
    """uid"""


def targets_of(
    port: int, services: Iterable[Mapping[str, Any]], slices: Iterable[Mapping[str, Any]]
) -> tuple[Target, ...]:
    """The ready endpoints behind a port of the LoadBalancer Services. The first Service by age that has it gets it."""
    balancers = [
        (service, entry)
        for service in services
        if service["spec"].get("type") == "LoadBalancer"
        for entry in service["spec"].get("ports") or ()
        if entry["port"] == port and entry.get("protocol", "TCP") == "TCP"
    ]
    if not balancers:
        return ()
    service, entry = min(balancers, key=lambda b: b[0]["metadata"].get("creationTimestamp", ""))
    found = []
    for body in slices:
        meta = body["metadata"]
        own = (meta.get("labels") or {}).get("kubernetes.io/service-name") == service["metadata"]["name"]
        if not own or meta["namespace"] != service["metadata"]["namespace"]:
            continue
        for slice_port in body.get("ports") or ():
            if (slice_port.get("name") or "") != entry.get("name", ""):
                continue
            for endpoint in body.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready", True):
                    uid = (endpoint.get("targetRef") or {}).get("uid", "")
                    found.append(Target(endpoint["addresses"][0], slice_port["port"], uid))
    return tuple(found)


def listens(tables: Iterable[str], port: int) -> bool:
    """Whether a socket listens on a port, by the texts of /proc/PID/net/tcp and tcp6."""
    ending = f":{port:04X}"
    for table in tables:
        for line in table.splitlines()[1:]:
            words = line.split()
            if words[3] == _LISTENING and words[1].endswith(ending):
                return True
    return False


class HostPort:
    """Relays one bound socket of the host. `targets` says where to, `pod_pid` the process id of a pod's init."""

    def __init__(
        self, bound: socket.socket, targets: Callable[[], tuple[Target, ...]], pod_pid: Callable[[str], str]
    ) -> None:
        self._bound = bound
        self._targets = targets
        self._pod_pid = pod_pid
        self._open: tuple[Target, ...] = ()
        self._look = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        self._bound.setblocking(False)
        accepting: asyncio.Task[None] | None = None
        while True:
            known = self._open
            self._open = tuple([t for t in self._targets() if (self._listens(t) if t in known else await _answers(t))])
            if self._open and accepting is None:
                self._bound.listen(1024)
                accepting = asyncio.create_task(self._accept())
            elif not self._open and accepting is not None:
                accepting.cancel()
                await asyncio.gather(accepting, return_exceptions=True)
                accepting = None
                with contextlib.suppress(OSError):
                    self._bound.shutdown(socket.SHUT_RD)
            self._look.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), _LOOK_AGAIN if self._open else _LOOK)

    def _listens(self, target: Target) -> bool:
        pid = self._pod_pid(target.pod)
        if not pid:
            return False
        try:
            return listens([Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6")], target.port)
        except OSError:
            return False

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            caller, _ = await loop.sock_accept(self._bound)
            task = asyncio.create_task(self._relay(caller))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _relay(self, caller: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=caller)
        try:
            target = random.choice(self._open)
            other_reader, other_writer = await asyncio.open_connection(target.address, target.port)
        except (OSError, IndexError):
            self._look.set()
            writer.transport.abort()
            return
        await relay((reader, writer), (other_reader, other_writer))


async def _answers(target: Target) -> bool:
    """Whether somebody takes a connection there."""
    try:
        async with asyncio.timeout(_LOOK_AGAIN):
            _, writer = await asyncio.open_connection(target.address, target.port)
    except OSError:
        return False
    writer.close()
    return True


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def relay(one: Stream, other: Stream) -> None:
    """Pass bytes both ways until both are at their end."""
    try:
        await asyncio.gather(_copy(one[0], other[1]), _copy(other[0], one[1]))
    except OSError:
        for _, writer in (one, other):
            writer.transport.abort()
    finally:
        for _, writer in (one, other):
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
