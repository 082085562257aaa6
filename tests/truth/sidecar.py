# SPDX-License-Identifier: Apache-2.0
"""Random Sidecars: what clients see of the mesh, and what happens to the rest."""

from __future__ import annotations

from random import Random

from tests.truth.documents import Document, document

LOCAL_PORT = 15099
"""Where some sidecars listen for applications that dial them."""
_HOSTS = (["./*"], ["*/*"], ["other/*"], ["default/*"], ["./*", "istio-system/*"], ["*/store.other.svc.cluster.local"])


def sidecars(random: Random) -> list[Document]:
    """At most one for each namespace, and one for a workload."""
    made = []
    for namespace in ("default", "other"):
        if random.random() < 0.2:
            made.append(document("Sidecar", "all", _spec(random), namespace))
    if random.random() < 0.3:
        spec = {"workloadSelector": {"labels": {"app": "front"}}, **_spec(random)}
        made.append(document("Sidecar", "front", spec))
    if random.random() < 0.2:
        spec = {"workloadSelector": {"labels": {"app": "web"}}, **_spec(random), "ingress": _ingress(random)}
        made.append(document("Sidecar", "web", spec))
    return made


def _ingress(random: Random) -> list[Document]:
    ports = random.sample(((8080, "HTTP"), (9000, "TCP"), (7000, "HTTP"), (6000, "HTTP")), random.randint(1, 3))
    return [
        {
            "port": {"number": number, "protocol": protocol, "name": f"in-{number}"},
            "defaultEndpoint": f"{random.choice(('127.0.0.1', '0.0.0.0'))}:{random.choice((8080, 8081, number))}",
        }
        for number, protocol in ports
    ]


def _spec(random: Random) -> Document:
    spec: Document = {}
    if random.random() < 0.6:
        spec["outboundTrafficPolicy"] = {"mode": random.choice(("REGISTRY_ONLY", "ALLOW_ANY"))}
    egress: list[Document] = []
    if random.random() < 0.4:
        port = {"number": random.choice((80, 9000, 7000)), "name": "own", "protocol": random.choice(("HTTP", "TCP"))}
        egress.append({"port": port, "hosts": random.choice(_HOSTS)})
    if random.random() < 0.4:
        port = {"number": LOCAL_PORT, "name": "local", "protocol": random.choice(("HTTP", "TCP"))}
        bind = random.choice(("127.0.0.1", "0.0.0.0"))
        egress.append({"port": port, "bind": bind, "captureMode": "NONE", "hosts": ["*/*"]})
    egress.append({"hosts": random.choice(_HOSTS)})
    spec["egress"] = egress
    return spec
