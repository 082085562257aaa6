# SPDX-License-Identifier: Apache-2.0
"""The addresses of Services, for clients without a sidecar: connections to them are sent on to endpoints.

`translations` is pure; `install` writes all of them at once, so that no connection sees a half.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from pyroute2.nftables.expressions import genex
from pyroute2.nftables.main import NFTables

from lateen.node import nftables
from lateen.node.nftables import Expressions
from lateen.node.redirection import Match

TABLE = "services"


class Translation(msgspec.Struct, frozen=True):
    """Connections to a service's address and port go to one of its endpoints, each as likely as another."""

    address: str
    protocol: str
    port: int
    endpoints: tuple[tuple[str, int], ...]


def translations(services: Iterable[Mapping[str, Any]], slices: Iterable[Mapping[str, Any]]) -> tuple[Translation, ...]:
    """All of a cluster, in a fixed order. Services without endpoints are left out."""
    by_service: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for body in slices:
        name = (body["metadata"].get("labels") or {}).get("kubernetes.io/service-name", "")
        by_service.setdefault((body["metadata"]["namespace"], name), []).append(body)
    found = []
    for service in services:
        address = service["spec"].get("clusterIP")
        if not address or address == "None":
            continue
        own = by_service.get((service["metadata"]["namespace"], service["metadata"]["name"]), ())
        for port in service["spec"].get("ports") or ():
            protocol = port.get("protocol", "TCP").lower()
            endpoints = _endpoints(own, port.get("name", ""), protocol)
            if protocol in nftables.PROTOCOLS and endpoints:
                found.append(Translation(address, protocol, port["port"], endpoints))
    return tuple(sorted(found, key=lambda t: (t.address, t.protocol, t.port)))


def _endpoints(slices: Iterable[Mapping[str, Any]], name: str, protocol: str) -> tuple[tuple[str, int], ...]:
    found: set[tuple[str, int]] = set()
    for body in slices:
        for port in body.get("ports") or ():
            if (
                (port.get("name") or "") != name
                or port.get("protocol", "TCP").lower() != protocol
                or not port.get("port")
            ):
                continue
            for endpoint in body.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready", True):
                    found.update((address, port["port"]) for address in endpoint["addresses"] if ":" not in address)
    return tuple(sorted(found))


def install(wanted: Iterable[Translation]) -> None:
    """Put them into force in this network namespace, in place of those before."""
    wanted = list(wanted)
    with NFTables(nfgen_family=socket.AF_INET) as nft:
        nft.begin()
        nft.table("add", name=TABLE)
        nft.table("del", name=TABLE)
        nft.table("add", name=TABLE)
        for hook, priority in (
            ("prerouting", nftables.DESTINATION_NAT),
            ("output", nftables.DESTINATION_NAT),
            ("postrouting", nftables.SOURCE_NAT),
        ):
            nft.chain("add", table=TABLE, name=hook, hook=hook, type="nat", priority=priority, policy=nftables.ACCEPT)
        for hook in ("prerouting", "output"):
            for translation in wanted:
                for rule in _rules(translation):
                    nft.rule("add", table=TABLE, chain=hook, expressions=[rule])
        for address in sorted({address for translation in wanted for address, _ in translation.endpoints}):
            # A pod that is sent to itself must not see itself as the sender, for it would answer past us.
            both = [Match("source", (f"{address}/32",)), Match("destination", (f"{address}/32",))]
            expressions = [part for match in both for part in nftables.match_expressions(match)]
            nft.rule("add", table=TABLE, chain="postrouting", expressions=[[*expressions, genex("masq", {})]])
        nft.commit()


def _rules(translation: Translation) -> Iterable[Expressions]:
    matches = (
        Match("destination", (f"{translation.address}/32",)),
        Match("protocol", (translation.protocol,)),
        Match("port", (str(translation.port),)),
    )
    common = [part for match in matches for part in nftables.match_expressions(match)]
    for index, (address, port) in enumerate(translation.endpoints):
        left = len(translation.endpoints) - index
        chosen = [] if left == 1 else _one_of(left)
        yield [*common, *chosen, *_sent_to(address, port)]


def _one_of(count: int) -> Expressions:
    """Holds for one connection in `count`."""
    return [
        # genex would name its attributes otherwise than pyroute2 knows them.
        {"attrs": [("NFTA_EXPR_NAME", "numgen"), ("NFTA_EXPR_DATA", {"attrs": _random(count)})]},
        genex("cmp", {"sreg": 1, "op": 0, "data": nftables.value_of(struct.pack("=I", 0))}),
    ]


def _random(count: int) -> list[tuple[str, int]]:
    return [("NFTA_NG_DREG", 1), ("NFTA_NG_MODULUS", count), ("NFTA_NG_TYPE", 1), ("NFTA_NG_OFFSET", 0)]


def _sent_to(address: str, port: int) -> Expressions:
    return [
        genex("immediate", {"dreg": 1, "data": nftables.value_of(ipaddress.IPv4Address(address).packed)}),
        genex("immediate", {"dreg": 2, "data": nftables.value_of(struct.pack(">H", port))}),
        genex(
            "nat",
            {"type": 1, "family": socket.AF_INET, "reg_addr_min": 1, "reg_proto_min": 2},
        ),
    ]
