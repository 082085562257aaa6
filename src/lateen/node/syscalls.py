# SPDX-License-Identifier: Apache-2.0
"""The system calls for namespaces and mounts that Python 3.11 does not offer. All raise OSError."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path

NEWNS = 0x00020000
NEWUTS = 0x04000000
NEWIPC = 0x08000000
NEWUSER = 0x10000000
NEWPID = 0x20000000
NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

_PARENT_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_LIBC = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """New namespaces for this process; a new user namespace needs a process with one thread."""
    _check(_LIBC.unshare(flags), "unshare")


def setns(file: int, kind: int = 0) -> None:
    """Enter the namespace of an open file of /proc/PID/ns."""
    _check(_LIBC.setns(file, kind), "setns")


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, options: str | None = None) -> None:
    """As mount(2)."""
    words = [word.encode() if word is not None else None for word in (source, target, kind)]
    _check(
        _LIBC.mount(*words, ctypes.c_ulong(flags), options.encode() if options is not None else None),
        f"mount {target}",
    )


def bind(source: str, target: str, *, read_only: bool = False) -> None:
    """Show `source` and what is mounted beneath it at `target`."""
    mount(source, target, None, MS_BIND | MS_REC)
    if read_only:
        # Flags that came with the mount are locked in a user namespace: they have to be repeated.
        kept = _locked_flags(target)
        mount("none", target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def _locked_flags(target: str) -> int:
    flags = os.statvfs(target).f_flag
    names = ((os.ST_NOSUID, MS_NOSUID), (os.ST_NODEV, MS_NODEV), (os.ST_NOEXEC, MS_NOEXEC))
    atime = ((os.ST_NOATIME, 1024), (os.ST_NODIRATIME, 2048), (os.ST_RELATIME, 1 << 21))
    return sum(mount_flag for bit, mount_flag in (*names, *atime) if flags & bit)


def unmount(target: str, flags: int = MNT_DETACH) -> None:
    """As umount2(2)."""
    _check(_LIBC.umount2(target.encode(), flags), f"unmount {target}")


def pivot_root(root: str) -> None:
    """Make `root`, a mount point, the root of this mount namespace; the old one is gone for it."""
    os.chdir(root)
    number = _SYS_PIVOT_ROOT[os.uname().machine]
    _check(_LIBC.syscall(number, b".", b"."), f"pivot_root {root}")
    unmount(".")
    os.chdir("/")


def die_with_parent() -> None:
    """Be killed when the parent dies."""
    _check(_LIBC.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0), "prctl")


def adopt_orphans() -> None:
    """Become the parent of descendants whose parent has died."""
    _check(_LIBC.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def sethostname(name: str) -> None:
    """The name of this UTS namespace, cut to what the kernel takes."""
    data = name.encode()[:64]
    _check(_LIBC.sethostname(data, len(data)), "sethostname")


def map_ids(pid: str, inside: int, outside: int, count: int = 1) -> None:
    """Give the user namespace of a process its user and group ids; a map of one id may be written by itself."""
    folder = Path("/proc") / pid
    if count == 1:
        (folder / "setgroups").write_text("deny")
    (folder / "uid_map").write_text(f"{inside} {outside} {count}")
    (folder / "gid_map").write_text(f"{inside} {outside} {count}")
