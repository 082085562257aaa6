# SPDX-License-Identifier: Apache-2.0
"""Requests between the cluster's own processes: one JSON object (with open files, if any) per packet of a Unix socket.

with connect(path) as wire:
    answer, files = wire.ask("start", container=...)
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

LARGEST = 1 << 20
"""Bytes of a packet."""
_FILES = 8


class RefusedError(OSError):
    """The other side could not do it; the text says why."""


class Wire:
    """One end of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def send(self, message: dict[str, Any], files: Sequence[int] = ()) -> None:
        """Send one packet."""
        socket.send_fds(self.connection, [msgspec.json.encode(message)], list(files))

    def receive(self) -> tuple[dict[str, Any] | None, list[int]]:
        """The next packet; None at the end."""
        data, files, _, _ = socket.recv_fds(self.connection, LARGEST, _FILES)
        return (msgspec.json.decode(data) if data else None), files

    def ask(self, do: str, **arguments: Any) -> tuple[dict[str, Any], list[int]]:
        """Request and answer. Raises RefusedError, and OSError when nobody answers."""
        self.send({"do": do, **arguments})
        answer, files = self.receive()
        if answer is None:
            raise ConnectionError("the process that should answer has ended")
        if "error" in answer:
            raise RefusedError(answer["error"])
        return answer, files


def connect(path: Path, patience: float | None = 20.0) -> Wire:
    """Connect to whoever listens at `path`. Raises OSError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.settimeout(patience)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST)
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return Wire(connection)


def listen(path: Path) -> socket.socket:
    """Listen at `path`, which is ours alone; what was left there by a process before is replaced."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    mask = os.umask(0o177)
    try:
        listening.bind(str(path))
    finally:
        os.umask(mask)
    listening.listen(64)
    return listening
