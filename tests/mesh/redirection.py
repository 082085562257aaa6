# SPDX-License-Identifier: Apache-2.0
"""The redirection of a pod's connections to its sidecar, as Istio's init container sets it up, over netlink."""

from __future__ import annotations

import socket
import struct
from typing import Any

from pyroute2.nftables.expressions import genex, ipv4addr
from pyroute2.nftables.main import NFTables

OUTBOUND_PORT = 15001
INBOUND_PORT = 15006
MARK = 1337
"""Socket mark of the sidecar's own connections, which are let through."""
SIDECAR_SOURCE = "127.0.0.6"
"""From where the sidecar calls its own workload."""

_META_MARK = 3
_META_OUTGOING_INTERFACE = 5
_META_L4PROTO = 16
_LOOPBACK_INTERFACE = 1
"""The index that `lo` has in every network namespace."""
_RETURN = -5
_ACCEPT = 1
_REGISTER = 1
_DIFFERS = 1
_DESTINATION_NAT = -100


def redirect() -> None:
    """Set up the redirection in the network namespace of the calling thread."""
    # A family of its own makes the socket's messages IPv4 ones.
    with NFTables(nfgen_family=socket.AF_INET) as nft:
        nft.table("add", name="sidecar")
        for name, hook in (("outgoing", "output"), ("incoming", "prerouting")):
            nft.chain(
                "add", table="sidecar", name=name, hook=hook, type="nat", priority=_DESTINATION_NAT, policy=_ACCEPT
            )
        outgoing: list[list[Any]] = [
            [*ipv4addr(src=f"{SIDECAR_SOURCE}"), *_verdict(_RETURN)],
            # A pod that calls its own service gets there as everybody does: through the inbound side of its sidecar.
            [
                *_meta(_META_MARK, struct.pack("=I", MARK)),
                *_leaves_by_loopback(),
                *_not_to_loopback(),
                *_meta(_META_L4PROTO, bytes([socket.IPPROTO_TCP])),
                *_redirect(INBOUND_PORT),
            ],
            [*_meta(_META_MARK, struct.pack("=I", MARK)), *_verdict(_RETURN)],
            # What the application sends to its own pod needs no sidecar.
            [*_leaves_by_loopback(), *_verdict(_RETURN)],
            [*_meta(_META_L4PROTO, bytes([socket.IPPROTO_TCP])), *_redirect(OUTBOUND_PORT)],
        ]
        for rule in outgoing:
            nft.rule("add", table="sidecar", chain="outgoing", expressions=[rule])
        nft.rule(
            "add",
            table="sidecar",
            chain="incoming",
            expressions=[[*_meta(_META_L4PROTO, bytes([socket.IPPROTO_TCP])), *_redirect(INBOUND_PORT)]],
        )


def _value(data: bytes) -> dict[str, Any]:
    return {"attrs": [("NFTA_DATA_VALUE", data)]}


def _meta(key: int, equals: bytes) -> list[Any]:
    return [
        genex("meta", {"key": key, "dreg": _REGISTER}),
        genex("cmp", {"sreg": _REGISTER, "op": 0, "data": _value(equals)}),
    ]


def _leaves_by_loopback() -> list[Any]:
    """The packet stays in the pod, to a loopback address or to the pod's own."""
    return _meta(_META_OUTGOING_INTERFACE, struct.pack("=I", _LOOPBACK_INTERFACE))


def _not_to_loopback() -> list[Any]:
    """The first byte of the destination is not 127."""
    return [
        genex("payload", {"dreg": _REGISTER, "base": 1, "offset": 16, "len": 1}),
        genex("cmp", {"sreg": _REGISTER, "op": _DIFFERS, "data": _value(bytes([127]))}),
    ]


def _verdict(code: int) -> list[Any]:
    verdict = {"attrs": [("NFTA_DATA_VERDICT", {"attrs": [("NFTA_VERDICT_CODE", code)]})]}
    return [genex("immediate", {"dreg": 0, "data": verdict})]


def _redirect(port: int) -> list[Any]:
    return [
        genex("immediate", {"dreg": _REGISTER, "data": _value(struct.pack(">H", port))}),
        genex("redir", {"reg_proto_min": _REGISTER}),
    ]
