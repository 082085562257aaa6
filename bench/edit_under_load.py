# SPDX-License-Identifier: Apache-2.0
"""Requests through a real Envoy while routes change: how many fail, and how long they take.

    python bench/edit_under_load.py [--hosts 5000] [--rate 1000] [--edits 50]

An Envoy takes a route table of HOSTS virtual hosts over VHDS; RATE requests a second go to one of them, each sent at
its time whether or not earlier ones were answered. First nothing changes for five seconds, then there are EDITS edits,
ten a second: every one brings a new cluster with its endpoints, moves the host that is asked for to it, and takes the
old cluster away. Prints one line each. Figures: `bench/xds.md`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from envoy.config.cluster.v3.cluster_pb2 import Cluster

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lateen.envoy.blob import Blob, blob
from tests.envoy_process import EnvoyProcess, ads_bootstrap
from tests.xds.resources import World, eds_cluster, endpoints, routing_host
from tests.xds.serving import NODE, Serving

TABLE = "80"
EXTENSIONS = "type.googleapis.com/envoy.extensions.filters"
REQUEST = b"GET / HTTP/1.1\r\nhost: web.test\r\n\r\n"


UPSTREAM = {
    "name": "upstream",
    "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
    "filter_chains": [
        {
            "filters": [
                {
                    "name": "http",
                    "typed_config": {
                        "@type": f"{EXTENSIONS}.network.http_connection_manager.v3.HttpConnectionManager",
                        "stat_prefix": "upstream",
                        "http_filters": [
                            {
                                "name": "envoy.filters.http.router",
                                "typed_config": {"@type": f"{EXTENSIONS}.http.router.v3.Router"},
                            }
                        ],
                        "route_config": {
                            "virtual_hosts": [
                                {
                                    "name": "all",
                                    "domains": ["*"],
                                    "routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 200}}],
                                }
                            ]
                        },
                    },
                }
            ]
        }
    ],
}
"""The upstream server: Envoy itself, for Python would be the slowest part."""


def cluster(name: str) -> Blob:
    """A cluster without limits, as Istio's are, so that a backlog is seen in the times and not as refusals."""
    message = Cluster.FromString(eds_cluster(name, connect_timeout=10).body)
    limits = message.circuit_breakers.thresholds.add()
    for limit in (limits.max_connections, limits.max_pending_requests, limits.max_requests, limits.max_retries):
        limit.value = 2**32 - 1
    return blob(name, message)


class Connections:
    """Keep-alive connections to Envoy; as many as are needed at once."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def request(self) -> str:
        """The status of one request, or what went wrong."""
        try:
            reader, writer = self._free.pop() if self._free else await asyncio.open_connection(*self._address)
            writer.write(REQUEST)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
            await reader.readexactly(int(length.partition(b":")[2]))
        except (OSError, asyncio.IncompleteReadError) as problem:
            return type(problem).__name__
        self._free.append((reader, writer))
        return head.split(b" ", 2)[1].decode()

    def close(self) -> None:
        for _, writer in self._free:
            writer.close()


class Load:
    """Sends requests at a rate and keeps what became of them. It runs in a process of its own (`--address`)."""

    def __init__(self, connections: Connections, rate: float) -> None:
        self._connections = connections
        self._rate = rate
        self.seconds: list[float] = []
        self.outcomes: Counter[str] = Counter()

    async def run(self, seconds: float) -> None:
        started, sent = time.perf_counter(), 0
        async with asyncio.TaskGroup() as tasks:
            while (elapsed := time.perf_counter() - started) < seconds:
                while sent < elapsed * self._rate:
                    tasks.create_task(self._one(started + sent / self._rate))
                    sent += 1
                await asyncio.sleep(0.0005)

    async def _one(self, due: float) -> None:
        outcome = await self._connections.request()
        self.seconds.append(time.perf_counter() - due)
        self.outcomes[outcome] += 1

    def report(self) -> str:
        ordered = sorted(self.seconds)

        def quantile(part: float) -> str:
            return f"{1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]:.1f} ms"

        failed = {outcome: count for outcome, count in self.outcomes.items() if outcome != "200"}
        return (
            f"{len(ordered)} requests, failed {failed or 'none'}; "
            f"p50 {quantile(0.5)}, p99 {quantile(0.99)}, p99.9 {quantile(0.999)}, longest {quantile(1)}"
        )


async def load(address: str, rate: float, seconds: float) -> None:
    host, _, port = address.rpartition(":")
    connections = Connections(host, int(port))
    requests = Load(connections, rate)
    await requests.run(seconds)
    connections.close()
    print(requests.report())


async def edits(serving: Serving, envoy: EnvoyProcess, count: int, port: int) -> None:
    world, previous = serving.world, "web"
    for revision in range(count):
        name = f"web-{revision}"
        world.add(cluster(name), endpoints(name, ("127.0.0.1", port)))
        world.add(routing_host(TABLE, "web", ["web.test"], name))
        del world.clusters[previous], world.endpoints[previous]
        previous = name
        serving.publish()
        await asyncio.sleep(0.1)
    await envoy.wait_until(lambda: _clusters(envoy), equals=[previous])


async def _clusters(envoy: EnvoyProcess) -> list[str]:
    return list(await envoy.versions("dynamic_active_clusters"))


async def measure(hosts: int, rate: float, count: int, folder: Path) -> None:
    world = World()
    serving = await Serving(world).start()
    bootstrap = ads_bootstrap(NODE, serving.address)
    bootstrap["static_resources"]["listeners"] = [UPSTREAM]
    envoy = await EnvoyProcess.start(bootstrap, folder)
    try:
        await envoy.wait_ready()
        _, port = await envoy.listener_address("upstream")
        world.add(cluster("web"), endpoints("web", ("127.0.0.1", port)))
        others = (routing_host(TABLE, f"host-{i}", [f"host-{i}.test"], "web") for i in range(hosts - 1))
        world.table(TABLE, routing_host(TABLE, "web", ["web.test"], "web"), *others)
        serving.publish()
        listener = await envoy.listener_address(TABLE)
        connections = Connections(*listener)
        await envoy.wait_until(lambda: _answers(connections))
        connections.close()
        for what in ("nothing changes", f"{count} edits"):
            print(what, end=": ", flush=True)
            seconds = 5.0 if what == "nothing changes" else count / 10 + 1
            command = [
                __file__,
                "--address",
                ":".join(map(str, listener)),
                "--rate",
                str(rate),
                "--seconds",
                str(seconds),
            ]
            clients = await asyncio.create_subprocess_exec(sys.executable, *command)
            if what != "nothing changes":
                await asyncio.sleep(0.5)
                await edits(serving, envoy, count, port)
            await clients.wait()
    finally:
        await envoy.stop()
        await serving.stop()


async def _answers(connections: Connections) -> bool:
    return await connections.request() == "200"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--edits", type=int, default=50)
    parser.add_argument("--address", help="only send requests, to this address, for --seconds")
    parser.add_argument("--seconds", type=float, default=5)
    arguments = parser.parse_args()
    if arguments.address:
        asyncio.run(load(arguments.address, arguments.rate, arguments.seconds))
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(arguments.hosts, arguments.rate, arguments.edits, Path(folder)))


if __name__ == "__main__":
    main()
