# SPDX-License-Identifier: Apache-2.0
"""`lateen up`: a whole cluster from one process.

holder (on the host: sockets, lock) ── process 1 (supervisor) ── keeper, api, plane, net, node
                                                                   └── one init per pod ── its containers
"""

from __future__ import annotations

import json
import os
import select
import socket
from collections.abc import Callable, Mapping
from functools import partial

from lateen.app.cluster_layout import RUNTIME, Layout
from lateen.node.namespace_set import start_in_namespaces

API_PORT = 6443
PORTS = {80: (80, 8080), 443: (443, 8443)}
"""Port of the gateway's service -> ports of the host to try."""
PARTS = ("api", "plane", "net", "node", "gateway")
"""What is told when it is ready, in no order."""

Say = Callable[[str], None]


class ClusterError(Exception):
    """The cluster cannot be started; the text says why and what to do."""


def bind_ports(wanted: Mapping[int, int]) -> dict[int, socket.socket]:
    """Sockets for the gateway's ports on the host, bound and not listening. `wanted`: service port -> host port.

    Without a wish, the port itself where the user may have it, else 8080 and 8443, else any. Raises ClusterError.
    """
    found = {}
    for port in (*PORTS, *(p for p in wanted if p not in PORTS)):
        tried = (wanted[port],) if port in wanted else (*PORTS[port], 0)
        for candidate in tried:
            bound = socket.socket(socket.AF_INET)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                bound.bind(("127.0.0.1", candidate or _free_port()))
            except OSError as error:
                bound.close()
                if candidate == tried[-1]:
                    raise ClusterError(
                        f"port {candidate} of this machine: {error}; choose another by --ports"
                    ) from None
                continue
            found[port] = bound
            break
    return found


def _free_port() -> int:
    """A port that is free now. A socket that was bound to port 0 would lose its port when it stops listening."""
    with socket.socket(socket.AF_INET) as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def bind_api(layout: Layout) -> socket.socket:
    """The API's socket, at the port it had before if that is free."""
    known = layout.folder / "api-port"
    before = [int(known.read_text())] if known.exists() else []
    for port in (*before, API_PORT, 0):
        bound = socket.socket(socket.AF_INET)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(("127.0.0.1", port))
            bound.listen(1024)
        except OSError:
            bound.close()
            continue
        known.write_text(str(bound.getsockname()[1]))
        return bound
    raise ClusterError("no port is free on 127.0.0.1")


def hold(layout: Layout, wanted: Mapping[int, int], mesh_config: str, stop: int, ready: Callable[[str], None]) -> int:
    """Run a cluster until there is something in the pipe `stop` or it ends by itself; returns its exit code.

    `ready` is told each of PARTS when it works. Raises ClusterError, NamespaceError.
    """
    lock = layout.lock()
    if lock is None:
        raise ClusterError(f"cluster {layout.name} runs already; end it with: lateen down --name {layout.name}")
    ports = bind_ports(wanted)
    api = bind_api(layout)
    # The one of the run before may name another port; the parts wait for the one that the API writes.
    layout.kubeconfig.unlink(missing_ok=True)
    reading, telling = os.pipe()
    ending, end = os.pipe()
    log = os.open(layout.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def first() -> None:
        for file in (reading, end, stop):
            os.close(file)
        nothing = os.open("/dev/null", os.O_RDONLY)
        for file, number in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(file, number)
        _supervise(layout, api, ports, mesh_config, telling, ending)

    pid, wait = start_in_namespaces(first)
    os.close(telling)
    os.close(ending)
    layout.write_running(pid, {str(port): bound.getsockname()[1] for port, bound in ports.items()})
    try:
        _follow(reading, stop, ready)
    finally:
        # Other processes hold this end as well: it takes a word.
        os.write(end, b".")
        os.close(end)
        code = wait()
        layout.forget_running()
    return code


def _follow(reading: int, stop: int, ready: Callable[[str], None]) -> None:
    """Pass on what the parts say until they are gone or are to go."""
    rest = b""
    while True:
        available, _, _ = select.select([reading, stop], [], [])
        if stop in available:
            return
        data = os.read(reading, 4096)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            ready(line.decode())


def _supervise(
    layout: Layout, api: socket.socket, ports: Mapping[int, socket.socket], mesh_config: str, telling: int, ending: int
) -> None:
    from lateen.app.cluster_supervisor import supervise

    def told(part: str) -> None:
        os.write(telling, f"{part}\n".encode())

    supervise(
        {
            "keeper": _keeper,
            "api": partial(_api, layout, api, told),
            "plane": partial(_plane, layout, told),
            "net": partial(_net, layout, ports, told),
            "node": partial(_node, layout, mesh_config, told),
        },
        ending,
        "api",
    )


def _keeper() -> None:
    from lateen.node.keeper import run_keeper

    run_keeper(RUNTIME)


def _api(layout: Layout, bound: socket.socket, told: Say) -> None:
    from lateen.app.cluster_api import run_api

    run_api(layout, bound, told)


def _plane(layout: Layout, told: Say) -> None:
    from lateen.app.cluster_plane import run_plane

    _await_api(layout)
    run_plane(layout, told, partial(_say, "plane"))


def _net(layout: Layout, ports: Mapping[int, socket.socket], told: Say) -> None:
    from lateen.app.cluster_net import run_net

    _await_api(layout)
    run_net(layout, ports, told, partial(_say, "net"))


def _node(layout: Layout, mesh_config: str, told: Say) -> None:
    from lateen.app.cluster_node import run_node

    _await_api(layout)
    run_node(layout, mesh_config, told, partial(_say, "node"))


def _await_api(layout: Layout) -> None:
    """Wait until the API answers at all."""
    import time

    port = int((layout.folder / "api-port").read_text())
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            time.sleep(0.02)
            continue
        if layout.kubeconfig.exists():
            return
        time.sleep(0.02)


def _say(part: str, line: str) -> None:
    print(json.dumps({"part": part, "said": line}), flush=True)
