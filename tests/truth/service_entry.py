# SPDX-License-Identifier: Apache-2.0
"""Random ServiceEntries of every resolution."""

from __future__ import annotations

from random import Random

from tests.truth.documents import Document, document
from tests.truth.vocabulary import ENTRY_ADDRESS

_RANGE = "10.99.3.0/24"


def service_entries(random: Random, addresses: dict[str, str]) -> list[Document]:
    """Those of the fixed hosts of the vocabulary, each with a chance."""
    outside = addresses["outside"]
    somewhere = {"address": addresses[random.choice(("outside", "web-v1", "store-v2"))]}
    both = [{"address": outside, "labels": {"version": "v1"}}, {**somewhere, "labels": {"version": "v2"}}]
    known = [
        _entry(random, "static.test", "HTTP", 80, 8080, resolution="STATIC", endpoints=both[: random.randint(1, 2)]),
        _entry(
            random,
            "dns.test",
            "HTTP",
            80,
            8080,
            resolution=random.choice(("DNS", "DNS_ROUND_ROBIN")),
            endpoints=[{"address": outside}],
        ),
        _entry(
            random, "*.wild.test", random.choice(("HTTP", "TLS")), random.choice((8080, 8443)), 0, resolution="NONE"
        ),
        _entry(random, "secure.test", "TLS", 443, 8443, resolution="STATIC", endpoints=both[:1]),
        _entry(
            random,
            "bytes.test",
            "TCP",
            9000,
            9000,
            resolution="STATIC",
            endpoints=both[: random.randint(1, 2)],
            addresses=[random.choice((ENTRY_ADDRESS, _RANGE))],
        ),
        _entry(random, "two.test", "HTTP", 8081, 8080, resolution="STATIC", endpoints=both, addresses=["10.99.4.4"]),
        _entry(
            random,
            "workloads.test",
            "HTTP",
            80,
            random.choice((8080, 7000)),
            resolution="STATIC",
            workloadSelector={"labels": {"app": random.choice(("web", "machine"))}},
        ),
    ]
    machine = {"address": outside, "labels": {"app": "machine", "version": "v1"}, "serviceAccount": "machine"}
    if random.random() < 0.4:
        known.append(document("WorkloadEntry", "machine", machine))
    if random.random() < 0.3:
        known[0]["spec"]["exportTo"] = [random.choice((".", "*"))]
    return [entry for entry in known if random.random() < 0.6]


def _entry(random: Random, host: str, protocol: str, port: int, target: int, **spec: object) -> Document:
    said: Document = {"number": port, "name": protocol.lower(), "protocol": protocol}
    if target and target != port:
        said["targetPort"] = target
    location = random.choice(("MESH_EXTERNAL", "MESH_INTERNAL"))
    name = host.replace("*", "any").replace(".", "-")
    return document("ServiceEntry", name, {"hosts": [host], "location": location, "ports": [said], **spec})
