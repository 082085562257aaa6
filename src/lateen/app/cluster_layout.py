# SPDX-License-Identifier: Apache-2.0
"""Where a cluster keeps what it keeps, and who is running it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

RUNTIME = Path("/run/lateen")
"""In the cluster's own mount namespace, in memory."""
XDS_SOCKET = RUNTIME / "xds.sock"
"""For the cluster's own use; each pod has a socket of its own."""


class Running(msgspec.Struct, frozen=True):
    """A cluster that runs: the process that holds it, and its process 1, by ids of the host; when the former began."""

    holder: int
    first: int
    began: int
    ports: dict[str, int]
    """Port of the gateway's service -> port of the host."""


class Layout:
    """The folders of a cluster by its name."""

    def __init__(self, base: Path, name: str) -> None:
        self.name = name
        self.folder = base / "clusters" / name

    @property
    def api(self) -> Path:
        """Objects, keys and kubeconfig of the API."""
        return self.folder / "api"

    @property
    def kubeconfig(self) -> Path:
        return self.api / "kubeconfig"

    @property
    def logs(self) -> Path:
        """The pods' logs."""
        return self.folder / "logs"

    @property
    def log(self) -> Path:
        """What the cluster's own processes say."""
        return self.folder / "cluster.log"

    @property
    def _state(self) -> Path:
        return self.folder / "running.json"

    def lock(self) -> int | None:
        """Take the cluster for this process and its children until they end; None if somebody has it."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        return file

    def write_running(self, first: int, ports: dict[str, int]) -> None:
        """Say that this process runs the cluster."""
        holder = os.getpid()
        self._state.write_bytes(msgspec.json.encode(Running(holder, first, began(holder), ports)))

    def running(self) -> Running | None:
        """Who runs the cluster now."""
        try:
            state = msgspec.json.decode(self._state.read_bytes(), type=Running)
        except (OSError, msgspec.DecodeError):
            return None
        return state if began(state.holder) == state.began else None

    def forget_running(self) -> None:
        """Nobody runs it any more."""
        self._state.unlink(missing_ok=True)


def began(pid: int) -> int:
    """When a process started, in the kernel's ticks; -1 if there is none. Tells a process from a later one."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return -1
    state, *fields = text.rpartition(")")[2].split()
    # One that has ended and that nobody has asked about counts as gone.
    return -1 if state in "ZX" else int(fields[18])
