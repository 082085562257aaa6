# SPDX-License-Identifier: Apache-2.0
"""Random Gateways: HTTP, HTTPS, mutual TLS, TLS that passes, TCP."""

from __future__ import annotations

from random import Random

from tests.truth.documents import Document, document
from tests.truth.vocabulary import EDGE_HOSTS
from tests.truth.world import CREDENTIAL, GATEWAY_LABELS, GATEWAY_NAMESPACE


def gateways(random: Random) -> list[Document]:
    """One or two."""
    made = []
    for number in range(random.randint(1, 2)):
        servers = [_http(random)]
        if random.random() < 0.85:
            servers += [_tls(random, name) for name in ("https", "https-2")[: random.randint(1, 2)]]
        if random.random() < 0.4:
            servers.append({"port": {"number": 9000, "name": "tcp", "protocol": "TCP"}, "hosts": ["*"]})
        for place, server in enumerate(servers):
            server["port"]["name"] += f"-{number}-{place}"
        spec = {"selector": GATEWAY_LABELS, "servers": servers}
        made.append(document("Gateway", f"edge-{number}", spec, GATEWAY_NAMESPACE))
    return made


def _hosts(random: Random) -> list[str]:
    hosts = random.sample(EDGE_HOSTS, random.randint(1, 2))
    return ["*"] if "*" in hosts else hosts


def _http(random: Random) -> Document:
    server: Document = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": _hosts(random)}
    if random.random() < 0.15:
        server["tls"] = {"httpsRedirect": True}
    if random.random() < 0.2:
        namespace = random.choice(("default", "other", "*", "."))
        server["hosts"] = [f"{namespace}/{host}" for host in server["hosts"]]
    return server


def _tls(random: Random, name: str) -> Document:
    mode = random.choice(("SIMPLE", "SIMPLE", "MUTUAL", "PASSTHROUGH"))
    hosts = _hosts(random)
    if mode == "PASSTHROUGH":
        port = {"number": 443, "name": name, "protocol": "TLS"}
        return {"port": port, "hosts": hosts, "tls": {"mode": mode}}
    if random.random() < 0.15:
        hosts = [f"{random.choice(('default', '*'))}/{host}" for host in hosts]
    protocol = "HTTPS" if random.random() < 0.8 else "TLS"
    tls = {"mode": mode, "credentialName": CREDENTIAL}
    return {"port": {"number": 443, "name": name, "protocol": protocol}, "hosts": hosts, "tls": tls}
