# SPDX-License-Identifier: Apache-2.0
"""The file system a container sees: the system's programs and libraries, read-only, and nothing of the user's.

No home folder, no key, no socket, no token but what its volumes bring.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from lateen.node import syscalls

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt/venv", "/nix/store")
"""Shown read-only where they exist; links stay links."""
SETTINGS = (
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/services",
    "/etc/protocols",
)
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_MODE = "mode=755,size=512m"


class Mount(msgspec.Struct, frozen=True):
    """A folder or file of the host at a path of the container."""

    source: str
    target: str
    read_only: bool = False


class Root(msgspec.Struct, frozen=True):
    """What a container sees beside the system's programs. `files` are the contents of files in its /etc."""

    mounts: tuple[Mount, ...] = ()
    files: dict[str, str] = {}
    hostname: str = ""
    read_only: bool = False


def python_folders() -> tuple[str, ...]:
    """Where this Python and its packages are: needed by the sample applications, outside of /usr at times."""
    found = {sys.prefix, sys.base_prefix, str(Path(__file__).resolve().parents[2]), sysconfig.get_path("stdlib")}
    outside = sorted(p for p in found if not p.startswith("/usr"))
    return tuple(p for p in outside if not any(p != q and p.startswith(q + "/") for q in outside))


def enter(root: Root, folder: str) -> None:
    """Build the root at `folder` and make it this process' own. To be called in a mount namespace made for it."""
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("tmpfs", folder, "tmpfs", syscalls.MS_NOSUID, _MODE)
    base = Path(folder)
    _show((*SYSTEM, *python_folders()), base)
    for name, mode in (
        ("tmp", 0o1777),
        ("var/tmp", 0o1777),
        ("run", 0o755),
        ("root", 0o700),
        ("proc", 0o555),
        ("var/run", 0o755),
        ("etc", 0o755),
        ("sys", 0o555),
    ):
        made = base / name
        made.mkdir(parents=True, exist_ok=True)
        made.chmod(mode)
    _show(SETTINGS, base)
    _devices(base)
    # A new /proc may be mounted only where an old one can be seen.
    syscalls.mount("/proc", str(base / "proc"), None, syscalls.MS_BIND | syscalls.MS_REC)
    _files(root.files, base)
    for mount in root.mounts:
        _mount(mount, base)
    if root.read_only:
        syscalls.mount(
            "none", folder, None, syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY | syscalls.MS_NOSUID
        )
    syscalls.pivot_root(folder)


def _show(paths: Iterable[str], base: Path) -> None:
    for path in paths:
        source = Path(path)
        target = base / path.lstrip("/")
        if target.exists() or target.is_symlink():
            continue
        if source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source.readlink())
        elif source.exists():
            _point(source, target)
            syscalls.bind(path, str(target), read_only=True)


def _point(source: Path, target: Path) -> None:
    """Something to mount `source` on."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.touch()


def _devices(base: Path) -> None:
    folder = base / "dev"
    folder.mkdir()
    syscalls.mount("tmpfs", str(folder), "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NOEXEC, "mode=755,size=64k")
    for name in DEVICES:
        if Path("/dev", name).exists():
            (folder / name).touch()
            syscalls.mount(f"/dev/{name}", str(folder / name), None, syscalls.MS_BIND)
    for name, target in (
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ):
        (folder / name).symlink_to(target)
    (folder / "shm").mkdir()
    syscalls.mount("tmpfs", str(folder / "shm"), "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=1777,size=64m")


def _files(files: Mapping[str, str], base: Path) -> None:
    for path, text in files.items():
        target = base / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def _mount(mount: Mount, base: Path) -> None:
    target = base / os.path.normpath("/" + mount.target).lstrip("/")
    _point(Path(mount.source), target)
    syscalls.bind(mount.source, str(target), read_only=mount.read_only)
