# SPDX-License-Identifier: Apache-2.0
"""The program that holds the pods: run as `python -m tests.mesh.keeper FD`, it answers requests on that socket.

It has one thread, for a process with several may not enter a user namespace; it makes one of its own, and so needs no
privileges; its first message says whether that worked. Everything that it starts dies with it, and it ends when the
other end of the socket is closed.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute

from tests.mesh.redirection import MARK, redirect

_NEWUSER, _NEWNET, _NEWNS = 0x10000000, 0x40000000, 0x00020000
_BIND = 4096
_PARENT_DEATH_SIGNAL = 1
_LIBC = ctypes.CDLL(None, use_errno=True)

BRIDGE = "pods"
NETWORK = "10.200.0.0/16"
GATEWAY = "10.200.0.1"
PREFIX = 16
LARGEST = 1 << 20
_SIDECAR_TABLE = 100
"""Routes of the sidecar's own connections."""


def main() -> None:
    """Serve requests until the other end hangs up."""
    control = socket.socket(fileno=int(sys.argv[1]))
    try:
        _own_namespaces()
    except OSError as refusal:
        control.send(json.dumps({"error": str(refusal)}).encode())
        return
    control.send(b"{}")
    keeper = Keeper()
    while request := control.recv(LARGEST):
        files: list[int] = []
        try:
            answer, files = keeper.handle(json.loads(request))
        except OSError as problem:
            answer = {"error": str(problem)}
        socket.send_fds(control, [json.dumps(answer).encode()], files)
        for file in files:
            os.close(file)
    keeper.end()


def _unshare(flags: int) -> None:
    if _LIBC.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _bind(source: str, target: str) -> None:
    if _LIBC.mount(source.encode(), target.encode(), None, _BIND, None) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


def _own_namespaces() -> None:
    uid, gid = os.getuid(), os.getgid()
    _unshare(_NEWUSER | _NEWNET)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    with IPRoute() as links:
        links.link("set", index=links.link_lookup(ifname="lo")[0], state="up")
        links.link("add", ifname=BRIDGE, kind="bridge")
        bridge = links.link_lookup(ifname=BRIDGE)[0]
        links.addr("add", index=bridge, address=GATEWAY, prefixlen=PREFIX)
        links.link("set", index=bridge, state="up")


def _die_with_parent() -> None:
    _LIBC.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


class Keeper:
    """The pods and the processes in them."""

    def __init__(self) -> None:
        self._own = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._pods: dict[str, int] = {}
        self._children: set[int] = set()

    def handle(self, request: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        """One request: `do` says what, the rest are arguments."""
        do: Callable[..., tuple[dict[str, Any], list[int]]] = getattr(self, "do_" + request.pop("do"))
        return do(**request)

    def end(self) -> None:
        for child in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def do_pod(self, name: str, address: str, redirected: bool) -> tuple[dict[str, Any], list[int]]:
        """A namespace with `address` on the bridge; with redirection if it is to have a sidecar."""
        ready, told = os.pipe()
        holder = os.fork()
        if holder == 0:
            _die_with_parent()
            _unshare(_NEWNET)
            os.write(told, b".")
            signal.pause()
            os._exit(0)
        os.read(ready, 1)
        os.close(ready)
        os.close(told)
        self._pods[name] = os.open(f"/proc/{holder}/ns/net", os.O_RDONLY)
        link = f"pod{len(self._pods)}"
        with IPRoute() as links:
            links.link("add", ifname=link, kind="veth", peer={"ifname": "eth0", "net_ns_pid": holder})
            index = links.link_lookup(ifname=link)[0]
            links.link("set", index=index, master=links.link_lookup(ifname=BRIDGE)[0], state="up")
        self._inside(name, lambda: _configure(address, redirected))
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)
        return {}, []

    def do_socket(self, pod: str) -> tuple[dict[str, Any], list[int]]:
        """A TCP socket that belongs to the pod, whoever uses it."""
        made = self._inside(pod, lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        return {}, [made.detach()]

    def do_spawn(
        self, pod: str, arguments: list[str], log: str, replaced: dict[str, str]
    ) -> tuple[dict[str, Any], list[int]]:
        """Start a program in the pod; its output goes to the file `log`. For the files `replaced` it sees others."""
        child = os.fork()
        if child == 0:
            try:
                _die_with_parent()
                os.setsid()
                self._enter(self._pods[pod])
                _unshare(_NEWNS)
                for path, other in replaced.items():
                    _bind(other, path)
                output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
                os.dup2(output, 1)
                os.dup2(output, 2)
                os.execv(arguments[0], arguments)
            finally:
                os._exit(127)
        self._children.add(child)
        return {"pid": child}, []

    def do_poll(self, pid: int) -> tuple[dict[str, Any], list[int]]:
        """How a program ended; `null` while it runs."""
        if pid not in self._children:
            return {"status": 0}, []
        done, status = os.waitpid(pid, os.WNOHANG)
        if done == 0:
            return {"status": None}, []
        self._children.discard(pid)
        return {"status": os.waitstatus_to_exitcode(status)}, []

    def do_signal(self, pid: int, number: int) -> tuple[dict[str, Any], list[int]]:
        """Send a signal to a program that was started here."""
        if pid in self._children:
            os.kill(pid, number)
        return {}, []

    def _inside(self, pod: str, act: Callable[[], Any]) -> Any:
        self._enter(self._pods[pod])
        try:
            return act()
        finally:
            self._enter(self._own)

    def _enter(self, namespace: int) -> None:
        if _LIBC.setns(namespace, _NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _configure(address: str, redirected: bool) -> None:
    with IPRoute() as links:
        links.link("set", index=links.link_lookup(ifname="lo")[0], state="up")
        index = links.link_lookup(ifname="eth0")[0]
        links.addr("add", index=index, address=address, prefixlen=PREFIX)
        links.link("set", index=index, state="up")
        if not redirected:
            return
        # What the application sends is redirected only once it has a route; what the sidecar sends shall fail at once
        # where there is nobody.
        links.route("add", dst="default", gateway=GATEWAY)
        links.rule("add", fwmark=MARK, table=_SIDECAR_TABLE, priority=_SIDECAR_TABLE)
        links.route("add", dst=NETWORK, oif=index, table=_SIDECAR_TABLE)
        links.rule("add", fwmark=MARK, action="unreachable", priority=_SIDECAR_TABLE + 1)
    redirect()


if __name__ == "__main__":
    main()
