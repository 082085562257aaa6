# SPDX-License-Identifier: Apache-2.0
"""Watchers under load: 500 watches over 2,000 objects, 1,000 writes a second, each write seen by 20 of them.

    python bench/apiserver_watchers.py [--seconds 30] [--watchers 500] [--rate 1000]

Checks that nobody misses an event or gets one out of order, and prints the times of writes and of their arrival.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import ssl
import sys
import tempfile
import time
from pathlib import Path

from apiserver_requests import Connection, Target, resident

GROUPS = 25
"""Namespaces; the watchers are spread over them, so 500 of them make 20 for each write."""


class Watch:
    """One watch of a namespace: the versions it has seen, and when the last one came."""

    def __init__(self, target: Target, namespace: str, version: str) -> None:
        self.target, self.namespace, self.version = target, namespace, version
        self.seen: list[int] = []
        self.rest = b""

    async def run(self) -> None:
        host, port, token = self.target.address
        context = ssl._create_unverified_context()
        reader, writer = await asyncio.open_connection(host, port, ssl=context, limit=1 << 22)
        path = f"/api/v1/namespaces/{self.namespace}/configmaps?watch=1&resourceVersion={self.version}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        while data := await reader.read(1 << 18):
            lines = (self.rest + data).split(b"\n")
            self.rest = lines.pop()
            for line in lines:
                if line.startswith(b'{"type"'):
                    at = line.index(b'"resourceVersion":"') + 19
                    self.seen.append(int(line[at : line.index(b'"', at)]))


async def write(connection: Connection, namespace: str, name: str, number: int) -> int:
    """Replace an object; its new version."""
    body = json.dumps({"metadata": {"name": name}, "data": {"number": str(number), "text": "x" * 200}}).encode()
    path = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
    code, answer = await connection.ask(("PUT", path, body, "application/json"))
    assert code == 200, answer
    return int(json.loads(answer)["metadata"]["resourceVersion"])


async def prepare(target: Target, objects: int) -> str:
    connection = Connection(*target.address)
    await connection.open()
    for group in range(GROUPS):
        namespace = json.dumps({"metadata": {"name": f"g{group}"}}).encode()
        await connection.ask(("POST", "/api/v1/namespaces", namespace, "application/json"))
        for number in range(objects // GROUPS):
            body = json.dumps({"metadata": {"name": f"c{number}"}, "data": {}}).encode()
            path = f"/api/v1/namespaces/g{group}/configmaps"
            code, answer = await connection.ask(("POST", path, body, "application/json"))
            assert code == 201, answer
    _, answer = await connection.ask(("GET", "/api/v1/configmaps?limit=1", b"", "application/json"))
    return str(json.loads(answer)["metadata"]["resourceVersion"])


async def load(target: Target, objects: int, rate: int, seconds: float) -> tuple[dict[int, list[int]], list[float]]:
    """Write at a steady rate: the versions by namespace, and how long each write took."""
    written: dict[int, list[int]] = {group: [] for group in range(GROUPS)}
    times: list[float] = []
    begin = time.perf_counter()
    total = int(rate * seconds)
    upcoming = iter(range(total))

    async def work() -> None:
        connection = Connection(*target.address)
        await connection.open()
        for number in upcoming:
            due = begin + number / rate
            if due > time.perf_counter():
                await asyncio.sleep(due - time.perf_counter())
            group = random.randrange(GROUPS)
            start = time.perf_counter()
            name = f"c{random.randrange(objects // GROUPS)}"
            written[group].append(await write(connection, f"g{group}", name, number))
            times.append(time.perf_counter() - start)

    await asyncio.gather(*(work() for _ in range(24)))
    print(f"{total} writes in {time.perf_counter() - begin:.1f} s", flush=True)
    return written, times


def processor_seconds(pid: int) -> float:
    """Processor time a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--watchers", type=int, default=500)
    parser.add_argument("--objects", type=int, default=2000)
    parser.add_argument("--rate", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "lateen.cli", "apiserver", "--data", folder, "--port", "0"]
        server = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert server.stdout is not None
        await server.stdout.readline()
        target = Target(Path(folder, "kubeconfig"))
        version = await prepare(target, options.objects)
        watches = [Watch(target, f"g{number % GROUPS}", version) for number in range(options.watchers)]
        tasks = [asyncio.create_task(watch.run()) for watch in watches]
        await asyncio.sleep(2)
        print(f"{options.watchers} watches open, {resident(server.pid)} MB resident", flush=True)
        before = processor_seconds(server.pid)
        written, times = await load(target, options.objects, options.rate, options.seconds)
        expected = {f"g{group}": sorted(versions) for group, versions in written.items()}
        for _ in range(200):
            if all(len(watch.seen) >= len(expected[watch.namespace]) for watch in watches):
                break
            await asyncio.sleep(0.05)
        wrong = sum(watch.seen != expected[watch.namespace] for watch in watches)
        times.sort()
        marks = ", ".join(f"p{p} {times[int(len(times) * p / 100) - 1] * 1000:.1f} ms" for p in (50, 90, 99, 100))
        print(f"writes: {marks}")
        print(f"events delivered: {sum(len(watch.seen) for watch in watches)}; watches with a gap or disorder: {wrong}")
        used = (processor_seconds(server.pid) - before) / len(times) * 1e6
        print(f"{resident(server.pid)} MB resident, {used:.0f} us of processor time per write and its 20 events")
        for task in tasks:
            task.cancel()
        server.terminate()
        await server.wait()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
