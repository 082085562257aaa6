# SPDX-License-Identifier: Apache-2.0
"""The applications: `a`, `b`, `c` and `headless` with sidecars, `vm` (a WorkloadEntry), `naked` without a sidecar,
`external` outside of the mesh, and the gateway `ingress`."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import ssl
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lateen.compile.proxy import snapshot
from lateen.compile.workload import Role, Workload, labels_of
from lateen.model.diagnostic import Severity
from lateen.model.ref import Ref
from lateen.node.bootstrap import NodeId, bootstrap
from lateen.parse import documents as parse
from tests.behaviour.certificates import self_signed
from tests.conformance.echo.expressions import APP_NAMESPACE, EXTERNAL_NAMESPACE, PORTS, SYSTEM_NAMESPACE, WORKLOAD_ONLY
from tests.mesh.redirection import MARK
from tests.mesh.traffic import http_server
from tests.mesh_namespaces import Mesh, Pod, Sidecar

IN_MESH = ("a", "b", "c", "headless", "vm")
CLASSES = {"test.istio.io/class": "standard"}
ADDRESSES = {"a": "10.96.0.1", "b": "10.96.0.2", "c": "10.96.0.3", "naked": "10.96.0.4", "vm": "10.96.0.5"}
ADDRESSES |= {"external": "10.96.0.6", "headless": "None"}
GATEWAY_PORTS = {80: 8080, 443: 8443}
"""Port of the gateway's Service -> port on which its Envoy listens."""
LOCAL_PORT = 8080
EXTERNAL_PORTS = {80: False, 81: False, 443: True}
"""Ports of the application outside, and whether they speak TLS."""

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class EchoMesh(Mesh):
    """The applications, and what a row adds for its own time."""

    def __init__(self, folder: Path, mesh_config: str | None) -> None:
        super().__init__(folder, mesh_config)
        self.folder = folder
        self.server_tls, self.client_tls = self_signed(folder, "echo.example.com")
        self.client_tls.check_hostname = False

    async def begin(self) -> None:
        """Start everything."""
        for name in IN_MESH:
            await self.pod(name, labels=CLASSES if name in ("b", "c") else {})
            await self._serve(self.pods[name])
        await self.pod("naked", sidecar=False)
        await self._serve(self.pods["naked"])
        external = await self.pod("external", sidecar=False, namespace=EXTERNAL_NAMESPACE)
        for port, secured in EXTERNAL_PORTS.items():
            await external.serve(port, application("external"), self.server_tls if secured else None)
        await self._start_gateway()
        await self._change([*self._services(), *self._virtual_machine()], [Ref("Pod", APP_NAMESPACE, "vm")])

    @asynccontextmanager
    async def having(self, text: str) -> AsyncIterator[None]:
        """The documents of a row, as long as the row lasts."""
        parsed = parse(text, "row.yaml")
        wrong = [str(said) for said in parsed.diagnostics if said.severity is Severity.ERROR]
        if wrong:
            raise ValueError("; ".join(wrong))
        await self._change([text], [])
        try:
            yield
        finally:
            await self._change([], [found.object.ref for found in parsed.objects])

    async def _change(self, documents: list[str], removed: list[Ref]) -> None:
        self._state.apply([(ref, None) for ref in removed])
        parsed = parse("\n---\n".join(documents), "echo.yaml")
        self._secrets |= {f.object.ref: f.object for f in parsed.objects if f.object.ref.kind == "Secret"}  # type: ignore[misc]
        self._state.apply((found.object.ref, found.object) for found in parsed.objects)
        self._server.publish({key: snapshot(self._state.db, key) for key in dict.fromkeys(self._directory.connected)})
        await self._settled()

    async def _serve(self, pod: Pod) -> None:
        app = application(pod.name)
        for label, _, port in PORTS.values():
            secured = self.server_tls if label == "https" else None
            await pod.serve(port, tcp_application(pod.name) if label == "tcp" else app, secured)
        await pod.serve(WORKLOAD_ONLY[0], tcp_application(pod.name))
        await pod.serve(WORKLOAD_ONLY[1], app)
        await pod.serve(LOCAL_PORT, app)

    def _services(self) -> list[str]:
        ports = [{"name": label, "port": number, "targetPort": target} for label, number, target in PORTS.values()]
        headless = [{**port, "port": port["targetPort"]} for port in ports]
        made = []
        for name, address in ADDRESSES.items():
            of = headless if address == "None" else ports
            namespace = APP_NAMESPACE
            if name == "external":
                of = [{"name": f"{'https' if tls else 'http'}-{p}", "port": p} for p, tls in EXTERNAL_PORTS.items()]
                namespace = EXTERNAL_NAMESPACE
            made.append(service(name, namespace, address, of, name))
            if name != "vm":
                made.append(slice_of(name, namespace, of, self.pods[name].address))
        ingress = [{"name": f"p{port}", "port": port, "targetPort": to} for port, to in GATEWAY_PORTS.items()]
        return [*made, service("istio-ingressgateway", SYSTEM_NAMESPACE, "10.96.0.9", ingress, "istio-ingressgateway")]

    def _virtual_machine(self) -> list[str]:
        spec = {"address": self.pods["vm"].address, "labels": {"app": "vm"}, "serviceAccount": "vm"}
        return [
            document("networking.istio.io/v1", "WorkloadEntry", "vm", APP_NAMESPACE, spec=spec),
        ]

    async def _start_gateway(self) -> None:
        labels = {"istio": "ingressgateway", "app": "istio-ingressgateway"}
        pod = await self.pod("ingress", sidecar=False, namespace=SYSTEM_NAMESPACE, labels=labels)
        self._directory.workloads[pod.name] = Workload(
            role=Role.ROUTER,
            name=pod.name,
            namespace=SYSTEM_NAMESPACE,
            ips=(pod.address,),
            labels=labels_of(labels),
            service_account="istio-ingressgateway",
        )
        domain = f"{SYSTEM_NAMESPACE}.svc.cluster.local"
        node = NodeId("router", pod.address, pod.name, SYSTEM_NAMESPACE, domain)
        facts = {"SERVICE_ACCOUNT": "istio-ingressgateway"}
        text = json.loads(bootstrap(node, configuration=self._address, labels=labels, metadata=facts))
        mark = {"level": socket.SOL_SOCKET, "name": socket.SO_MARK, "int_value": MARK, "state": "STATE_PREBIND"}
        text["cluster_manager"] = {"upstream_bind_config": {"socket_options": [mark]}}
        own = self.folder / pod.name
        own.mkdir()
        pod.sidecar = Sidecar(self._keeper, pod, own, json.dumps(text), self._hosts)
        await pod.sidecar.wait_ready()
        await self._settled()

    def secret(self, name: str) -> str:
        """A Secret with a server's certificate, its key, and the roots for clients' certificates."""
        files = {"tls.crt": "certificate.pem", "tls.key": "key.pem", "ca.crt": "certificate.pem"}
        data = {key: b64encode((self.folder / file).read_bytes()).decode() for key, file in files.items()}
        return document("v1", "Secret", name, SYSTEM_NAMESPACE, data=data)


@asynccontextmanager
async def echo_mesh(mesh_config: str | None = None) -> AsyncIterator[EchoMesh]:
    """The applications, until the block ends."""
    # The paths of Unix sockets are short.
    folder = Path(tempfile.mkdtemp(prefix="echo-"))
    mesh = EchoMesh(folder, mesh_config)
    try:
        await mesh.start()
        await mesh.begin()
        yield mesh
    finally:
        await mesh.stop()
        shutil.rmtree(folder)


def application(name: str) -> Handler:
    """An HTTP server that also knows HTTP/1.0."""
    modern = http_server(name)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(65536)
        if b"HTTP/1.0" in first.partition(b"\n")[0]:
            writer.write(b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n")
            writer.close()
            return
        # What was looked at goes on to the server for all later versions.
        passed = asyncio.StreamReader()
        passed.feed_data(first)
        pump = asyncio.create_task(_pump(reader, passed))
        try:
            await modern(passed, writer)
        finally:
            pump.cancel()

    return serve


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamReader) -> None:
    try:
        while data := await source.read(65536):
            sink.feed_data(data)
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        sink.feed_eof()


def tcp_application(name: str) -> Handler:
    """Answers bytes with its name and the same bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(f"from {name}: ".encode() + data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    return serve


def document(version: str, kind: str, name: str, namespace: str, **body: Any) -> str:
    """One object as a document."""
    labels = body.pop("labels", {})
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return json.dumps({"apiVersion": version, "kind": kind, "metadata": metadata, **body})


def service(name: str, namespace: str, address: str, ports: list[dict[str, Any]], app: str) -> str:
    """A Service."""
    spec = {"clusterIP": address, "selector": {"app": app}, "ports": ports}
    return document("v1", "Service", name, namespace, spec=spec)


def slice_of(name: str, namespace: str, ports: list[dict[str, Any]], address: str) -> str:
    """An EndpointSlice with one endpoint."""
    return document(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        f"{name}-0",
        namespace,
        labels={"kubernetes.io/service-name": name},
        addressType="IPv4",
        endpoints=[{"addresses": [address], "conditions": {"ready": True}}],
        ports=[{"name": p["name"], "port": p.get("targetPort", p["port"]), "protocol": "TCP"} for p in ports],
    )
