# SPDX-License-Identifier: Apache-2.0
"""Filter chains and what they match."""

from __future__ import annotations

from collections.abc import Iterable, Set
from ipaddress import ip_network
from typing import Any as Message
from typing import TypeAlias

import msgspec
from envoy.config.listener.v3 import listener_components_pb2

from lateen.envoy.address import UNSPECIFIED_V4, cidr_range

RAW_BUFFER = "raw_buffer"
TLS = "tls"

PLAIN_HTTP = ("http/1.1", "h2c")
"""What the HTTP inspector says of plain text that is HTTP."""
PLAIN_HTTP_10 = "http/1.0"
"""What it says of HTTP/1.0, matched only where that is accepted: elsewhere it passes as bytes."""


Combination: TypeAlias = tuple[int, str, str, str, str]
"""Destination port, block, server name, transport and application protocol; empty for any."""


class ChainMatch(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Which connections a filter chain takes. Empty fields match everything."""

    destination_port: int = 0
    cidrs: tuple[str, ...] = ()
    """Destination addresses and CIDR blocks."""
    server_names: tuple[str, ...] = ()
    """TLS server names, with leading wildcards; `*` among them matches every connection."""
    transport: str = ""
    """`raw_buffer` or `tls`, as the TLS inspector says."""
    applications: tuple[str, ...] = ()
    """ALPN names, or what the HTTP inspector says."""

    @property
    def matches_all(self) -> bool:
        """Whether every connection of the listener is taken."""
        return not (
            self.destination_port
            or self.cidrs
            or self.transport
            or self.applications
            or (self.server_names and "*" not in self.server_names)
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The server names that count: none if all connections are meant."""
        return () if "*" in self.server_names else self.server_names

    @property
    def combinations(self) -> frozenset[Combination]:
        """The single conditions that this match stands for. Envoy refuses a listener in which two chains share one."""
        blocks = [block for cidr in self.cidrs if (block := _block(cidr))] or [""]
        return frozenset(
            (self.destination_port, block, name, self.transport, application)
            for block in blocks
            for name in self.names or ("",)
            for application in self.applications or ("",)
        )

    def without(self, taken: Set[Combination]) -> ChainMatch | None:
        """What is left of this match beside chains that have `taken` their conditions; None if nothing is."""
        if not self.combinations & taken:
            return self
        for field, values in (("server_names", self.names), ("cidrs", self.cidrs)):
            alone = [msgspec.structs.replace(self, **{field: (value,)}) for value in values]
            free = tuple(v for v, one in zip(values, alone, strict=True) if not one.combinations & taken)
            if free:
                return msgspec.structs.replace(self, **{field: free})
        return None

    @property
    def needs_tls_inspector(self) -> bool:
        """Whether the match says something that only the TLS inspector knows."""
        return bool(self.server_names)

    @property
    def needs_http_inspector(self) -> bool:
        """Whether the match tells plain HTTP from other bytes."""
        return "h2c" in self.applications

    def message(self) -> Message:
        """As a FilterChainMatch; names and blocks in order and once each, blocks that cover everything left out."""
        match = listener_components_pb2.FilterChainMatch(
            transport_protocol=self.transport, application_protocols=self.applications
        )
        if self.destination_port:
            match.destination_port.value = self.destination_port
        match.server_names.extend(sorted(set(self.names)))
        blocks = {_block(cidr): cidr for cidr in sorted(self.cidrs, reverse=True)}
        match.prefix_ranges.extend(cidr_range(cidr) for block, cidr in reversed(blocks.items()) if block)
        return match


def _block(cidr: str) -> str:
    """A block in one form whatever its host bits; empty for what covers everything, or is no block."""
    block = cidr_range(cidr)
    if block is None or block.address_prefix == UNSPECIFIED_V4:
        return ""
    return str(ip_network(f"{block.address_prefix}/{block.prefix_len.value}", strict=False))


def is_server_name(name: str) -> bool:
    """Whether Envoy can match by a name: of wildcards it knows `*` and whole leading labels, as in `*.example.com`."""
    return name == "*" or "*" not in name.removeprefix("*.")


def filter_chain(
    filters: Iterable[Message],
    *,
    match: ChainMatch | None = None,
    name: str = "",
    transport_socket: Message | None = None,
    handshake_timeout: int = 0,
    metadata: Message | None = None,
) -> Message:
    """A FilterChain. `handshake_timeout` in seconds, 0 for none."""
    chain = listener_components_pb2.FilterChain(
        name=name, filters=filters, transport_socket=transport_socket, metadata=metadata
    )
    if match is not None and not match.matches_all:
        chain.filter_chain_match.CopyFrom(match.message())
    if handshake_timeout:
        chain.transport_socket_connect_timeout.seconds = handshake_timeout
    return chain
