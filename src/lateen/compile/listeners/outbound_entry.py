# SPDX-License-Identifier: Apache-2.0
"""What an outbound listener is made of, before its rules are looked at."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from lateen.compile.services.service import ServiceKey
from lateen.model.ref import Ref


class HttpPart(msgspec.Struct, frozen=True, cache_hash=True):
    """Requests, by a route table."""

    routes: str
    """Name of the table."""
    sniffed: bool
    """Whether the chain takes only what turns out to be plain HTTP."""
    grpc_web: bool = False
    """Whether gRPC-Web is translated to gRPC."""


class TcpPart(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Connections to one service."""

    service: ServiceKey
    source: Ref
    """The object that declares it."""
    egress_listener: int
    """Index of the Sidecar's egress listener that imports the service and its rules."""
    port: int
    """Port of the listener; 0 on a Unix socket."""
    cluster_port: int
    """Port of the service's cluster where no rule names another."""
    tls: bool
    """Whether the application speaks TLS, so that tls routes apply and not tcp routes."""
    by_name: bool = False
    """Whether the service is told from others by its server name, for its address does not."""
    cidrs: tuple[str, ...] = ()
    """Destination blocks by which it is told from others."""
    mongo: bool = False


Part: TypeAlias = HttpPart | TcpPart


class OutboundEntry(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """One outbound listener. The chains of `parts` join it in order, without what an earlier one matches already."""

    binds: tuple[str, ...]
    """The first gives the listener its name."""
    port: int
    bind_to_port: bool
    parts: tuple[Part, ...]
