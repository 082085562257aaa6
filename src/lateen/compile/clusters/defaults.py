# SPDX-License-Identifier: Apache-2.0
"""What the mesh says about all clusters."""

from __future__ import annotations

import msgspec

from lateen.compile.mesh import mesh
from lateen.incremental.engine import Engine, query
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.duration import MILLISECOND, SECOND, Duration
from lateen.model.networking.connection_pool import H2UpgradePolicy, TcpKeepalive
from lateen.model.networking.load_balancer import LocalityLoadBalancerSetting

CONNECT_TIMEOUT = Duration(10 * SECOND)
DNS_REFRESH = Duration(60 * SECOND)


class ClusterDefaults(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """The settings of MeshConfig that clusters depend on."""

    connect_timeout: Duration = CONNECT_TIMEOUT
    tcp_keepalive: TcpKeepalive | None = None
    dns_refresh: Duration = DNS_REFRESH
    upgrade_http: bool = False
    """HTTP/1.1 is sent as HTTP/2."""
    auto_mtls: bool = True
    preserve_header_case: bool = False
    locality: LocalityLoadBalancerSetting | None = None
    ciphers: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()
    """Of TLS that is not the mesh's own."""
    trust_domain_aliases: tuple[str, ...] = ()


@query
def cluster_defaults(db: Engine) -> ClusterDefaults:
    """The mesh's settings of clusters."""
    said = mesh(db)
    headers = said.default_config.proxy_headers
    tls = said.tls_defaults
    return ClusterDefaults(
        connect_timeout=said.connect_timeout or CONNECT_TIMEOUT,
        tcp_keepalive=said.tcp_keepalive,
        dns_refresh=_dns_refresh(db, said.dns_refresh_rate),
        upgrade_http=said.h2_upgrade_policy is H2UpgradePolicy.UPGRADE,
        auto_mtls=said.enable_auto_mtls is not False,
        preserve_header_case=bool(headers is not None and headers.preserve_http1_header_case),
        locality=said.locality_lb_setting,
        ciphers=tls.cipher_suites if tls is not None else (),
        curves=tls.ecdh_curves if tls is not None else (),
        trust_domain_aliases=said.trust_domain_aliases,
    )


def _dns_refresh(db: Engine, said: Duration | None) -> Duration:
    if not said:
        return DNS_REFRESH
    if said <= MILLISECOND:
        db.report(
            Diagnostic(
                severity=Severity.ERROR,
                code="envoy-refuses",
                message="names cannot be looked up every millisecond; dnsRefreshRate of MeshConfig is left out",
                hint="use more than 1ms, such as 60s",
            )
        )
        return DNS_REFRESH
    return said
