# SPDX-License-Identifier: Apache-2.0
"""Rules of the firewall, written over netlink: the pieces of which `redirection` and `service_address` make theirs."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterable
from typing import Any, TypeAlias

from pyroute2.nftables.expressions import genex
from pyroute2.nftables.main import NFTables

from lateen.node.redirection import OUTPUT, PREROUTING, RETURN, Match, Rule

Expressions: TypeAlias = list[Any]

_META_MARK = 3
_META_IN_NAME = 6
_META_OUT_NAME = 7
_META_L4PROTO = 16
_NETWORK_HEADER = 1
_TRANSPORT_HEADER = 2
_RETURN = -5
ACCEPT = 1
_REGISTER = 1
_EQUALS = 0
_DIFFERS = 1
DESTINATION_NAT = -100
SOURCE_NAT = 100
PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}
_NAME_LENGTH = 16


def redirect(rules: Iterable[Rule], table: str = "sidecar") -> None:
    """Put rules of `redirection` into force in the network namespace of this thread."""
    # A family of its own makes the socket's messages IPv4 ones.
    with NFTables(nfgen_family=socket.AF_INET) as nft:
        nft.table("add", name=table)
        for chain in (OUTPUT, PREROUTING):
            nft.chain("add", table=table, name=chain, hook=chain, type="nat", priority=DESTINATION_NAT, policy=ACCEPT)
        for rule in rules:
            expressions = [part for match in rule.matches for part in match_expressions(match)]
            end = returned() if rule.verdict == RETURN else redirected(int(rule.verdict))
            nft.rule("add", table=table, chain=rule.chain, expressions=[[*expressions, *end]])


def match_expressions(match: Match) -> Expressions:
    """A condition; of several values only the negated form can be said in one rule."""
    if len(match.values) > 1 and not match.negated:
        raise ValueError("a rule has one value per condition")
    return [part for value in match.values for part in _one(match.field, value, _DIFFERS if match.negated else _EQUALS)]


def _one(field: str, value: str, operation: int) -> Expressions:
    match field:
        case "protocol":
            return _meta(_META_L4PROTO, bytes([PROTOCOLS[value]]), operation)
        case "port":
            return _payload(_TRANSPORT_HEADER, 2, struct.pack(">H", int(value)), operation)
        case "owner":
            return _meta(_META_MARK, struct.pack("=I", int(value)), operation)
        case "in" | "out":
            name = value.encode().ljust(_NAME_LENGTH, b"\0")
            return _meta(_META_IN_NAME if field == "in" else _META_OUT_NAME, name, operation)
        case "source" | "destination":
            return range_expressions(12 if field == "source" else 16, value, operation)
    raise ValueError(f"no condition of the firewall: {field}")


def range_expressions(offset: int, cidr: str, operation: int = _EQUALS) -> Expressions:
    """The address at `offset` of the IPv4 header is in a range."""
    network = ipaddress.IPv4Network(cidr, strict=False)
    return [
        genex("payload", {"dreg": _REGISTER, "base": _NETWORK_HEADER, "offset": offset, "len": 4}),
        genex(
            "bitwise",
            {
                "sreg": _REGISTER,
                "dreg": _REGISTER,
                "len": 4,
                "mask": value_of(network.netmask.packed),
                "xor": value_of(bytes(4)),
            },
        ),
        genex("cmp", {"sreg": _REGISTER, "op": operation, "data": value_of(network.network_address.packed)}),
    ]


def value_of(data: bytes) -> dict[str, Any]:
    """A constant."""
    return {"attrs": [("NFTA_DATA_VALUE", data)]}


def _meta(key: int, value: bytes, operation: int) -> Expressions:
    return [
        genex("meta", {"key": key, "dreg": _REGISTER}),
        genex("cmp", {"sreg": _REGISTER, "op": operation, "data": value_of(value)}),
    ]


def _payload(base: int, offset: int, value: bytes, operation: int) -> Expressions:
    return [
        genex("payload", {"dreg": _REGISTER, "base": base, "offset": offset, "len": len(value)}),
        genex("cmp", {"sreg": _REGISTER, "op": operation, "data": value_of(value)}),
    ]


def returned() -> Expressions:
    """Leave the packet alone."""
    verdict = {"attrs": [("NFTA_DATA_VERDICT", {"attrs": [("NFTA_VERDICT_CODE", _RETURN)]})]}
    return [genex("immediate", {"dreg": 0, "data": verdict})]


def redirected(port: int) -> Expressions:
    """Send the connection to a port of this namespace."""
    return [
        genex("immediate", {"dreg": _REGISTER, "data": value_of(struct.pack(">H", port))}),
        genex("redir", {"reg_proto_min": _REGISTER}),
    ]
