# SPDX-License-Identifier: Apache-2.0
"""A real Envoy for tests: started with any bootstrap, asked through its admin API, gone when the test ends.

The fixture `start_envoy` (registered in `tests/conftest.py`) is what a test uses:

    async def test_something(start_envoy):
        envoy = await start_envoy(ads_bootstrap("sidecar~10.0.0.1~a.b~b.svc.cluster.local", "127.0.0.1:15010"))
        await envoy.wait_ready()
        await envoy.wait_until(lambda: envoy.stat("cluster_manager.cds.update_success"), at_least=1)

Ports are never chosen beforehand: the admin API and listeners bind port 0 and the address is read from Envoy.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from lateen.node.envoy_binary import envoy_binary

PATIENCE = 30.0
"""Seconds until a state that was waited for counts as never coming."""

_POLL = 0.01


def _spawn(bootstrap: Mapping[str, Any], folder: Path, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    admin = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}}
    (folder / "bootstrap.json").write_text(json.dumps(dict(bootstrap) | {"admin": admin}))
    (folder / "admin-address").unlink(missing_ok=True)
    command = [str(envoy_binary()), "-c", str(folder / "bootstrap.json"), "--disable-hot-restart"]
    command += ["--concurrency", "1", "--admin-address-path", str(folder / "admin-address"), "--drain-time-s", "1"]
    if "-l" not in arguments:
        command += ["-l", "warning"]
    with (folder / "envoy.log").open("ab") as log:
        return subprocess.Popen([*command, *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL)


class EnvoyProcess:
    """One running Envoy. `log` is its log file; `admin` the base address of its admin API once it listens."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._address_file = folder / "admin-address"
        self.log = folder / "envoy.log"
        self.admin = ""
        self._client = httpx.AsyncClient(timeout=PATIENCE)

    @classmethod
    async def start(cls, bootstrap: Mapping[str, Any], folder: Path, *arguments: str) -> EnvoyProcess:
        """Start Envoy with `bootstrap` (the JSON form; its `admin` is replaced) and wait for its admin API."""
        process = _spawn(bootstrap, folder, arguments)
        envoy = cls(process, folder)
        try:
            await envoy._find_admin()
        except BaseException:
            await envoy.stop()
            raise
        return envoy

    async def _find_admin(self) -> None:
        async def address() -> str:
            if self._process.poll() is not None:
                raise AssertionError(f"Envoy ended with {self._process.returncode}:\n{self.log_tail()}")
            return self._address_file.read_text() if self._address_file.exists() else ""

        self.admin = "http://" + await self.wait_until(address)

    @property
    def pid(self) -> int:
        return self._process.pid

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    async def get(self, path: str) -> httpx.Response:
        """GET `path` of the admin API; any status is an answer."""
        return await self._client.get(self.admin + path)

    async def post(self, path: str) -> httpx.Response:
        return await self._client.post(self.admin + path)

    async def wait_until(
        self,
        read: Callable[[], Awaitable[Any]],
        *,
        at_least: int | None = None,
        equals: Any = None,
        patience: float = PATIENCE,
    ) -> Any:
        """Call `read` until its answer is `equals`, or `at_least`, or (if neither is given) true; return the answer."""
        answer: Any = None
        try:
            async with asyncio.timeout(patience):
                while True:
                    answer = await read()
                    if equals is not None:
                        done = answer == equals
                    elif at_least is not None:
                        done = answer >= at_least
                    else:
                        done = bool(answer)
                    if done:
                        return answer
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise AssertionError(f"waited {patience} s in vain; last answer {answer!r}\n{self.log_tail()}") from None

    async def wait_ready(self, patience: float = PATIENCE) -> None:
        """Wait until Envoy says LIVE: its first clusters, listeners and routes have arrived."""

        async def live() -> bool:
            return (await self.get("/ready")).status_code == httpx.codes.OK

        await self.wait_until(live, patience=patience)

    async def stat(self, name: str) -> int:
        """The value of the counter or gauge called `name`; 0 while it does not exist."""
        response = await self.get(f"/stats?format=json&filter=^{name.replace('.', '[.]').replace('|', '[|]')}$")
        return next((int(s["value"]) for s in response.json()["stats"] if s.get("name") == name), 0)

    async def config_dump(self, resource: str = "", **parameters: str) -> dict[str, Any]:
        """The admin API's config dump, narrowed to `resource` (`dynamic_listeners`, `dynamic_route_configs`, …)."""
        query = dict(parameters) | ({"resource": resource} if resource else {})
        response = await self._client.get(self.admin + "/config_dump", params=query)
        dump: dict[str, Any] = response.json()
        return dump

    async def versions(self, resource: str) -> dict[str, str]:
        """Name -> version of what Envoy holds: `dynamic_active_clusters`, `dynamic_listeners`, `dynamic_route_configs`,
        `dynamic_endpoint_configs` or `dynamic_active_secrets`. A route table with VHDS has the version "".
        """
        held: dict[str, str] = {}
        endpoints = {"include_eds": ""} if resource == "dynamic_endpoint_configs" else {}
        for entry in (await self.config_dump(resource, **endpoints)).get("configs", []):
            state = entry.get("active_state", entry)
            body = next((v for k, v in state.items() if isinstance(v, dict) and "@type" in v), {})
            name = entry.get("name") or body.get("name") or body.get("cluster_name")
            if name:
                held[name] = state.get("version_info", "")
        return held

    async def wait_version(self, resource: str, name: str, version: str) -> None:
        """Wait until Envoy holds `name` in `version`; see `versions` for `resource`."""

        async def held() -> str | None:
            return (await self.versions(resource)).get(name)

        await self.wait_until(held, equals=version)

    async def listener_address(self, name: str) -> tuple[str, int]:
        """Address and port that the listener called `name` is bound to; waits until it is there."""

        async def bound() -> tuple[str, int] | None:
            statuses = (await self.get("/listeners?format=json")).json().get("listener_statuses", [])
            for status in statuses:
                if status["name"] == name:
                    socket = status["local_address"]["socket_address"]
                    return socket["address"], socket["port_value"]
            return None

        found: tuple[str, int] = await self.wait_until(bound)
        return found

    async def stop(self) -> None:
        """End Envoy, gently first, and wait until it is gone."""
        await self._client.aclose()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(self._process.wait, 5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                await asyncio.to_thread(self._process.wait)


def socket_address(address: str) -> dict[str, Any]:
    """`HOST:PORT` or `unix:PATH` as an Envoy address."""
    if address.startswith("unix:"):
        return {"pipe": {"path": address.removeprefix("unix:")}}
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host, "port_value": int(port)}}


def grpc_cluster(name: str, address: str) -> dict[str, Any]:
    """A static HTTP/2 cluster called `name` with one endpoint at `address`."""
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket_address(address)}}]}],
        },
    }


def ads_bootstrap(
    node_id: str, xds_address: str, *, metadata: Mapping[str, Any] | None = None, sds_address: str | None = None
) -> dict[str, Any]:
    """A bootstrap that takes everything over delta ADS from `xds_address` (`HOST:PORT` or `unix:PATH`).

    The clusters are called as in Istio's bootstrap: `xds-grpc`, and `sds-grpc` (at `sds_address`, else `xds_address`).
    """
    ads = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
    return {
        "node": {"id": node_id, "cluster": node_id.split("~")[2], "metadata": dict(metadata or {})},
        "static_resources": {
            "clusters": [grpc_cluster("xds-grpc", xds_address), grpc_cluster("sds-grpc", sds_address or xds_address)]
        },
        "dynamic_resources": {
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [
                    {
                        "envoy_grpc": {
                            "cluster_name": "xds-grpc",
                            "retry_policy": {"retry_back_off": {"base_interval": "0.02s", "max_interval": "0.1s"}},
                        }
                    }
                ],
            },
            "cds_config": ads,
            "lds_config": ads,
        },
    }


StartEnvoy = Callable[..., Awaitable[EnvoyProcess]]


@pytest.fixture
async def start_envoy(tmp_path: Path) -> AsyncIterator[StartEnvoy]:
    """A function `start(bootstrap, *arguments) -> EnvoyProcess`; every Envoy it started is stopped after the test."""
    started: list[EnvoyProcess] = []

    async def start(bootstrap: Mapping[str, Any], *arguments: str) -> EnvoyProcess:
        envoy = await EnvoyProcess.start(bootstrap, tmp_path / f"envoy-{len(started)}", *arguments)
        started.append(envoy)
        return envoy

    yield start
    for envoy in started:
        await envoy.stop()
