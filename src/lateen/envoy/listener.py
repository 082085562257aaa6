# SPDX-License-Identifier: Apache-2.0
"""Listeners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any as Message

from envoy.config.listener.v3 import listener_pb2

from lateen.envoy.address import socket_address
from lateen.envoy.duration import duration_message
from lateen.model.duration import Duration

INBOUND = "INBOUND"
OUTBOUND = "OUTBOUND"

VIRTUAL_OUTBOUND = "virtualOutbound"
"""The listener that gets all redirected outgoing connections."""
VIRTUAL_INBOUND = "virtualInbound"
"""The listener that gets all redirected incoming connections."""


def listener(
    name: str,
    binds: Sequence[str],
    port: int,
    *,
    direction: str,
    filter_chains: Iterable[Message],
    default_filter_chain: Message | None = None,
    listener_filters: Iterable[Message] = (),
    filters_timeout: Duration | int | None = None,
    continue_on_timeout: bool = False,
    bind_to_port: bool = True,
    use_original_destination: bool = False,
    transparent: bool = False,
    exact_balance: bool = False,
    access_log: Iterable[Message] = (),
) -> Message:
    """A Listener.

    `binds` are IP addresses (the further ones become additional addresses) or one `unix://` path. `filters_timeout` is
    how long listener filters may wait for bytes (0: for ever; None: Envoy's 15 seconds); after that the connection goes
    on when `continue_on_timeout`, and ends otherwise. Without `bind_to_port` no socket is opened: the listener gets the
    connections that another one with `use_original_destination` hands over, by their original address.
    """
    message = listener_pb2.Listener(
        name=name,
        address=socket_address(binds[0], port),
        traffic_direction=direction,
        filter_chains=filter_chains,
        default_filter_chain=default_filter_chain,
        listener_filters=listener_filters,
        continue_on_listener_filters_timeout=continue_on_timeout,
        access_log=access_log,
    )
    for bind in binds[1:]:
        message.additional_addresses.add(address=socket_address(bind, port))
    if filters_timeout is not None:
        message.listener_filters_timeout.CopyFrom(duration_message(filters_timeout))
    if bind_to_port:
        message.max_connections_to_accept_per_socket_event.value = 1
    else:
        message.bind_to_port.value = False
    if use_original_destination:
        message.use_original_dst.value = True
    if transparent:
        message.transparent.value = True
    if exact_balance:
        message.connection_balance_config.exact_balance.SetInParent()
    return message


def listener_name(bind: str, port: int) -> str:
    """Istio's name of a TCP listener on an address and port, or on a Unix socket (port 0): `0.0.0.0_80`."""
    return f"{bind}_{port}"
