# SPDX-License-Identifier: Apache-2.0
"""The one process that makes pods: single-threaded, in the cluster's own namespaces.

For each pod it forks a `pod_init`, which outlives it; a keeper that is started again finds the pods' folders. Requests
come over RUNTIME/keeper.sock (`wire`): pod, remove.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from lateen.node import netns, syscalls
from lateen.node.nftables import redirect
from lateen.node.pod_init import SOCKET, PodInit
from lateen.node.redirection import Capture, rules_of
from lateen.node.wire import Wire, connect, listen

KEEPER = "keeper.sock"
PODS = "pods"


def pod_folder(runtime: Path, uid: str) -> Path:
    """What the cluster's processes keep of a pod while it runs."""
    return runtime / PODS / uid


def run_keeper(runtime: Path) -> NoReturn:
    """Serve for ever."""
    (runtime / PODS).mkdir(exist_ok=True)
    netns.set_up_cluster((netns.DNS_ADDRESS, netns.API_ADDRESS))
    # Pods have no use for the links to the keeper that Python would follow when it collects garbage: the memory stays
    # shared between them.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listening = listen(runtime / KEEPER)
    while True:
        connection, _ = listening.accept()
        with Wire(connection) as wire, contextlib.suppress(OSError):
            request, _ = wire.receive()
            if request is None:
                continue
            try:
                wire.send(_handle(runtime, request, listening.fileno(), connection.fileno()))
            except OSError as error:
                wire.send({"error": str(error)})


def _handle(runtime: Path, request: dict[str, Any], *ours: int) -> dict[str, Any]:
    uid = request["uid"]
    if request["do"] == "remove":
        _remove(runtime, uid, request["link"])
        return {}
    return _pod(runtime, uid, request, ours)


def _pod(runtime: Path, uid: str, request: dict[str, Any], ours: tuple[int, ...]) -> dict[str, Any]:
    """Make a pod, unless it is there."""
    folder = pod_folder(runtime, uid)
    folder.mkdir(exist_ok=True)
    if _alive(folder):
        return {"made": False}
    capture = msgspec.convert(request["capture"], Capture) if request.get("capture") else None
    told, tell = os.pipe()
    attached, tell_attached = os.pipe()
    pid = os.fork()
    if pid == 0:
        for file in (told, tell_attached, *ours):
            os.close(file)
        _init(folder, request["address"], capture, tell, attached)
    os.close(tell)
    os.close(attached)
    with os.fdopen(told, "rb", buffering=0) as answers, os.fdopen(tell_attached, "wb", buffering=0) as go:
        if answers.read(4096) != b"unshared":
            raise OSError("no network namespace could be made")
        netns.attach(pid, request["link"])
        go.write(b".")
        answer = answers.read(4096) or b"ended"
    if answer != b"ready":
        raise OSError(answer.decode())
    return {"made": True}


def _alive(folder: Path) -> bool:
    try:
        with connect(folder / SOCKET):
            return True
    except OSError:
        return False


def _init(folder: Path, address: str, capture: Capture | None, tell: int, attached: int) -> NoReturn:
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        syscalls.adopt_orphans()
        syscalls.unshare(syscalls.NEWNET)
        os.write(tell, b"unshared")
        os.read(attached, 1)
        os.close(attached)
        netns.set_up_pod(address)
        if capture is not None:
            redirect(rules_of(capture))
        init = PodInit(folder)
        (folder / "pid").write_text(f"{os.getpid()}")
        os.write(tell, b"ready")
        os.close(tell)
        init.run()
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - a forked process ends here whatever happens
        traceback.print_exc()
        with contextlib.suppress(OSError):
            os.write(tell, (str(error) or type(error).__name__).encode())
    finally:
        sys.stderr.flush()
        os._exit(1)


def _remove(runtime: Path, uid: str, link: str) -> None:
    """End a pod's init with all that it started, and forget the pod."""
    folder = pod_folder(runtime, uid)
    with contextlib.suppress(OSError), connect(folder / SOCKET) as init:
        init.ask("end")
    netns.detach(link)
    shutil.rmtree(folder, ignore_errors=True)
