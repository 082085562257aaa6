# SPDX-License-Identifier: Apache-2.0
"""IP addresses, ports and prefixes as Envoy compares them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any as Message

from msgspec import Struct

Ip = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Address(Struct, frozen=True):
    """One end of a connection. `ip` without brackets; `port` 1 to 65535."""

    ip: str
    port: int

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


def parse_ip(text: str) -> Ip | None:
    """The address that `text` writes, or None for a host name, a Unix socket or anything else."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def prefix(cidr: Message) -> Network | None:
    """An envoy.config.core.v3.CidrRange as a network; an absent length is 0 and stray host bits are ignored."""
    try:
        return ip_network(f"{cidr.address_prefix}/{cidr.prefix_len.value}", strict=False)
    except ValueError:
        return None


def contains(network: Network, ip: Ip | None) -> bool:
    """Whether `ip` lies in `network`; the two families never meet."""
    return ip is not None and ip.version == network.version and ip in network


def longest(networks: tuple[Network, ...], ip: Ip | None) -> int:
    """The length of the longest prefix that contains `ip`, or -1."""
    return max((n.prefixlen for n in networks if contains(n, ip)), default=-1)


def written(address: Message) -> str:
    """An envoy.config.core.v3.Address as people write it (`10.0.0.1:80`, `unix:/path`, `internal:name`)."""
    kind = address.WhichOneof("address")
    if kind == "socket_address":
        return str(Address(address.socket_address.address, address.socket_address.port_value))
    if kind == "pipe":
        return f"unix:{address.pipe.path}"
    if kind == "envoy_internal_address":
        internal = address.envoy_internal_address
        endpoint = f"/{internal.endpoint_id}" if internal.endpoint_id else ""
        return f"internal:{internal.server_listener_name}{endpoint}"
    return ""
