# SPDX-License-Identifier: Apache-2.0
"""Which HTTP a cluster speaks to the upstream."""

from __future__ import annotations

from lateen.compile.clusters.defaults import ClusterDefaults
from lateen.compile.services.service import Protocol
from lateen.compile.workload import Role
from lateen.envoy.upstream_http import UpstreamProtocol
from lateen.model.networking.connection_pool import ConnectionPoolSettings, H2UpgradePolicy


def declared_protocol(protocol: Protocol, role: Role) -> UpstreamProtocol:
    """By the port alone. Sidecars detect the protocol of undeclared ports and send on what they found; gateways do not,
    for clients may have been offered HTTP/2 by the gateway while the upstream only knows HTTP/1.1."""
    if protocol.is_http2:
        return UpstreamProtocol.HTTP2
    if protocol.is_sniffed and role is Role.SIDECAR:
        return UpstreamProtocol.DOWNSTREAM
    return UpstreamProtocol.HTTP1


def preserves_case(protocol: Protocol, defaults: ClusterDefaults) -> bool:
    """Whether HTTP/1.1 header names keep their case towards a port."""
    return defaults.preserve_header_case and not protocol.is_http2 and (protocol.is_http or protocol.is_sniffed)


def upstream_protocol(
    protocol: Protocol, role: Role, pool: ConnectionPoolSettings | None, defaults: ClusterDefaults
) -> UpstreamProtocol:
    """By the port, the connection pool and the mesh. `useClientProtocol` beats every upgrade; an upgrade by the rule
    reaches any port, the mesh's only ports declared as HTTP; header names that keep their case rule both out."""
    declared = declared_protocol(protocol, role)
    http = pool.http if pool is not None else None
    if http is not None and http.use_client_protocol:
        return UpstreamProtocol.DOWNSTREAM
    if declared is not UpstreamProtocol.HTTP1 or preserves_case(protocol, defaults):
        return declared
    said = http.h2_upgrade_policy if http is not None else H2UpgradePolicy.DEFAULT
    upgrade = said is H2UpgradePolicy.UPGRADE or (
        said is H2UpgradePolicy.DEFAULT and defaults.upgrade_http and protocol.is_http
    )
    return UpstreamProtocol.HTTP2 if upgrade else declared
