# SPDX-License-Identifier: Apache-2.0
"""The TCP and TLS routes of a VirtualService."""

from typing import Annotated

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.networking.destination import RouteDestination
from lateen.model.schema import REQUIRED, UInt32


class L4MatchAttributes(Message, frozen=True, kw_only=True):
    """Conditions on a connection; all of those given must hold."""

    destination_subnets: tuple[str, ...] = ()
    """Addresses or CIDR ranges of which the destination must be in one."""
    port: UInt32 = 0
    """Port of the host that the client called; may be left out where the service has only one."""
    source_subnet: str = ""
    """Accepted and without effect, as in Istio."""
    source_labels: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    """Labels of the calling workload."""
    gateways: tuple[str, ...] = ()
    """Gateways on which this match applies, in place of those of the VirtualService."""
    source_namespace: str = ""
    """Namespace of the calling workload."""


class TLSMatchAttributes(Message, frozen=True, kw_only=True):
    """Conditions on a TLS connection that is not terminated; all of those given must hold."""

    sni_hosts: Annotated[tuple[str, ...], REQUIRED] = ()
    """Server names of which the client must ask for one; wildcards such as *.example.com. Each must be covered by a
    host of the VirtualService."""
    destination_subnets: tuple[str, ...] = ()
    """Addresses or CIDR ranges of which the destination must be in one."""
    port: UInt32 = 0
    """Port of the host that the client called; may be left out where the service has only one."""
    source_labels: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    """Labels of the calling workload."""
    gateways: tuple[str, ...] = ()
    """Gateways on which this match applies, in place of those of the VirtualService."""
    source_namespace: str = ""
    """Namespace of the calling workload."""


class TCPRoute(Message, frozen=True, kw_only=True):
    """A route of TCP connections."""

    match: tuple[L4MatchAttributes, ...] = ()
    """Conditions of which one must hold; every connection when empty."""
    route: tuple[RouteDestination, ...] = ()
    """Destinations by weight."""


class TLSRoute(Message, frozen=True, kw_only=True):
    """A route of TLS connections that are passed on unopened, by server name."""

    match: Annotated[tuple[TLSMatchAttributes, ...], REQUIRED] = ()
    """Conditions of which one must hold."""
    route: tuple[RouteDestination, ...] = ()
    """Destinations by weight."""
