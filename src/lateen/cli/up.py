# SPDX-License-Identifier: Apache-2.0
"""`lateen up`: start a cluster on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import click

from lateen.app.cluster import PARTS, ClusterError, hold
from lateen.app.cluster_layout import Layout
from lateen.cli.serve import MISSING, default_data_folder
from lateen.node.namespace_set import NamespaceError

_TROUBLE = "!"
_NAMES = {
    "api": "Kubernetes API",
    "plane": "control plane",
    "net": "cluster DNS and service addresses",
    "node": "controllers and node agent",
    "gateway": "ingress gateway",
}


def _port_pairs(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[int, int]:
    found = {}
    for pair in (pair for value in values for pair in value.split(",")):
        service, _, host = pair.partition(":")
        if not service.isdecimal() or not host.isdecimal():
            raise click.BadParameter(f"{pair!r} is not SERVICE-PORT:HOST-PORT, such as 80:8080")
        found[int(service)] = int(host)
    return found


@click.command()
@click.option("--name", default="lateen", show_default=True, help="The cluster's name; several can run side by side.")
@click.option("--detach", "-d", is_flag=True, help="Return when it is ready and leave it running.")
@click.option("--ports", multiple=True, callback=_port_pairs, help="Gateway port and port of this machine: 80:8080.")
@click.option(
    "--mesh-config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Settings of the mesh for a new cluster; later the ConfigMap istio in istio-system counts.",
)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Where clusters are kept.")
def up(name: str, detach: bool, ports: dict[int, int], mesh_config: Path | None, data: Path | None) -> None:
    """Start a mesh of this machine: Kubernetes API, control plane, ingress gateway, pods with sidecars.

    No root, no Docker. Objects of an earlier run are there again. Ctrl-C ends it, or `lateen down`.
    """
    layout = Layout((data or default_data_folder()).resolve(), name)
    if layout.running() is not None:
        click.echo(f"cluster {name} runs already; end it with: lateen down --name {name}")
        return
    settings = mesh_config.read_text() if mesh_config else ""
    stopped, stop = os.pipe()
    if detach:
        _detached(layout, ports, settings, stopped, stop)
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os.write(stop, b"."))
    sys.exit(_hold(layout, ports, settings, stopped, _progress(layout)))


def _progress(layout: Layout) -> Callable[[str], None]:
    waiting = set(PARTS)

    def ready(part: str) -> None:
        if part.startswith(_TROUBLE):
            click.echo(f"lateen up: {part.removeprefix(_TROUBLE)}; lateen doctor says more", err=True)
        elif part in waiting:
            waiting.discard(part)
            click.echo(f"  ready: {_NAMES[part]}")
            if not waiting:
                _tell_how(layout)

    return ready


def _tell_how(layout: Layout) -> None:
    running = layout.running()
    port = running.ports.get("80", 0) if running else 0
    click.echo(
        f"\n  export KUBECONFIG={layout.kubeconfig}\n"
        f"  export GATEWAY=http://127.0.0.1{'' if port == 80 else f':{port}'}\n\n"
        f"End it with: lateen down{'' if layout.name == 'lateen' else f' --name {layout.name}'}"
    )


def _hold(layout: Layout, ports: dict[int, int], settings: str, stopped: int, ready: Callable[[str], None]) -> int:
    try:
        return hold(layout, ports, settings, stopped, ready)
    except (ClusterError, NamespaceError) as error:
        ready(f"{_TROUBLE}{error}")
        return MISSING


def _detached(layout: Layout, ports: dict[int, int], settings: str, stopped: int, stop: int) -> None:
    """The cluster's holder in a session of its own; this process waits until all is ready."""
    reading, telling = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.close(reading)
        signal.signal(signal.SIGTERM, lambda *_: os.write(stop, b"."))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # Whoever reads our caller's output is not to wait for the cluster's end.
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nothing, number)

        def tell(part: str) -> None:
            with contextlib.suppress(BrokenPipeError):
                os.write(telling, f"{part}\n".encode())

        os._exit(_hold(layout, ports, settings, stopped, tell))
    os.close(telling)
    ready = _progress(layout)
    waiting = set(PARTS)
    with os.fdopen(reading) as lines:
        for line in lines:
            ready(line.strip())
            waiting.discard(line.strip())
            if not waiting:
                return
    sys.exit(MISSING)
