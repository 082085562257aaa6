# SPDX-License-Identifier: Apache-2.0
"""Checks of the limits on connections."""

from lateen.model.duration import MILLISECOND
from lateen.model.networking.connection_pool import ConnectionPoolSettings, H2UpgradePolicy, HTTPSettings, TCPSettings
from lateen.parse.validation import durations
from lateen.parse.validation.findings import Findings

_HINT = "leave it out for the default"


def check(findings: Findings, field: str, pool: ConnectionPoolSettings | None) -> None:
    """Connection pool settings."""
    if pool is None:
        return
    if pool.http is None and pool.tcp is None:
        findings.error(field, "connection pool must have at least one field", "add tcp or http, or remove it")
    if pool.http is not None:
        _check_http(findings, f"{field}.http", pool.http)
    if pool.tcp is not None:
        _check_tcp(findings, f"{field}.tcp", pool.tcp)


def _check_http(findings: Findings, field: str, http: HTTPSettings) -> None:
    limits = (
        ("http1MaxPendingRequests", "http1 max pending requests", http.http1_max_pending_requests),
        ("http2MaxRequests", "http2 max requests", http.http2_max_requests),
        ("maxRequestsPerConnection", "max requests per connection", http.max_requests_per_connection),
        ("maxRetries", "max retries", http.max_retries),
        ("maxConcurrentStreams", "max concurrent streams", http.max_concurrent_streams),
    )
    for name, words, limit in limits:
        if limit < 0:
            findings.error(f"{field}.{name}", f"{words} must be non-negative", _HINT)
    findings.expect(f"{field}.idleTimeout", durations.positive(http.idle_timeout))
    if http.h2_upgrade_policy is H2UpgradePolicy.UPGRADE and http.use_client_protocol:
        message = "use client protocol must not be true when H2UpgradePolicy is UPGRADE"
        findings.error(f"{field}.useClientProtocol", message, "keep one of them")
    if http.http2_keep_alive is not None:
        if http.http2_keep_alive.interval is None:
            message = "http2 keepalive interval must be set"
            findings.error(f"{field}.http2KeepAlive.interval", message, "add interval")
        findings.expect(f"{field}.http2KeepAlive.interval", durations.positive(http.http2_keep_alive.interval))
        findings.expect(f"{field}.http2KeepAlive.timeout", durations.positive(http.http2_keep_alive.timeout))


def _check_tcp(findings: Findings, field: str, tcp: TCPSettings) -> None:
    if tcp.max_connections < 0:
        findings.error(f"{field}.maxConnections", "max connections must be non-negative", _HINT)
    findings.expect(f"{field}.connectTimeout", durations.positive(tcp.connect_timeout))
    findings.expect(f"{field}.maxConnectionDuration", durations.positive(tcp.max_connection_duration))
    if tcp.idle_timeout is not None and abs(tcp.idle_timeout) >= MILLISECOND:  # 0s turns it off
        findings.expect(f"{field}.idleTimeout", durations.positive(tcp.idle_timeout))
    if tcp.tcp_keepalive is not None:
        findings.expect(f"{field}.tcpKeepalive.time", durations.positive(tcp.tcp_keepalive.time))
        findings.expect(f"{field}.tcpKeepalive.interval", durations.positive(tcp.tcp_keepalive.interval))
