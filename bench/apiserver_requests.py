# SPDX-License-Identifier: Apache-2.0
"""Requests a second of the embedded API server, beside another API server when one is named.

    python bench/apiserver_requests.py [--kubeconfig OTHER] [--objects 2000] [--connections 32]

Without `--kubeconfig` only ours is measured. Prints one line per operation: ours, the other's, and the ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

Request = tuple[str, str, bytes, str]
"""Method, path, body, content type."""


class Connection:
    """One keep-alive connection: a request, then its answer."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self.host, self.port = host, port
        self._head = f"Host: {host}\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n".encode()

    async def open(self) -> None:
        context = ssl._create_unverified_context()
        context.set_alpn_protocols(["http/1.1"])
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port, ssl=context, limit=1 << 24)

    async def ask(self, request: Request) -> tuple[int, bytes]:
        method, path, body, kind = request
        head = f"{method} {path} HTTP/1.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n".encode()
        self.writer.write(head + self._head + b"\r\n" + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        code = int(answer[9:12])
        lower = answer.lower()
        if b"transfer-encoding: chunked" in lower:
            return code, await self._chunks()
        start = lower.index(b"content-length: ") + 16
        return code, await self.reader.readexactly(int(lower[start : lower.index(b"\r", start)]))

    async def _chunks(self) -> bytes:
        parts = []
        while size := int((await self.reader.readline()).strip() or b"0", 16):
            parts.append(await self.reader.readexactly(size))
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)
        return b"".join(parts)


class Target:
    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        host, _, port = config["clusters"][0]["cluster"]["server"].removeprefix("https://").rpartition(":")
        self.address = host, int(port), config["users"][0]["user"]["token"]

    async def run(self, requests: list[Request], connections: int, expected: set[int]) -> tuple[float, float]:
        """Requests a second, and the 99th percentile of their times in milliseconds."""
        waiting = list(reversed(requests))
        times: list[float] = []

        async def work() -> None:
            connection = Connection(*self.address)
            await connection.open()
            while waiting:
                request = waiting.pop()
                begin = time.perf_counter()
                code, body = await connection.ask(request)
                times.append(time.perf_counter() - begin)
                if code not in expected:
                    raise SystemExit(f"{request[0]} {request[1]}: {code} {body[:300]!r}")
            connection.writer.close()

        begin = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(connections)))
        rate = len(requests) / (time.perf_counter() - begin)
        times.sort()
        return rate, times[int(len(times) * 0.99) - 1] * 1000


def operations(count: int) -> dict[str, tuple[Callable[[], list[Request]], set[int]]]:
    base = "/api/v1/namespaces/bench/configmaps"
    apps = "/apis/apps/v1/namespaces/bench/deployments"
    data = {f"key{i}": "x" * 60 for i in range(20)}

    def config_map(i: int) -> bytes:
        metadata = {"name": f"c{i}", "labels": {"app": f"a{i % 10}"}}
        return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}).encode()

    def deployment(i: int) -> bytes:
        labels = {"app": f"d{i}"}
        container = {
            "name": "c",
            "image": "nginx",
            "ports": [{"containerPort": 80}],
            "env": [{"name": "A", "value": "b"}],
        }
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        whole = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": f"d{i}", "labels": labels},
            "spec": spec,
        }
        return json.dumps(whole).encode()

    kind = "application/json"
    strategic = "application/strategic-merge-patch+json"
    few = max(count // 4, 1)
    return {
        "create ConfigMap": (lambda: [("POST", base, config_map(i), kind) for i in range(count)], {201}),
        "create Deployment": (lambda: [("POST", apps, deployment(i), kind) for i in range(few)], {201}),
        "get": (lambda: [("GET", f"{base}/c{i}", b"", kind) for i in range(count)] * 2, {200}),
        "list 500": (lambda: [("GET", f"{base}?limit=500", b"", kind)] * 50, {200}),
        "list by label": (lambda: [("GET", f"{base}?labelSelector=app%3Da1", b"", kind)] * 50, {200}),
        "patch ConfigMap": (
            lambda: [("PATCH", f"{base}/c{i}", b'{"data":{"new":"1"}}', strategic) for i in range(count)],
            {200},
        ),
        "patch Deployment": (
            lambda: [("PATCH", f"{apps}/d{i}", b'{"spec":{"replicas":3}}', strategic) for i in range(few)],
            {200},
        ),
        "delete": (lambda: [("DELETE", f"{base}/c{i}", b"", kind) for i in range(count)], {200}),
    }


async def prepare(target: Target) -> None:
    connection = Connection(*target.address)
    await connection.open()
    namespace = json.dumps({"metadata": {"name": "bench"}}).encode()
    await connection.ask(("POST", "/api/v1/namespaces", namespace, "application/json"))
    for path in ("/api/v1/namespaces/bench/configmaps", "/apis/apps/v1/namespaces/bench/deployments"):
        await connection.ask(("DELETE", path, b"", "application/json"))
    connection.writer.close()


def resident(pid: int) -> int:
    """Megabytes of memory a process has."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) // 1024


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, help="of the other API server")
    parser.add_argument("--objects", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "lateen.cli", "apiserver", "--data", folder, "--port", "0"]
        ours = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert ours.stdout is not None
        begin = time.perf_counter()
        await ours.stdout.readline()
        print(f"ready after {time.perf_counter() - begin:.2f} s")
        try:
            targets = [Target(Path(folder, "kubeconfig"))]
            if options.kubeconfig:
                targets.append(Target(options.kubeconfig))
            for target in targets:
                await prepare(target)
            for name, (requests, expected) in operations(options.objects).items():
                rates = [await target.run(requests(), options.connections, expected) for target in targets]
                shown = "   ".join(f"{rate:9.0f}/s  p99 {p99:7.1f} ms" for rate, p99 in rates)
                ratio = f"   {rates[0][0] / rates[1][0]:6.2f}x" if len(rates) > 1 else ""
                print(f"{name:18} {shown}{ratio}", flush=True)
                if name == "get":
                    print(f"resident with {options.objects} ConfigMaps: {resident(ours.pid)} MB", flush=True)
        finally:
            ours.terminate()
            await ours.wait()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    asyncio.run(main())
