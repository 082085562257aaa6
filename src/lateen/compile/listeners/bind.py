# SPDX-License-Identifier: Apache-2.0
"""Which addresses a proxy's listeners are on, by the IP families that it has."""

from __future__ import annotations

import msgspec

from lateen.compile.clusters.client import Families, client_of
from lateen.compile.workload import Interception, Scope
from lateen.envoy.address import UNSPECIFIED_V4, UNSPECIFIED_V6

LOOPBACK_V4 = "127.0.0.1"
LOOPBACK_V6 = "::1"

STATUS_PORT = 15021
"""Where the proxy's bootstrap answers health checks."""
METRICS_PORT = 15090
"""Where the proxy's bootstrap serves metrics."""


def wildcards(families: Families) -> tuple[str, ...]:
    """The addresses that mean any address; the first gives listeners their names."""
    return _choose(families, UNSPECIFIED_V4, UNSPECIFIED_V6)


def loopbacks(families: Families) -> tuple[str, ...]:
    """The addresses that only the workload itself reaches."""
    return _choose(families, LOOPBACK_V4, LOOPBACK_V6)


def supports(families: Families, address: str) -> bool:
    """Whether an address or CIDR block is of one of these families."""
    return families is Families.DUAL or (families is Families.V6) == (":" in address)


def _choose(families: Families, ipv4: str, ipv6: str) -> tuple[str, ...]:
    if families is Families.DUAL:
        return (ipv4, ipv6)
    return (ipv6,) if families is Families.V6 else (ipv4,)


class Capture(msgspec.Struct, frozen=True, cache_hash=True):
    """How connections come to a sidecar."""

    families: Families = Families.V4
    interception: Interception = Interception.REDIRECT
    dns: bool = False
    """Whether clients resolve the hosts of ServiceEntries to the addresses that are allocated for them."""

    @property
    def redirected(self) -> bool:
        """Whether the kernel hands connections to the proxy, whatever address they are for."""
        return self.interception is not Interception.NONE


def capture_of(scope: Scope) -> Capture:
    """How connections come to the sidecars of a scope."""
    return Capture(client_of(scope).families, scope.interception, scope.dns_capture)
