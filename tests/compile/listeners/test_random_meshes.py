# SPDX-License-Identifier: Apache-2.0
"""Random meshes full of contradictions: Envoy takes their listeners, and the order of documents does not matter."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from envoy.config.listener.v3.listener_pb2 import Listener

from tests.compile.listeners.sidecars import blobs, document, endpoints, entry, service, state, workload
from tests.envoy_validation import refusal

MESHES = 60
PORTS = (80, 443, 9000)
PROTOCOLS = ("HTTP", "HTTP2", "GRPC", "TLS", "HTTPS", "TCP", "MONGO", "MYSQL", "REDIS", "")
NAMES = ("a.com", "b.com", "*.com", "*.a.com", "c.a.com", "*-x.com")
ADDRESSES = ("10.9.0.1", "10.9.0.2", "10.9.0.0/24", "10.9.0.7/24", "10.9.0.0/16", "fd00::9", "fd00::/32", "0.0.0.0/0")


class World:
    """Draws documents."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)

    def documents(self) -> list[str]:
        count = self._draw.randint
        found = [self._entry(n) for n in range(count(2, 6))] + [self._service(n) for n in range(count(0, 3))]
        found += [self._rule(n) for n in range(count(0, 4))]
        if self._draw.random() < 0.5:
            found.append(self._sidecar())
        if self._draw.random() < 0.5:
            found.append(self._peer_authentication())
        return found

    def _some(self, of: tuple[str, ...], least: int = 0) -> list[str]:
        return self._draw.sample(of, self._draw.randint(least, min(3, len(of))))

    def _entry(self, number: int) -> str:
        resolution = self._draw.choice(("NONE", "STATIC", "DNS"))
        more: dict[str, Any] = {"endpoints": [{"address": "10.8.0.1"}]} if resolution == "STATIC" else {}
        protocol = self._draw.choice(PROTOCOLS)
        text = entry(
            f"entry-{number}",
            *self._some(NAMES, 1),
            port=self._draw.choice(PORTS),
            protocol=protocol or "TCP",
            addresses=tuple(self._some(ADDRESSES)),
            resolution=resolution,
            **more,
        )
        return text if protocol else text.replace('"protocol": "TCP"', '"protocol": ""').replace('"tcp"', '"any"')

    def _service(self, number: int) -> str:
        name = self._draw.choice(("http", "tcp", "", "tls", "mongo"))
        address = self._draw.choice((f"10.9.0.{number + 1}", "None"))
        return service(f"svc-{number}", address, (name, self._draw.choice(PORTS)), app="client")

    def _rule(self, number: int) -> str:
        hosts = self._some(NAMES[:-1], 1)
        routes = [{"destination": {"host": self._draw.choice(hosts), "port": {"number": 443}}}]
        tls = [
            {
                "match": [
                    {"sniHosts": self._draw.sample(hosts, self._draw.randint(1, len(hosts))), **self._condition()}
                    for _ in range(self._draw.randint(1, 2))
                ],
                "route": routes,
            }
            for _ in range(self._draw.randint(0, 2))
        ]
        tcp = [{"match": [self._condition()], "route": routes} for _ in range(self._draw.randint(0, 2))]
        return document(
            "VirtualService", f"rule-{number}", {"hosts": hosts, "tls": tls, "tcp": tcp or [{"route": routes}]}
        )

    def _condition(self) -> dict[str, Any]:
        condition: dict[str, Any] = {}
        if self._draw.random() < 0.5:
            condition["destinationSubnets"] = self._some(ADDRESSES, 1)
        if self._draw.random() < 0.5:
            condition["port"] = self._draw.choice(PORTS)
        return condition

    def _sidecar(self) -> str:
        egress: list[dict[str, Any]] = []
        for port in self._draw.sample(PORTS, self._draw.randint(0, 2)):
            listener: dict[str, Any] = {
                "port": {"number": port, "protocol": self._draw.choice(PROTOCOLS[:-1]), "name": f"p-{port}"},
                "hosts": ["*/*"],
            }
            if self._draw.random() < 0.5:
                listener["bind"] = self._draw.choice(("127.0.0.1", "0.0.0.0", "10.9.0.1"))
            if self._draw.random() < 0.5:
                listener["captureMode"] = "NONE"
            egress.append(listener)
        ingress = [
            {"port": {"number": 8000 + n, "protocol": self._draw.choice(PROTOCOLS[:-1]), "name": f"in-{n}"}}
            for n in range(self._draw.randint(0, 2))
        ]
        return document("Sidecar", "sidecar", {"egress": [*egress, {"hosts": ["*/*"]}], "ingress": ingress})

    def _peer_authentication(self) -> str:
        modes = ("STRICT", "PERMISSIVE", "DISABLE")
        ports = {str(port): {"mode": self._draw.choice(modes)} for port in PORTS[: self._draw.randint(0, 3)]}
        spec: dict[str, Any] = {"mtls": {"mode": self._draw.choice(modes)}}
        if ports:
            spec |= {"portLevelMtls": ports, "selector": {"matchLabels": {"app": "client"}}}
        return document("PeerAuthentication", "mode", spec)


HEADLESS = endpoints("svc-0", "tcp", 9000, "10.9.0.2", "10.9.0.3")


def addresses(listener: Any) -> Iterator[tuple[str, int]]:
    for address in (listener.address, *(a.address for a in listener.additional_addresses)):
        socket = address.socket_address
        yield (socket.address or address.pipe.path, socket.port_value)


def test_envoy_takes_the_listeners_of_any_mesh_whatever_the_order_of_its_documents(tmp_path: Path) -> None:
    found: dict[tuple[str, str], Any] = {}
    for seed in range(MESHES):
        documents = [*World(seed).documents(), HEADLESS]
        proxies = (workload("client"), workload("client", "10.1.0.1", "fd00::1"), workload("client", "fd00::1"))
        shuffled = random.Random(seed).sample(documents, len(documents))
        mesh, other = state(*documents), state(*shuffled)
        for proxy in proxies:
            made = blobs(mesh, proxy)
            assert made == blobs(other, proxy), seed
            taken: set[tuple[str, int]] = set()
            for name, blob in made.items():
                listener = Listener()
                listener.ParseFromString(blob.body)
                own = set(addresses(listener))
                assert not own & taken, (seed, name)
                taken |= own
                found[name, blob.version] = listener
    assert len(found) > 250
    assert refusal(tmp_path, found.values()) == ""
