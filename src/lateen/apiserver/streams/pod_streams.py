# SPDX-License-Identifier: Apache-2.0
"""`PodStreams`: what the server asks of whoever runs the pods. The composition root hands one in.

Only built-in types cross it, so that neither side imports the other. Every method raises OSError when it cannot do what
is asked; its text goes to the user.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol


class Execution(Protocol):
    """A running command."""

    async def read(self) -> tuple[int, bytes] | None:
        """The next output: 1 and bytes of stdout, 2 and bytes of stderr; None when both are at their end."""

    async def write(self, data: bytes) -> None:
        """Bytes for stdin."""

    async def close_stdin(self) -> None: ...

    async def resize(self, width: int, height: int) -> None:
        """The size of the terminal in characters."""

    async def wait(self) -> int:
        """The exit code, when the command is over."""

    async def kill(self) -> None:
        """End the command; nobody listens any more."""


class PortConnection(Protocol):
    """A TCP connection to a port of a pod."""

    async def read(self) -> bytes:
        """The next bytes; empty at the end."""

    async def write(self, data: bytes) -> None: ...

    async def close_write(self) -> None:
        """Nothing more will be written."""

    async def close(self) -> None: ...


class PodStreams(Protocol):
    def logs(
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
        """Log text. `tail` counts lines, `since` is a time in seconds since 1970, `limit` counts bytes."""

    async def execute(
        self, namespace: str, pod: str, container: str, command: Sequence[str], *, stdin: bool, tty: bool
    ) -> Execution:
        """Start a command; with an empty command attach to the container's own process."""

    async def connect(self, namespace: str, pod: str, port: int) -> PortConnection: ...
