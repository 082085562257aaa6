# SPDX-License-Identifier: Apache-2.0
"""What is known of a connection between its acceptance and the choice of its filter chain."""

from __future__ import annotations

from msgspec import Struct

from lateen.explain.address import Address, parse_ip
from lateen.explain.decision import Detected


class Connection(Struct, frozen=True, kw_only=True):
    """The socket's state, which listener filters change.

    `local` is the address that the connection was accepted at until a filter restores the original destination
    (`restored`); `source` is likewise the client's address until a PROXY header names another.
    """

    local: Address
    source: Address
    direct_source: Address
    restored: bool = False
    transport_protocol: str = ""
    application_protocols: tuple[str, ...] = ()
    server_name: str = ""

    @property
    def from_same_host(self) -> bool:
        """Whether the client is on loopback or has the very address that it connected to."""
        ip = parse_ip(self.source.ip)
        return ip is not None and (ip.is_loopback or ip == parse_ip(self.local.ip))

    def detected(self) -> Detected:
        """The state as part of an answer."""
        return Detected(
            destination=str(self.local),
            source=str(self.source),
            direct_source=str(self.direct_source),
            transport_protocol=self.transport_protocol,
            application_protocols=self.application_protocols,
            server_name=self.server_name,
        )
