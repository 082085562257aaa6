# SPDX-License-Identifier: Apache-2.0
"""Names of services, endpoints and ports, and what the server makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from dnslib import QTYPE, RCODE, DNSRecord

from lateen.node.dns import Names, entry_addresses
from lateen.node.dns_server import DnsServer


def service(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "default"}, "spec": spec}


WEB = service("web", clusterIP="10.96.0.7", ports=[{"name": "http", "port": 80}])
DB = service("db", clusterIP="None", ports=[{"name": "sql", "port": 5432}])
OUT = service("out", type="ExternalName", externalName="www.example.com")
ALIAS = service("alias", type="ExternalName", externalName="web.default.svc.cluster.local")
SLICE = {
    "metadata": {"name": "db-1", "namespace": "default", "labels": {"kubernetes.io/service-name": "db"}},
    "endpoints": [
        {"addresses": ["10.244.0.9"], "hostname": "db-0", "conditions": {"ready": True}},
        {"addresses": ["10.244.0.10"], "hostname": "db-1", "conditions": {"ready": False}},
    ],
    "ports": [{"name": "sql", "port": 15432}],
}


@pytest.fixture
def server() -> DnsServer:
    return DnsServer(Names("cluster.local", [WEB, DB, OUT, ALIAS], [SLICE]))


async def ask(server: DnsServer, name: str, kind: str = "A") -> tuple[str, list[str]]:
    answer = DNSRecord.parse(await server.respond(bytes(DNSRecord.question(name, kind).pack())))
    return RCODE[answer.header.rcode], [f"{QTYPE[r.rtype]} {r.rdata}" for r in answer.rr]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("web.default.svc.cluster.local", "A", ("NOERROR", ["A 10.96.0.7"])),
        ("WEB.default.svc.Cluster.local", "A", ("NOERROR", ["A 10.96.0.7"])),
        ("web.default.svc.cluster.local", "AAAA", ("NOERROR", [])),
        ("db.default.svc.cluster.local", "A", ("NOERROR", ["A 10.244.0.9"])),
        ("db-0.db.default.svc.cluster.local", "A", ("NOERROR", ["A 10.244.0.9"])),
        ("db-1.db.default.svc.cluster.local", "A", ("NXDOMAIN", [])),
        ("10-244-0-5.default.pod.cluster.local", "A", ("NOERROR", ["A 10.244.0.5"])),
        ("nobody.default.svc.cluster.local", "A", ("NXDOMAIN", [])),
        (
            "_http._tcp.web.default.svc.cluster.local",
            "SRV",
            ("NOERROR", ["SRV 0 100 80 web.default.svc.cluster.local."]),
        ),
        (
            "_sql._tcp.db.default.svc.cluster.local",
            "SRV",
            ("NOERROR", ["SRV 0 100 15432 db-0.db.default.svc.cluster.local."]),
        ),
        (
            "alias.default.svc.cluster.local",
            "A",
            ("NOERROR", ["CNAME web.default.svc.cluster.local.", "A 10.96.0.7"]),
        ),
        ("www.example.com", "A", ("NXDOMAIN", [])),
    ],
)
async def test_answers(server: DnsServer, name: str, kind: str, expected: tuple[str, list[str]]) -> None:
    assert await ask(server, name, kind) == expected


async def test_other_names_are_asked_of_the_outside() -> None:
    asked: list[str] = []

    async def forward(query: bytes) -> bytes | None:
        request = DNSRecord.parse(query)
        asked.append(str(request.q.qname))
        return bytes(request.replyZone("www.example.com. 60 A 192.0.2.7").pack())

    server = DnsServer(Names("cluster.local", [OUT], []), forward)
    assert await ask(server, "www.example.com") == ("NOERROR", ["A 192.0.2.7"])
    found = await ask(server, "out.default.svc.cluster.local")
    assert found == ("NOERROR", ["CNAME www.example.com.", "A 192.0.2.7"])
    assert await ask(server, "nobody.default.svc.cluster.local") == ("NXDOMAIN", [])
    assert asked == ["www.example.com.", "www.example.com."]


async def test_what_is_no_query_gets_no_answer(server: DnsServer) -> None:
    assert await server.respond(b"\0\1") == b""


async def test_hosts_of_service_entries() -> None:
    entries = [
        {"spec": {"hosts": ["API.example.com", "*.example.org"], "addresses": ["192.0.2.1", "10.0.0.0/8"]}},
        {"spec": {"hosts": ["b.example"]}, "status": {"addresses": [{"host": "b.example", "value": "240.240.0.1"}]}},
        {"spec": {"hosts": ["c.example"]}},
    ]
    server = DnsServer(Names("cluster.local", [], [], entry_addresses(entries)))
    assert await ask(server, "api.example.com") == ("NOERROR", ["A 192.0.2.1"])
    assert await ask(server, "b.example") == ("NOERROR", ["A 240.240.0.1"])
    assert (await ask(server, "c.example"))[0] == "NXDOMAIN"
