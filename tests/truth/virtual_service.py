# SPDX-License-Identifier: Apache-2.0
"""Random VirtualServices: for the mesh, for gateways, for both."""

from __future__ import annotations

from random import Random

from tests.truth.documents import Document, document
from tests.truth.http_route import http_route
from tests.truth.vocabulary import EDGE_HOSTS, EDGE_NAMES
from tests.truth.world import HEADLESS, STORE, WEB

_MESH_HOSTS = (
    WEB,
    "web",
    STORE,
    "static.test",
    "dns.test",
    "virtual.test",
    "*.virtual.test",
    "*.wild.test",
    HEADLESS,
    "*.local",
    "*.default.svc.cluster.local",
    "third",
)
_BYTES_MATCHES: tuple[Document, ...] = (
    {"port": 9000},
    {"destinationSubnets": ["10.99.3.0/28"]},
    {"sourceLabels": {"app": "front"}},
)
_DELEGATE = "delegate"


def virtual_services(random: Random, gateways: list[Document]) -> list[Document]:
    """A few of each; one may delegate to another."""
    names = [f"{g['metadata']['namespace']}/{g['metadata']['name']}" for g in gateways]
    made = []
    hosts = random.sample(_MESH_HOSTS, random.randint(2, 4))
    for number, host in enumerate(hosts):
        made.append(_mesh(random, f"mesh-{number}", host))
    for number in range(random.randint(1, 3)):
        made.append(_edge(random, f"edge-{number}", random.sample(names, random.randint(1, len(names)))))
    if random.random() < 0.5:
        made.append(_bytes(random, names))
    if random.random() < 0.5:
        made.append(_server_names(random, names))
    routes = [http_route(random, gateway=False) for _ in range(random.randint(1, 2))]
    made.append(document("VirtualService", _DELEGATE, {"http": routes}))
    return made


def _mesh(random: Random, name: str, host: str) -> Document:
    spec: Document = {"hosts": [host], "http": _http(random, gateway=False)}
    if random.random() < 0.15:
        spec["exportTo"] = random.choice((["."], ["*"], ["other"]))
    return document(
        "VirtualService", name, spec, random.choice(("default", "default", "other")) if "." in host else "default"
    )


def _edge(random: Random, name: str, gateways: list[str]) -> Document:
    hosts = random.sample((*EDGE_HOSTS, *EDGE_NAMES), random.randint(1, 2))
    if {"*.shop.test", "www.shop.test"} <= set(hosts) or {"*.shop.test", "a.b.shop.test"} <= set(hosts):
        hosts = hosts[:1]
    hosts = ["*"] if "*" in hosts else list(dict.fromkeys(hosts))
    if "*" not in hosts and random.random() < 0.2:
        gateways = [*gateways, "mesh"]
    rules = _http(random, gateway=True)
    for rule in rules:
        if random.random() < 0.1 and "match" in rule:
            rule["match"][0]["gateways"] = [random.choice(gateways)]
    spec = {"hosts": hosts, "gateways": gateways, "http": rules}
    return document("VirtualService", name, spec, random.choice(("default", "other")))


def _http(random: Random, gateway: bool) -> list[Document]:
    routes = [http_route(random, gateway=gateway) for _ in range(random.randint(1, 4))]
    if random.random() < 0.2:
        routes.insert(
            random.randrange(len(routes) + 1),
            {"match": [{"uri": {"prefix": "/a"}}], "delegate": {"name": _DELEGATE, "namespace": "default"}},
        )
    return routes


def _bytes(random: Random, gateways: list[str]) -> Document:
    shares = random.choice(((100,), (50, 50), (25, 75)))
    hosts = random.sample((WEB, STORE, "bytes.test"), len(shares))
    route: list[Document] = [
        {"destination": {"host": h, "port": {"number": 9000}}, "weight": w} for h, w in zip(hosts, shares, strict=True)
    ]
    if random.random() < 0.3:
        route[0]["destination"]["subset"] = random.choice(("v1", "v2"))
    rule: Document = {"route": route}
    if random.random() < 0.5:
        rule["match"] = [random.choice(_BYTES_MATCHES)]
    if random.random() < 0.5:
        return document(
            "VirtualService", "bytes-mesh", {"hosts": [random.choice((WEB, STORE, "bytes.test"))], "tcp": [rule]}
        )
    return document("VirtualService", "bytes-edge", {"hosts": ["*"], "gateways": gateways, "tcp": [rule]})


def _server_names(random: Random, gateways: list[str]) -> Document:
    target = random.choice((WEB, STORE, "secure.test"))
    name = random.choice(("secure.test", "www.shop.test", "shop.test", "*.shop.test"))
    rule = {
        "match": [{"sniHosts": [name], "port": 443}],
        "route": [{"destination": {"host": target, "port": {"number": 443}}}],
    }
    where = {} if random.random() < 0.4 else {"gateways": gateways}
    return document("VirtualService", "names", {"hosts": [name], "tls": [rule], **where})
