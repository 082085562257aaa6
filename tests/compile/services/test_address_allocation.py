# SPDX-License-Identifier: Apache-2.0
"""Addresses for hosts that have none: which, for whom, and what they lead to."""

from __future__ import annotations

import ipaddress

import msgspec

from lateen.compile.services.address_allocation import Allocated, allocated_address, allocations
from tests.compile.world import compiled, mesh_of, sidecar

_ENTRY = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {0}, namespace: shop{1}}}
spec: {{hosts: ["{2}"], resolution: DNS{3}, ports: [{{number: 6380, name: tcp, protocol: TCP}}]}}
{4}
---
"""


def _entry(name: str, host: str, meta: str = "", spec: str = "", status: str = "") -> str:
    return _ENTRY.format(name, meta, host, spec, status)


def test_every_host_gets_an_address_of_its_own() -> None:
    db = mesh_of("".join(_entry(f"e-{i}", f"host-{i}.example.com") for i in range(400))).db
    found = allocations(db)
    assert len({a.ipv4 for a in found.values()}) == len({a.ipv6 for a in found.values()}) == len(found) == 400
    for allocated in found.values():
        assert ipaddress.ip_address(allocated.ipv4) in ipaddress.ip_network("240.240.0.0/16")
        assert not allocated.ipv4.endswith((".0", ".255"))
        assert ipaddress.ip_address(allocated.ipv6) in ipaddress.ip_network("2001:2::/48")


def test_other_entries_do_not_move_an_address() -> None:
    alone = allocated_address(mesh_of(_entry("a", "a.com")).db, "shop", "a.com")
    among = mesh_of("".join(_entry(f"e-{i}", f"{i}.com") for i in range(50)) + _entry("a", "a.com")).db
    assert alone == allocated_address(among, "shop", "a.com") != Allocated()


def test_a_recorded_address_stays_and_is_given_to_nobody_else() -> None:
    free = allocated_address(mesh_of(_entry("a", "a.com")).db, "shop", "a.com")
    taken = f"status: {{addresses: [{{host: b.com, value: {free.ipv4}}}]}}"
    db = mesh_of(_entry("a", "a.com") + _entry("b", "b.com", status=taken)).db
    assert allocated_address(db, "shop", "b.com") == Allocated(free.ipv4)
    assert allocated_address(db, "shop", "a.com").ipv4 not in ("", free.ipv4)


def test_who_gets_none() -> None:
    db = mesh_of(
        _entry("wild", "*.example.com").replace("DNS", "DYNAMIC_DNS").replace("TCP", "TLS")
        + _entry("given", "given.com", spec=", addresses: [10.0.0.1]")
        + _entry("opted-out", "out.com", meta=', labels: {networking.istio.io/enable-autoallocate-ip: "false"}')
        + _entry("direct", "direct.com").replace("resolution: DNS", "resolution: NONE")
    ).db
    assert allocations(db) == {}


def test_only_proxies_that_answer_dns_listen_there() -> None:
    state = mesh_of(_entry("a", "a.com") + _entry("b", "b.com"))
    plain = sidecar()
    captured = msgspec.structs.replace(plain, dns_capture=True)
    assert {n for n in compiled(state, plain)["listeners"] if n.endswith("_6380")} == {"0.0.0.0_6380"}
    addresses = [allocated_address(state.db, "shop", host).ipv4 for host in ("a.com", "b.com")]
    found = {n for n in compiled(state, captured)["listeners"] if n.endswith("_6380")}
    assert found == {f"{address}_6380" for address in addresses}
