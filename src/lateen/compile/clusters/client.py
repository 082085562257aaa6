# SPDX-License-Identifier: Apache-2.0
"""`ClusterClient`: what of a proxy its clusters depend on, so that all others share them."""

from __future__ import annotations

import enum

import msgspec

from lateen.compile.workload import Role, Scope, Workload
from lateen.envoy.dns_cluster import LookupFamily


class Families(enum.Enum):
    """The address families that a proxy has."""

    V4 = "IPv4"
    V6 = "IPv6"
    DUAL = "both"

    @property
    def lookup(self) -> LookupFamily:
        """Which addresses of a name such a proxy can use. Pods with only IPv6 reach IPv4 by a link-local address."""
        return LookupFamily.V4_ONLY if self is Families.V4 else LookupFamily.ALL


class ClusterClient(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """The part of a proxy on which the clusters of services depend."""

    role: Role = Role.SIDECAR
    families: Families = Families.V4


def families_of(ips: tuple[str, ...]) -> Families:
    """The families of a proxy's addresses; IPv4 where there are none."""
    return _families(any(":" not in ip for ip in ips), any(":" in ip for ip in ips))


def client_of(scope: Scope) -> ClusterClient:
    """What of a scope its clusters depend on."""
    return ClusterClient(role=scope.role, families=_families(scope.ipv4, scope.ipv6))


def families_of_workload(workload: Workload) -> Families:
    """The address families of a workload."""
    return families_of(workload.ips)


def _families(v4: bool, v6: bool) -> Families:
    if v6:
        return Families.DUAL if v4 else Families.V6
    return Families.V4
