# SPDX-License-Identifier: Apache-2.0
"""Starting the process of a container, and further ones in it. Called in the pod's init, which has one thread."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from lateen.node import syscalls
from lateen.node.container import Container
from lateen.node.container_root import enter

ROOT_POINT = "/run/lateen/root"
"""Where roots are built; each process builds its own in a mount namespace of its own."""


class StartError(OSError):
    """The process could not be started; the text says why, for the user."""


def start(container: Container, output: int, errors: int) -> int:
    """The process id of the container's first process. Raises StartError."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        _become(container, output, errors, tell)
    os.close(tell)
    return _await_start(told, child)


def _await_start(told: int, child: int) -> int:
    """`pid N`, then nothing more if the program was started, else the reason."""
    with os.fdopen(told, "rb") as file:
        said = file.read().decode()
    first, _, problem = said.partition("\n")
    pid = int(first[4:]) if first.startswith("pid ") else 0
    if pid != child:
        os.waitpid(child, 0)
    if problem or not pid:
        if pid:
            os.waitpid(pid, 0)
        raise StartError(problem or first or "the process ended before it started")
    return pid


def _become(container: Container, output: int, errors: int, tell: int) -> NoReturn:
    try:
        os.setsid()
        syscalls.unshare(syscalls.NEWNS | syscalls.NEWUTS | syscalls.NEWIPC)
        if container.root.hostname:
            syscalls.sethostname(container.root.hostname)
        Path(ROOT_POINT).mkdir(exist_ok=True)
        enter(container.root, ROOT_POINT)
        _redirect(output, errors)
        if container.fenced:
            syscalls.unshare(syscalls.NEWUSER | syscalls.NEWPID | syscalls.NEWNS)
            syscalls.map_ids("self", container.user, 0)
            middle = os.getpid()
            inner = os.fork()
            if inner:
                os.write(tell, f"pid {inner}\n".encode())
                os._exit(0)
            os.setsid()
            _await_adoption(middle)
            syscalls.die_with_parent()
            syscalls.mount("proc", "/proc", "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)
        else:
            os.write(tell, f"pid {os.getpid()}\n".encode())
            syscalls.die_with_parent()
        Path(container.folder).mkdir(parents=True, exist_ok=True)
        os.chdir(container.folder)
        _execute(container.command, container.environment)
    except BaseException as error:  # noqa: BLE001 - a forked process ends here whatever happens
        os.write(tell, str(error).encode())
    finally:
        os._exit(127)


def _await_adoption(middle: int) -> None:
    """Wait until the pod's init is the parent, in whose stead a process between the namespaces did the fork. To be
    called while /proc still shows the cluster's processes."""
    while int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[1]) == middle:
        time.sleep(0.0005)


def _redirect(output: int, errors: int) -> None:
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(errors, 2)


def _execute(command: Sequence[str], environment: dict[str, str]) -> NoReturn:
    for number in (signal.SIGPIPE, signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(0o022)
    try:
        os.execvpe(command[0], list(command), environment)
    except FileNotFoundError:
        raise StartError(f'exec: "{command[0]}": executable file not found in $PATH') from None
    except PermissionError:
        raise StartError(f'exec: "{command[0]}": permission denied') from None


def execute_in(
    pid: int, command: Sequence[str], environment: dict[str, str], files: tuple[int, int, int], terminal: bool
) -> int:
    """A further process in the container whose first process is `pid`. Raises StartError."""
    told, tell = os.pipe()
    spaces = _spaces(pid)
    child = os.fork()
    if child == 0:
        os.close(told)
        try:
            os.setsid()
            for file in spaces:
                syscalls.setns(file)
            for number, file in enumerate(files):
                os.dup2(file, number)
            os.chdir("/")
            inner = os.fork()
            if inner:
                os.write(tell, f"pid {inner}\n".encode())
                os._exit(0)
            os.setsid()
            if terminal:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            _execute(command, environment)
        except BaseException as error:  # noqa: BLE001 - a forked process ends here whatever happens
            os.write(tell, str(error).encode())
        finally:
            os._exit(126)
    os.close(tell)
    for file in spaces:
        os.close(file)
    return _await_start(told, child)


def _spaces(pid: int) -> list[int]:
    """Open files of the namespaces in which a process differs from this one, in the order in which they can be entered:
    the first two belong to the cluster, the last two to the container's own user namespace."""
    found = []
    for name in ("ipc", "uts", "user", "pid", "mnt"):
        theirs, ours = Path(f"/proc/{pid}/ns/{name}"), Path(f"/proc/self/ns/{name}")
        try:
            if theirs.readlink() != ours.readlink():
                found.append(os.open(theirs, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as error:
            raise StartError(f"the container does not run any more: {error}") from error
    return found


def main_module(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module of ours with this Python."""
    return (sys.executable, "-P", "-m", module, *arguments)
