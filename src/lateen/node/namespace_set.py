# SPDX-License-Identifier: Apache-2.0
"""The cluster's own user, mount, network and process namespaces: made without privileges, gone with their process 1."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from lateen.node import syscalls

RUNTIME = "/run/lateen"
"""In memory, visible to the cluster's own processes only, gone with them."""

_EVERY_ID = 4294967295


class NamespaceError(OSError):
    """The system refuses namespaces; the text says which step failed."""


def start_in_namespaces(first: Callable[[], None]) -> tuple[int, Callable[[], int]]:
    """Run `first` as process 1 of a new set of namespaces. Returns its process id and a function that waits for it.

    Must be called from a process with one thread. As root all ids are mapped, otherwise the user's own as 0.
    Raises NamespaceError.
    """
    ready, tell_ready = os.pipe()
    mapped, tell_mapped = os.pipe()
    uid, gid = os.geteuid(), os.getegid()
    middle = os.fork()
    if middle == 0:
        _middle(first, ready, tell_ready, mapped, tell_mapped)
    os.close(tell_ready)
    os.close(mapped)
    try:
        answer = os.read(ready, 4096)
        if answer != b"unshared":
            raise NamespaceError(answer.decode() or "the first process ended")
        if uid == 0 and _all_ids_are_ours():
            syscalls.map_ids(str(middle), 0, 0, _EVERY_ID)
        else:
            _map_one(middle, uid, gid)
        os.write(tell_mapped, b".")
        pid = _first_pid(ready)
    except OSError as error:
        os.close(tell_mapped)
        os.waitpid(middle, 0)
        raise error if isinstance(error, NamespaceError) else NamespaceError(str(error)) from error
    finally:
        os.close(ready)
    os.close(tell_mapped)

    def wait() -> int:
        return os.waitstatus_to_exitcode(os.waitpid(middle, 0)[1])

    return pid, wait


def _first_pid(ready: int) -> int:
    """The host's id of process 1, once that has its mounts. Raises NamespaceError."""
    text = ""
    while "mounted" not in text or "pid " not in text:
        data = os.read(ready, 4096).decode()
        if not data or "refuses" in data:
            raise NamespaceError(data or "the first process ended")
        text += data
    return int(text.replace("mounted", "").strip().removeprefix("pid "))


def _all_ids_are_ours() -> bool:
    words = Path("/proc/self/uid_map").read_text().split()
    return words[:3] == ["0", "0", str(_EVERY_ID)]


def _map_one(pid: int, uid: int, gid: int) -> None:
    Path(f"/proc/{pid}/setgroups").write_text("deny")
    for name, outside in (("uid_map", uid), ("gid_map", gid)):
        Path(f"/proc/{pid}/{name}").write_text(f"0 {outside} 1")


def _middle(first: Callable[[], None], ready: int, tell_ready: int, mapped: int, tell_mapped: int) -> None:
    """The process that enters the namespaces, and stays outside of the process namespace to wait for process 1."""
    try:
        os.close(ready)
        os.close(tell_mapped)
        # Whoever asked for the cluster waits for this process; when it goes, the cluster goes.
        try:
            flags = syscalls.NEWUSER | syscalls.NEWNS | syscalls.NEWNET | syscalls.NEWPID
            syscalls.unshare(flags | syscalls.NEWIPC | syscalls.NEWUTS)
        except OSError as error:
            os.write(tell_ready, f"this system refuses user namespaces: {error}".encode())
            os._exit(1)
        os.write(tell_ready, b"unshared")
        if os.read(mapped, 1) != b".":
            os._exit(1)
        syscalls.die_with_parent()
        init = os.fork()
        if init == 0:
            _first(first, tell_ready)
        os.write(tell_ready, f"pid {init}".encode())
        os.close(tell_ready)
        _, status = os.waitpid(init, 0)
        os._exit(abs(os.waitstatus_to_exitcode(status)) & 127)
    except BaseException:  # noqa: BLE001 - a forked process ends here whatever happens
        traceback.print_exc()
        os._exit(1)


def _first(first: Callable[[], None], tell_ready: int) -> None:
    try:
        syscalls.die_with_parent()
        try:
            _own_mounts()
        except OSError as error:
            os.write(tell_ready, f"this system refuses mounts in a user namespace: {error}".encode())
            os._exit(1)
        os.write(tell_ready, b"mounted")
        os.close(tell_ready)
        first()
        sys.stdout.flush()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - a forked process ends here whatever happens
        traceback.print_exc()
        os._exit(1)


def _own_mounts() -> None:
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("proc", "/proc", "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)
    # Over the host's /run, whose sockets are no business of the cluster.
    syscalls.mount("tmpfs", "/run", "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=755")
    Path(RUNTIME).mkdir(mode=0o700)
