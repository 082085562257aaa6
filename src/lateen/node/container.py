# SPDX-License-Identifier: Apache-2.0
"""`Container`: everything needed to start the process of a container; the shapes in which the agent asks for it."""

from __future__ import annotations

import msgspec

from lateen.node.container_root import Root


class Container(msgspec.Struct, frozen=True):
    """One process to start in a pod."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = {}
    folder: str = "/"
    """Working directory; made if it is not there."""
    root: Root = Root()
    user: int = 0
    """The user id it sees itself as."""
    fenced: bool = True
    """In user and process namespaces of its own: cannot touch the pod's network settings, see its sidecar or set the
    mark that bypasses it."""
    log: str = ""
    """The file that gets its output."""
    attempt: int = 0


class Exit(msgspec.Struct, frozen=True):
    """How a process ended: `code` as a shell counts (128 + signal), `at` in seconds since 1970."""

    code: int
    at: float


class Run(msgspec.Struct, frozen=True):
    """A container as its pod's init knows it."""

    name: str
    attempt: int
    pid: int
    started: float
    ended: Exit | None = None
