# SPDX-License-Identifier: Apache-2.0
"""What an edit costs those whom it does not concern: many namespaces, each with a Sidecar that imports little.

    python -m bench.scoping [--services 10000] [--namespaces 100] [--proxies 1000] [--edits 20]

Starts `lateen serve` on a folder, plays the proxies, edits a VirtualService of one namespace and times the last of its
proxies. Prints one JSON object; the ratio `others_bytes` (what all other proxies got for the edits) should be 0.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grpc
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
TYPE = "type.googleapis.com/envoy.config."
CLUSTERS, ENDPOINTS = TYPE + "cluster.v3.Cluster", TYPE + "endpoint.v3.ClusterLoadAssignment"
LISTENERS, ROUTES = TYPE + "listener.v3.Listener", TYPE + "route.v3.RouteConfiguration"
VIRTUAL_HOSTS = TYPE + "route.v3.VirtualHost"


def service(index: int, namespace: str) -> list[object]:
    """A Service with one endpoint."""
    name, address = f"svc-{index}", f"10.{96 + (index >> 16)}.{index >> 8 & 255}.{index & 255}"
    meta = {"name": name, "namespace": namespace}
    labels = {"kubernetes.io/service-name": name}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {"clusterIP": address, "ports": [{"name": "http", "port": 80}]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**meta, "labels": labels},
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": 8080}],
            "endpoints": [{"addresses": [f"10.2{address[4:]}"], "conditions": {"ready": True}}],
        },
    ]


def rule(namespace: str, host: str, marker: str) -> object:
    """The VirtualService that is edited."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "edited", "namespace": namespace},
        "spec": {
            "hosts": [host],
            "http": [{"headers": {"response": {"set": {"x-rev": marker}}}, "route": [{"destination": {"host": host}}]}],
        },
    }


def sidecar(namespace: str) -> object:
    """The Sidecar of a namespace: its own services, and those of the mesh."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": {"name": "default", "namespace": namespace},
        "spec": {"egress": [{"hosts": ["./*", "istio-system/*"]}]},
    }


def write(folder: Path, name: str, *objects: object) -> None:
    """Replace one file in one step."""
    temporary = folder / f".{name}.tmp"
    temporary.write_text("\n---\n".join(json.dumps(o) for o in objects))
    temporary.rename(folder / f"{name}.yaml")


class Proxy:
    """One sidecar: takes everything, acknowledges everything, counts bytes."""

    def __init__(self, channel: grpc.aio.Channel, index: int, namespace: str) -> None:
        ip = f"10.3.{index >> 8}.{index & 255}"
        self.node = Node(id=f"sidecar~{ip}~p-{index}.{namespace}~{namespace}.svc.cluster.local")
        self.node.metadata.update({"NAMESPACE": namespace})
        self.stream = channel.stream_stream(METHOD, DeltaDiscoveryRequest.SerializeToString, None)()
        self.bytes = 0
        self.ready = asyncio.Event()
        self.marker: bytes | None = None
        self.seen: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Follow the server until cancelled."""
        await self.stream.write(DeltaDiscoveryRequest(type_url=CLUSTERS, node=self.node))
        answered: set[str] = set()
        while True:
            data = await self.stream.read()
            if data is grpc.aio.EOF:
                raise RuntimeError(f"the stream was closed: {await self.stream.details()}")
            self.bytes += len(data)
            if self.marker is not None and self.marker in data and not self.seen.done():
                self.seen.set_result(time.perf_counter())
            response = DeltaDiscoveryResponse.FromString(data)
            await self.stream.write(DeltaDiscoveryRequest(type_url=response.type_url, response_nonce=response.nonce))
            if response.type_url in answered:
                continue
            answered.add(response.type_url)
            if response.type_url == CLUSTERS:
                names = [r.name for r in response.resources if r.name.startswith("outbound|")]
                await self.stream.write(DeltaDiscoveryRequest(type_url=ENDPOINTS, resource_names_subscribe=names))
                await self.stream.write(DeltaDiscoveryRequest(type_url=LISTENERS))
            elif response.type_url == LISTENERS:
                await self.stream.write(DeltaDiscoveryRequest(type_url=ROUTES, resource_names_subscribe=["80"]))
            elif response.type_url == ROUTES:
                await self.stream.write(DeltaDiscoveryRequest(type_url=VIRTUAL_HOSTS))
            elif response.type_url == VIRTUAL_HOSTS:
                self.ready.set()


async def play(options: argparse.Namespace, address: str, folder: Path) -> dict[str, object]:
    """Connect the proxies and make the edits."""
    channels = [
        grpc.aio.insecure_channel(
            address, [("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
        )
        for _ in range(max(1, options.proxies // 50))
    ]
    proxies = [Proxy(channels[i % len(channels)], i, f"ns-{i % options.namespaces}") for i in range(options.proxies)]
    started = time.perf_counter()
    tasks = [asyncio.create_task(proxy.run()) for proxy in proxies]
    await asyncio.gather(*(proxy.ready.wait() for proxy in proxies))
    cold = time.perf_counter() - started
    per_proxy = max(proxy.bytes for proxy in proxies)
    concerned = proxies[:: options.namespaces]
    others = [proxy for proxy in proxies if proxy not in concerned]
    times, before = [], sum(proxy.bytes for proxy in others)
    for number in range(options.edits):
        marker = f"rev-{number}-end"
        for proxy in concerned:
            proxy.seen, proxy.marker = asyncio.get_running_loop().create_future(), marker.encode()
        started = time.perf_counter()
        write(folder, "edited", rule("ns-0", "svc-0", marker))
        times.append(max(await asyncio.gather(*(proxy.seen for proxy in concerned))) - started)
        await asyncio.sleep(0.2)
    for task in tasks:
        task.cancel()
    return {
        "proxies": options.proxies,
        "cold_s": round(cold, 2),
        "kilobytes_per_proxy": round(per_proxy / 1000, 1),
        "concerned": len(concerned),
        "last_ms_p50": round(1000 * statistics.median(times), 1),
        "last_ms_max": round(1000 * max(times), 1),
        "others_bytes": sum(proxy.bytes for proxy in others) - before,
    }


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--namespaces", type=int, default=100)
    parser.add_argument("--proxies", type=int, default=1_000)
    parser.add_argument("--edits", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lateen-bench-") as temporary:
        folder = Path(temporary) / "documents"
        folder.mkdir()
        for index in range(options.namespaces):
            namespace = f"ns-{index}"
            mine = range(index, options.services, options.namespaces)
            write(folder, namespace, sidecar(namespace), *(o for i in mine for o in service(i, namespace)))
        write(folder, "edited", rule("ns-0", "svc-0", "rev"))
        log = Path(temporary) / "serve.log"
        with log.open("w") as output:
            command = ["-m", "lateen.cli", "serve", "-f", str(folder), "--xds-address", "127.0.0.1:0"]
            server = subprocess.Popen([sys.executable, *command, "--data", temporary], stderr=output)
        try:
            while "serving xDS on" not in (said := log.read_text()):
                if server.poll() is not None:
                    raise SystemExit(said)
                time.sleep(0.1)
            address = said.partition("serving xDS on ")[2].split()[0]
            print(json.dumps(asyncio.run(play(options, address, folder))))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
