# SPDX-License-Identifier: Apache-2.0
"""Addresses and address ranges as Envoy's messages."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface
from typing import Any as Message

from envoy.config.core.v3 import address_pb2

UNIX_PREFIX = "unix://"
"""How Istio writes the path of a Unix socket; `unix://@name` is in the abstract namespace."""
UNSPECIFIED_V4 = "0.0.0.0"
UNSPECIFIED_V6 = "::"


def socket_address(bind: str, port: int) -> Message:
    """`bind` (an IP address, or `unix://` and a path) with `port`, as an Address."""
    if bind.startswith(UNIX_PREFIX):
        return address_pb2.Address(pipe=address_pb2.Pipe(path=bind.removeprefix(UNIX_PREFIX)))
    return address_pb2.Address(socket_address=address_pb2.SocketAddress(address=bind, port_value=port))


def is_ip(text: str) -> bool:
    """Whether `text` is an IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def cidr_range(text: str) -> Message | None:
    """An address or CIDR block as a CidrRange (a bare address is a range of one); None if it is neither.

    The address keeps its host bits, as Istio leaves them; Envoy masks them.
    """
    try:
        interface = ip_interface(text)
    except ValueError:
        return None
    return address_pb2.CidrRange(address_prefix=str(interface.ip), prefix_len={"value": interface.network.prefixlen})
