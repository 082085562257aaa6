# SPDX-License-Identifier: Apache-2.0
"""An xDS server without a compiler behind it: what xDS itself costs, apart from everything that makes configuration.

It serves N services in the shape that a sidecar gets (a cluster, its endpoints and a virtual host each, a listener and
a route table) to every proxy, and takes edits in the way of `../shared/bench/adsload.py --files`: when the file
`vs-0.yaml` of the folder is replaced, the value of the header that it sets goes into one virtual host.

    python bench/xds_server.py FOLDER [--services 1000] [--address 127.0.0.1:15010] [--own]
    python ../shared/bench/adsload.py run --files FOLDER --server 127.0.0.1:15010 --proxies 1000 --pid PID

It prints its address and its PID, then a line for each edit. With `--own` each proxy also gets a cluster of its own, so
that no two proxies are sent the same bytes at first, as it is with inbound clusters. Figures: `bench/xds.md`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import time
from pathlib import Path

from asyncinotify import Inotify, Mask
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from lateen.envoy.blob import Blob, blob
from lateen.envoy.snapshot import Layer, Snapshot
from lateen.incremental.table import Table
from lateen.xds.node_identity import NodeIdentity
from lateen.xds.server import XdsServer

TABLE = "80"


def host_name(number: int) -> str:
    return f"svc-{number}.bench.svc.cluster.local"


def cluster(number: int) -> Blob:
    name = f"outbound|80||{host_name(number)}"
    message = Cluster(name=name, type="EDS")
    message.connect_timeout.seconds = 10
    message.eds_cluster_config.service_name = name
    message.eds_cluster_config.eds_config.ads.SetInParent()
    message.metadata.filter_metadata["istio"].update(
        {"services": [{"host": host_name(number), "name": f"svc-{number}", "namespace": "bench"}], "more": "x" * 400}
    )
    return blob(name, message)


def endpoints(number: int) -> Blob:
    name = f"outbound|80||{host_name(number)}"
    message = ClusterLoadAssignment(cluster_name=name)
    locality = message.endpoints.add()
    for k in range(2):
        socket = locality.lb_endpoints.add().endpoint.address.socket_address
        socket.address, socket.port_value = f"10.{100 + k}.{number // 250}.{number % 250 + 1}", 8080
    return blob(name, message)


def virtual_host(number: int, revision: str) -> Blob:
    host = host_name(number)
    message = VirtualHost(
        name=f"{TABLE}/{host}:80",
        domains=[host, f"svc-{number}", f"svc-{number}.bench", f"10.96.{number // 250}.{number % 250 + 1}"],
    )
    route = message.routes.add(name="default")
    route.match.prefix = "/"
    route.route.cluster = f"outbound|80||{host}"
    route.route.retry_policy.retry_on = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
    header = route.response_headers_to_add.add().header
    header.key, header.value = "x-rev", revision
    return blob(message.name, message)


def layer(*blobs: Blob) -> Layer:
    return Table({item.name: item for item in blobs})


class Directory:
    """Every proxy gets the same tables; with `own`, and a cluster of its own."""

    def __init__(self, services: int, *, own: bool) -> None:
        self._own = own
        self._clusters = layer(*map(cluster, range(services)))
        self._endpoints = layer(*map(endpoints, range(services)))
        self._listeners = layer(blob(f"0.0.0.0_{TABLE}", Listener(name=f"0.0.0.0_{TABLE}")))
        table = RouteConfiguration(name=TABLE)
        table.vhds.config_source.ads.SetInParent()
        self._routes = layer(blob(TABLE, table))
        self._hosts = layer(*(virtual_host(number, "rev-0") for number in range(services)))
        self._proxies: dict[str, Snapshot] = {}

    def edit(self, revision: str) -> dict[str, Snapshot]:
        host = virtual_host(0, revision)
        self._hosts = self._hosts.derive({host.name: host})
        virtual_hosts = {TABLE: (self._hosts,)}
        for key, snapshot in self._proxies.items():
            self._proxies[key] = snapshot._replace(virtual_hosts=virtual_hosts)
        return self._proxies

    def connect(self, node: NodeIdentity) -> str:
        clusters = [self._clusters]
        if self._own:
            clusters.append(layer(blob(f"inbound|{node.name}", Cluster(name=f"inbound|{node.name}"))))
        self._proxies[node.id] = Snapshot(
            tuple(clusters), (self._endpoints,), (self._listeners,), (self._routes,), {TABLE: (self._hosts,)}
        )
        return node.id

    def disconnect(self, key: object) -> None:
        self._proxies.pop(str(key), None)

    def snapshot(self, key: object) -> Snapshot:
        return self._proxies[str(key)]

    def origin(self, key: object, type_url: str, name: str) -> str | None:
        return None


def processor_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def report(started: float, processor: float) -> None:
    took = time.perf_counter() - started
    await asyncio.sleep(0.7)
    spent = processor_time() - processor
    print(f"published in {1000 * took:.1f} ms; processor time of the edit {1000 * spent:.0f} ms", flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--address", default="127.0.0.1:15010")
    parser.add_argument("--own", action="store_true")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    directory = Directory(arguments.services, own=arguments.own)
    server = XdsServer(directory)
    print(await server.listen(arguments.address), os.getpid(), flush=True)
    reports = set()
    with Inotify() as inotify:
        inotify.add_watch(arguments.folder, Mask.MOVED_TO)
        async for event in inotify:
            if event.path is None or event.path.name != "vs-0.yaml":
                continue
            started, processor = time.perf_counter(), processor_time()
            document = json.loads(event.path.read_text())
            revision = document["spec"]["http"][0]["headers"]["response"]["set"]["x-rev"]
            server.publish(directory.edit(revision))
            task = asyncio.create_task(report(started, processor))
            reports.add(task)
            task.add_done_callback(reports.discard)


if __name__ == "__main__":
    asyncio.run(main())
