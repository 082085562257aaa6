# SPDX-License-Identifier: Apache-2.0
"""The part `net`: what makes names and addresses of services work for pods, and the gateway's ports on the host."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from functools import partial

import uvloop

from lateen.app.cluster_layout import RUNTIME, Layout
from lateen.kube.client import KubeClient, Object
from lateen.kube.informer import Informer, Key
from lateen.node.dns import Names, entry_addresses
from lateen.node.dns_server import DnsServer
from lateen.node.host_port import HostPort, Target, targets_of
from lateen.node.keeper import pod_folder
from lateen.node.kinds import ENDPOINT_SLICE, SERVICE, SERVICE_ENTRY
from lateen.node.netns import DNS_ADDRESS
from lateen.node.service_address import Translation, install, translations

DOMAIN = "cluster.local"


def run_net(
    layout: Layout, ports: Mapping[int, socket.socket], told: Callable[[str], None], say: Callable[[str], None]
) -> None:
    """Until killed. `ports`: port of LoadBalancer Services -> bound socket of the host."""
    uvloop.run(_run(layout, ports, told, say))


async def _run(
    layout: Layout, ports: Mapping[int, socket.socket], told: Callable[[str], None], say: Callable[[str], None]
) -> None:
    async with KubeClient.connect(layout.kubeconfig) as client, asyncio.TaskGroup() as group:
        services = Informer(client, SERVICE, trouble=say)
        slices = Informer(client, ENDPOINT_SLICE, trouble=say)
        entries = Informer(client, SERVICE_ENTRY, trouble=say)
        dns = DnsServer(Names(DOMAIN, (), ()))
        for informer in (services, slices, entries):
            group.create_task(informer.run())
        for informer in (services, slices, entries):
            await informer.synced.wait()
        changed = asyncio.Event()

        def on_change(key: Key, old: Object | None, new: Object | None) -> None:
            changed.set()

        for informer in (services, slices, entries):
            informer.on_change(on_change)
        group.create_task(_follow(services, slices, entries, dns, changed))
        await dns.listen(DNS_ADDRESS)
        for port, bound in ports.items():
            host_port = HostPort(bound, partial(_targets, port, services, slices), _pid_of)
            group.create_task(host_port.run())
        told("net")


async def _follow(
    services: Informer, slices: Informer, entries: Informer, dns: DnsServer, changed: asyncio.Event
) -> None:
    held: tuple[Translation, ...] | None = None
    while True:
        changed.clear()
        dns.names = Names(DOMAIN, services, slices, entry_addresses(entries))
        wanted = translations(services, slices)
        if wanted != held:
            # In a thread: the library has a loop of its own.
            await asyncio.to_thread(install, wanted)
            held = wanted
        await changed.wait()


def _targets(port: int, services: Informer, slices: Informer) -> tuple[Target, ...]:
    return targets_of(port, services, slices)


def _pid_of(uid: str) -> str:
    with contextlib.suppress(OSError):
        return (pod_folder(RUNTIME, uid) / "pid").read_text() if uid else ""
    return ""
