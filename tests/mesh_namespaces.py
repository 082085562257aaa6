# SPDX-License-Identifier: Apache-2.0
"""A mesh of pods in network namespaces, with real sidecars behind real redirection; no privileges are needed.

    async def test_something(mesh):
        await mesh.apply(documents)
        client = await mesh.pod("client")
        server = await mesh.pod("server")
        await server.serve(8080, http_server("server"))
        answer = await client.get("10.96.0.1", 80, host="server")

`pod` makes a namespace on a bridge (10.200.0.0/16) and its Pod object, and starts a sidecar in it that gets its
configuration from our own server over a Unix socket, with certificates of a test authority. All TCP connections of a
pod with a sidecar are redirected: outgoing ones to 15001, incoming ones to 15006, except those with mark 1337, which
are the sidecar's own. Applications run in the test's process on sockets of the pod. Pods can reach nothing outside, and
of names sidecars know only those that `Mesh.resolve` tells.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lateen.compile.proxy import snapshot
from lateen.compile.workload import Locality, Role, Workload, labels_of
from lateen.envoy.snapshot import Snapshot
from lateen.identity.authority import new_authority
from lateen.identity.secret_source import SecretSource
from lateen.identity.system_roots import system_roots
from lateen.model.core.secret import Secret
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.ref import Ref
from lateen.model.resource import Resource
from lateen.node.bootstrap import NodeId, bootstrap
from lateen.node.envoy_binary import envoy_binary
from lateen.parse import documents as parse
from lateen.state.state import State
from lateen.xds.node_identity import NodeIdentity
from lateen.xds.server import XdsServer
from lateen.xds.status import Sync
from tests.conformance.documents import load
from tests.mesh.redirection import MARK
from tests.mesh.traffic import Answer, ask_bytes, ask_grpc, ask_http1, ask_http2

_LARGEST = 1 << 20
_POLL = 0.02
PATIENCE = 30.0

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Keeper:
    """The process that holds the namespaces (`tests.mesh.keeper`), from the outside."""

    def __init__(self) -> None:
        self._control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "tests.mesh.keeper", str(other.fileno())]
        root = Path(__file__).resolve().parent.parent
        self._process = subprocess.Popen(command, pass_fds=[other.fileno()], cwd=root)
        other.close()
        greeting = json.loads(self._control.recv(_LARGEST) or '{"error": "the keeper of the namespaces ended"}')
        self.refusal: str = greeting.get("error", "")

    def ask(self, do: str, **arguments: Any) -> tuple[dict[str, Any], list[int]]:
        self._control.send(json.dumps({"do": do, **arguments}).encode())
        message, files, _, _ = socket.recv_fds(self._control, _LARGEST, 1)
        answer: dict[str, Any] = json.loads(message) if message else {"error": "the keeper of the namespaces ended"}
        if "error" in answer:
            raise OSError(answer["error"])
        return answer, files

    def stop(self) -> None:
        self._control.close()
        self._process.wait()


class Pod:
    """One pod. Its sidecar, if it has one, is `sidecar`."""

    def __init__(self, keeper: Keeper, name: str, address: str) -> None:
        self._keeper = keeper
        self.name = name
        self.address = address
        self.sidecar: Sidecar | None = None
        self._servers: list[asyncio.Server] = []

    def socket(self) -> socket.socket:
        """A TCP socket of the pod, not blocking."""
        _, (file,) = self._keeper.ask("socket", pod=self.name)
        made = socket.socket(fileno=file)
        made.setblocking(False)
        return made

    def connect(
        self, host: str, port: int, *, tls: ssl.SSLContext | None = None, server_name: str = ""
    ) -> Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]:
        """A way to connect from the application in this pod to `host` (an address) and `port`."""

        async def connected() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            own = self.socket()
            try:
                await asyncio.get_running_loop().sock_connect(own, (host, port))
                secured = {"ssl": tls, "server_hostname": server_name} if tls is not None else {}
                return await asyncio.open_connection(sock=own, **secured)
            except BaseException:
                own.close()
                raise

        return connected

    async def get(self, address: str, port: int, *, host: str, path: str = "/", **headers: str) -> Answer:
        """`GET` in HTTP/1.1."""
        return await ask_http1(self.connect(address, port), host, path, **headers)

    async def get2(self, address: str, port: int, *, host: str, path: str = "/", **headers: str) -> Answer:
        """`GET` in HTTP/2."""
        return await ask_http2(self.connect(address, port), host, path, **headers)

    async def call(self, address: str, port: int, *, host: str, method: str, message: bytes) -> Answer:
        """A gRPC call."""
        return await ask_grpc(self.connect(address, port), host, method, message)

    async def exchange(self, address: str, port: int, sent: bytes = b"") -> bytes:
        """What a server of bytes answers; empty if it hangs up."""
        return await ask_bytes(self.connect(address, port), sent)

    async def serve(self, port: int, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        """Have `handler` serve connections to the pod's `port`, until the mesh ends."""
        own = self.socket()
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.bind(("0.0.0.0", port))
        self._servers.append(await asyncio.start_server(handler, sock=own, ssl=tls))

    def stop(self) -> None:
        for server in self._servers:
            server.close()


class Sidecar:
    """The Envoy of a pod."""

    def __init__(
        self, keeper: Keeper, pod: Pod, folder: Path, text: str, known_hosts: Path, options: tuple[str, ...] = ()
    ) -> None:
        self._keeper = keeper
        self._pod = pod
        self.log = folder / "envoy.log"
        self._address = folder / "admin-address"
        (folder / "bootstrap.json").write_text(text)
        arguments = [str(envoy_binary()), "-c", str(folder / "bootstrap.json"), "--disable-hot-restart"]
        arguments += ["--concurrency", "1", "--admin-address-path", str(self._address), *options]
        # There is no name server, so that lookups of all other names fail at once.
        (folder / "resolv.conf").touch()
        names = {"/etc/hosts": str(known_hosts), "/etc/resolv.conf": str(folder / "resolv.conf")}
        answer, _ = keeper.ask("spawn", pod=pod.name, arguments=arguments, log=str(self.log), replaced=names)
        self.pid: int = answer["pid"]

    async def admin(self, path: str) -> Answer:
        """`GET` from the admin API."""
        host, _, port = (await self.wait_until(self._admin_address)).rpartition(":")
        # Redirection would catch the address of the pod, loopback is left alone.
        return await self._pod.get(host, int(port), host="admin", path=path)

    async def _admin_address(self) -> str:
        ended, _ = self._keeper.ask("poll", pid=self.pid)
        if ended["status"] is not None:
            raise AssertionError(f"the sidecar of {self._pod.name} ended with {ended['status']}:\n{self.tail()}")
        return self._address.read_text() if self._address.exists() else ""

    async def wait_ready(self) -> None:
        """Wait until its configuration is there."""

        async def live() -> bool:
            try:
                return (await self.admin("/ready")).status == 200
            except ConnectionError:
                return False

        await self.wait_until(live)

    async def stat(self, name: str) -> int:
        """The value of a counter or gauge; 0 if it does not exist."""
        answer = await self.admin(f"/stats?format=json&filter=^{name.replace('.', '[.]').replace('|', '[|]')}$")
        return next((int(s["value"]) for s in answer.seen["stats"] if s.get("name") == name), 0)

    async def wait_until(self, read: Callable[[], Awaitable[Any]], patience: float = PATIENCE) -> Any:
        """Call `read` until its answer is true."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    if answer := await read():
                        return answer
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise AssertionError(f"{self._pod.name}: waited {patience} s in vain\n{self.tail()}") from None

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        self._keeper.ask("signal", pid=self.pid, number=signal.SIGTERM)


class _Directory:
    """Which proxy is which pod, and what it should hold."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.workloads: dict[str, Workload] = {}
        self.connected: list[Workload] = []

    def connect(self, node: NodeIdentity) -> Workload | Diagnostic:
        self.connected.append(self.workloads[node.name])
        return self.connected[-1]

    def disconnect(self, key: Workload) -> None:
        self.connected.remove(key)

    def snapshot(self, key: Workload) -> Snapshot | None:
        return snapshot(self.state.db, key)

    def origin(self, key: Workload, type_url: str, name: str) -> str | None:
        return None


class Mesh:
    """Pods, their documents and the control plane."""

    envoy_options: tuple[str, ...] = ()
    """Of every Envoy's command line."""

    def __init__(self, folder: Path, mesh_config: str | None = None) -> None:
        self._folder = folder
        self._keeper = Keeper()
        if self._keeper.refusal:
            self._keeper.stop()
            pytest.skip(f"needs user and network namespaces, which this system refuses: {self._keeper.refusal}")
        self._state = load("", mesh_config)
        self._directory = _Directory(self._state)
        authority = new_authority("cluster.local", datetime.now(UTC))
        source = SecretSource(authority, self._secret_data, lambda: datetime.now(UTC), system_roots=system_roots())
        self._server = XdsServer(self._directory, source)
        self._hosts = folder / "hosts"
        self._hosts.touch()
        self._secrets: dict[Ref, Secret] = {}
        self.pods: dict[str, Pod] = {}

    async def start(self) -> Mesh:
        self._address = await self._server.listen(f"unix:{self._folder}/xds.sock")
        return self

    async def pod(
        self,
        name: str,
        *,
        sidecar: bool = True,
        labels: Mapping[str, str] | None = None,
        namespace: str = "default",
        service_account: str = "",
        locality: Locality | None = None,
        role: Role = Role.SIDECAR,
    ) -> Pod:
        """A new pod with the label `app: NAME`, and its sidecar with the configuration that it gets at once.

        A gateway (`role` ROUTER) has an Envoy and no redirection.
        """
        address = f"10.200.1.{len(self.pods) + 1}"
        gateway = role is Role.ROUTER
        self._keeper.ask("pod", name=name, address=address, redirected=sidecar and not gateway)
        pod = self.pods[name] = Pod(self._keeper, name, address)
        mutual = {"security.istio.io/tlsMode": "istio"} if sidecar and not gateway else {}
        marks = {"app": name, **mutual, **(labels or {})}
        account = service_account or name
        await self.apply(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "metadata": {"name": name, "namespace": namespace, "labels": marks},
                    "spec": {"serviceAccountName": account, "containers": [{"name": "app", "image": "app"}]},
                    "status": {
                        "phase": "Running",
                        "podIP": address,
                        "podIPs": [{"ip": address}],
                        "conditions": [{"type": "Ready", "status": "True"}],
                    },
                }
            )
        )
        if sidecar:
            await self._start_envoy(pod, namespace, marks, account, locality or Locality(), role)
        return pod

    async def _start_envoy(
        self, pod: Pod, namespace: str, labels: Mapping[str, str], account: str, locality: Locality, role: Role
    ) -> None:
        self._directory.workloads[pod.name] = Workload(
            role=role,
            name=pod.name,
            namespace=namespace,
            ips=(pod.address,),
            labels=labels_of(dict(labels)),
            service_account=account,
            locality=locality,
        )
        node = NodeId(role.value, pod.address, pod.name, namespace, f"{namespace}.svc.cluster.local")
        facts = {"SERVICE_ACCOUNT": account}
        text = json.loads(bootstrap(node, configuration=self._address, labels=labels, metadata=facts))
        mark = {"level": socket.SOL_SOCKET, "name": socket.SO_MARK, "int_value": MARK, "state": "STATE_PREBIND"}
        text["cluster_manager"] = {"upstream_bind_config": {"socket_options": [mark]}}
        folder = self._folder / pod.name
        folder.mkdir()
        pod.sidecar = Sidecar(self._keeper, pod, folder, json.dumps(text), self._hosts, self.envoy_options)
        await pod.sidecar.wait_ready()
        await self._settled()

    async def apply(self, *documents: str, removed: Iterable[Ref] = ()) -> tuple[Ref, ...]:
        """Add, change and remove objects, and wait until every sidecar has what follows from it.

        The answer names the objects in `documents`.
        """
        parsed = parse("\n---\n".join(documents), "documents.yaml")
        errors = [found for found in parsed.diagnostics if found.severity is Severity.ERROR]
        assert not errors, "\n".join(map(str, errors))
        self._secrets |= {f.object.ref: f.object for f in parsed.objects if isinstance(f.object, Secret)}
        gone: list[tuple[Ref, Resource | None]] = [(ref, None) for ref in removed]
        self._state.apply([*gone, *((found.object.ref, found.object) for found in parsed.objects)])
        self._server.publish({key: snapshot(self._state.db, key) for key in dict.fromkeys(self._directory.connected)})
        await self._settled()
        return tuple(found.object.ref for found in parsed.objects)

    def snapshot(self, pod: str) -> Snapshot:
        """What the Envoy of a pod should hold."""
        return snapshot(self._state.db, self._directory.workloads[pod])

    def resolve(self, name: str, address: str) -> None:
        """Have sidecars find `name` at `address`."""
        with self._hosts.open("a") as file:
            file.write(f"{address} {name}\n")

    def _secret_data(self, kind: str, namespace: str, name: str) -> dict[str, bytes] | None:
        found = self._secrets.get(Ref(kind, namespace, name))
        return None if found is None else {**found.data, **{k: text.encode() for k, text in found.string_data.items()}}

    async def _settled(self) -> None:
        """Wait until every sidecar has taken all that it was sent."""
        try:
            async with asyncio.timeout(PATIENCE):
                while any(proxy.status.sync is not Sync.SYNCED for proxy in self._server.statuses()):
                    rejected = [p.status for p in self._server.statuses() if p.status.sync is Sync.REJECTED]
                    assert not rejected, "\n".join(map(str, rejected))
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise AssertionError(str([str(p.status) for p in self._server.statuses()])) from None

    async def stop(self) -> None:
        for pod in self.pods.values():
            pod.stop()
        self._keeper.stop()
        await self._server.stop()


@pytest.fixture
async def start_mesh() -> AsyncIterator[Callable[..., Awaitable[Mesh]]]:
    """Starts meshes, with a MeshConfig if given, and ends them with the test."""
    started: list[Mesh] = []
    # The paths of Unix sockets are short, those of pytest's folders are not.
    folders: list[Path] = []

    async def start(mesh_config: str | None = None) -> Mesh:
        folders.append(Path(tempfile.mkdtemp(prefix="mesh-")))
        mesh = Mesh(folders[-1], mesh_config)
        started.append(mesh)
        return await mesh.start()

    yield start
    for mesh in started:
        await mesh.stop()
    for folder in folders:
        shutil.rmtree(folder)


@pytest.fixture
async def mesh(start_mesh: Callable[..., Awaitable[Mesh]]) -> Mesh:
    """A mesh with Istio's default settings."""
    return await start_mesh()
