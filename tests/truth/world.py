# SPDX-License-Identifier: Apache-2.0
"""The pods, Services and applications of the truth test. Only what is laid over them is random."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2

from lateen.compile.workload import Role
from lateen.envoy.snapshot import Layer, Snapshot
from lateen.explain import Resources
from lateen.model.ref import Ref
from tests.behaviour.certificates import self_signed
from tests.mesh_namespaces import Mesh, Pod, Sidecar
from tests.truth.application import application
from tests.truth.documents import Document, document

PLAIN_PORTS = (8080, 8081, 9000, 7000, 5555)
"""Where applications serve HTTP and bytes; no Service names the last one."""
TLS_PORT = 8443
SERVICE_PORTS = (("http", 80, 8080), ("http2", 81, 8081), ("tcp", 9000, 9000), ("any", 7000, 7000), ("tls", 443, 8443))
"""Name, port and target port of every Service."""
HEADLESS_PORTS = (("http", 8080, 8080), ("tcp", 9000, 9000))
GATEWAY_PORTS = ((80, 8080), (443, 8443), (9000, 9000))
"""Port of the gateway's Service, and where its Envoy listens."""

WEB, STORE, HEADLESS = (
    "web.default.svc.cluster.local",
    "store.other.svc.cluster.local",
    "each.default.svc.cluster.local",
)
THIRD, THIRD_PORTS = "third.default.svc.cluster.local", (("", 8000, 8080),)
ADDRESSES = {WEB: "10.96.0.1", STORE: "10.96.0.2", THIRD: "10.96.0.3"}
_PODS = {WEB: ("web-v1", "web-v2"), STORE: ("store-v1", "store-v2"), HEADLESS: ("web-v1", "web-v2"), THIRD: ("web-v1",)}
GATEWAY_LABELS = {"istio": "ingressgateway"}
GATEWAY_NAMESPACE = "istio-system"
CREDENTIAL = "certificate"

CLIENTS = ("front", "back", "web-v1")
"""Pods with a sidecar that ask."""
SERVERS = ("web-v1", "web-v2", "store-v1", "store-v2", "outside")
STRANGER = "outside"
"""A pod without a sidecar that asks."""
GATEWAY = "ingress"

_REDIRECTED = ("front", "back", "web-v1", "web-v2", "store-v1")
_NAMESPACES = {
    "back": "other",
    "store-v1": "other",
    "store-v2": "other",
    "outside": "abroad",
    GATEWAY: GATEWAY_NAMESPACE,
}


class World(Mesh):
    """The pods. `configure` lays documents over them in place of those before."""

    envoy_options = ("--drain-time-s", "1", "--drain-strategy", "immediate")

    def __init__(self, folder: Path, mesh_config: str | None) -> None:
        super().__init__(folder, mesh_config)
        self._server_tls, _ = self_signed(folder, "world.test")
        self.certificate_files = (folder / "certificate.pem", folder / "key.pem")
        self._laid: tuple[Ref, ...] = ()
        self.names: dict[str, str] = {}
        """Those that sidecars can look up."""

    async def begin(self) -> None:
        """Start the pods and what serves in them."""
        for name in (*_REDIRECTED, "store-v2", "outside"):
            app, _, version = name.partition("-")
            labels = {"app": app, **({"version": version} if version else {})}
            namespace = _NAMESPACES.get(name, "default")
            await self.pod(name, sidecar=name in _REDIRECTED, labels=labels, namespace=namespace, service_account=app)
        await self.pod(GATEWAY, role=Role.ROUTER, labels=GATEWAY_LABELS, namespace=GATEWAY_NAMESPACE)
        for name in SERVERS:
            for port in PLAIN_PORTS:
                await self.pods[name].serve(port, application(f"{name}:{port}"))
            await self.pods[name].serve(TLS_PORT, application(f"{name}:{TLS_PORT}"), self._server_tls)
        self.names = {"dns.test": self.pods["outside"].address}
        for name, address in self.names.items():
            self.resolve(name, address)
        await self.apply(*map(json.dumps, [*_services(), self._credential()]))

    async def configure(self, documents: Iterable[Document]) -> None:
        """Put `documents` in place of those of the last call.

        Endpoints are away for a moment, and filter chains that are gone lose their connections, so that nothing is
        answered over a connection from before.
        """
        slices = [json.dumps(s) for s in self._slices()]
        gone = [Ref("EndpointSlice", s["metadata"]["namespace"], s["metadata"]["name"]) for s in self._slices()]
        await self.apply(removed=[*self._laid, *gone])
        self._laid = await self.apply(*map(json.dumps, documents))
        await self.apply(*slices)
        await asyncio.gather(*(s.wait_until(partial(_is_drained, s)) for p in self.pods.values() if (s := p.sidecar)))

    def identity(self, pod: str) -> str:
        """The name in the certificate of a pod's sidecar."""
        account = pod if pod == GATEWAY else pod.partition("-")[0]
        return f"spiffe://cluster.local/ns/{_NAMESPACES.get(pod, 'default')}/sa/{account}"

    def owner(self, ip: str) -> Pod | None:
        """The pod with this address."""
        return next((pod for pod in self.pods.values() if pod.address == ip), None)

    def resources(self, pod: str) -> Resources:
        """What the Envoy of a pod holds, as `explain` reads it."""
        return resources_of(self.snapshot(pod))

    def _slices(self) -> list[Document]:
        made = []
        for host, ports in (
            (WEB, SERVICE_PORTS),
            (STORE, SERVICE_PORTS),
            (HEADLESS, HEADLESS_PORTS),
            (THIRD, THIRD_PORTS),
        ):
            name, namespace, *_ = host.split(".")
            pods = _PODS[host]
            made.append(
                {
                    "apiVersion": "discovery.k8s.io/v1",
                    "kind": "EndpointSlice",
                    "metadata": {
                        "name": f"{name}-0",
                        "namespace": namespace,
                        "labels": {"kubernetes.io/service-name": name},
                    },
                    "addressType": "IPv4",
                    "endpoints": [
                        {
                            "addresses": [self.pods[p].address],
                            "conditions": {"ready": True},
                            "targetRef": {"kind": "Pod", "name": p, "namespace": namespace},
                        }
                        for p in pods
                    ],
                    "ports": [{"name": n, "port": target, "protocol": "TCP"} for n, _, target in ports],
                }
            )
        return made

    def _credential(self) -> Document:
        certificate, key = self.certificate_files
        files = {"tls.crt": certificate, "tls.key": key, "ca.crt": certificate}
        data = {key: b64encode(file.read_bytes()).decode() for key, file in files.items()}
        return document("Secret", CREDENTIAL, None, GATEWAY_NAMESPACE, data=data)


async def _is_drained(envoy: Sidecar) -> bool:
    answer = await envoy.admin("/stats?format=json&filter=^listener_manager.total_.*_draining$")
    return not any(stat["value"] for stat in answer.seen["stats"])


def _services() -> list[Document]:
    def ports(of: Iterable[tuple[str, int, int]]) -> list[dict[str, Any]]:
        return [{"name": name, "port": port, "targetPort": target} for name, port, target in of]

    third: Document = {"clusterIP": "10.96.0.3", "selector": {"app": "web", "version": "v1"}}
    third["ports"] = [{"port": 8000, "targetPort": 8080, "appProtocol": "http"}]
    elsewhere = {"type": "ExternalName", "externalName": "dns.test", "ports": ports([("http", 8080, 8080)])}
    entrance = [(f"p{port}", port, target) for port, target in GATEWAY_PORTS]
    return [
        document(
            "Service", "web", {"clusterIP": ADDRESSES[WEB], "selector": {"app": "web"}, "ports": ports(SERVICE_PORTS)}
        ),
        document("Service", "each", {"clusterIP": "None", "selector": {"app": "web"}, "ports": ports(HEADLESS_PORTS)}),
        document(
            "Service",
            "store",
            {"clusterIP": ADDRESSES[STORE], "selector": {"app": "store"}, "ports": ports(SERVICE_PORTS)},
            "other",
        ),
        document("Service", "third", third),
        document("Service", "elsewhere", elsewhere),
        document(
            "Service",
            "ingress",
            {"clusterIP": "10.96.0.9", "selector": GATEWAY_LABELS, "ports": ports(entrance)},
            GATEWAY_NAMESPACE,
        ),
    ]


def resources_of(snapshot: Snapshot) -> Resources:
    """A snapshot's resources as messages, route tables with their virtual hosts."""
    tables = _read(snapshot.routes, route_pb2.RouteConfiguration)
    for name, layers in snapshot.virtual_hosts.items():
        if name in tables:
            tables[name].virtual_hosts.extend(_read(layers, route_components_pb2.VirtualHost).values())
    return Resources(
        listeners=_read(snapshot.listeners, listener_pb2.Listener),
        routes=tables,
        clusters=_read(snapshot.clusters, cluster_pb2.Cluster),
        endpoints=_read(snapshot.endpoints, endpoint_pb2.ClusterLoadAssignment),
    )


def _read(layers: Iterable[Layer], cls: Any) -> dict[str, Any]:
    return {name: cls.FromString(blob.body) for layer in layers for name, blob in layer.items()}


@asynccontextmanager
async def world(mesh_config: str | None = None) -> AsyncIterator[World]:
    """The pods, until the block ends."""
    # The paths of Unix sockets are short.
    folder = Path(tempfile.mkdtemp(prefix="truth-"))
    made = World(folder, mesh_config)
    try:
        await made.start()
        await made.begin()
        yield made
    finally:
        await made.stop()
        shutil.rmtree(folder)
