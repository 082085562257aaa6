# SPDX-License-Identifier: Apache-2.0
"""Checks of the policies of a host, a subset or a port."""

from lateen.model.networking.traffic_policy import PortTrafficPolicy, TrafficPolicy, TunnelSettings
from lateen.parse.validation import client_tls, connection_pool, load_balancer, names, outlier_detection
from lateen.parse.validation.findings import Findings


def check(findings: Findings, field: str, policy: TrafficPolicy | None, namespace: str = "") -> None:
    """A traffic policy of a rule in a namespace."""
    if policy is None:
        return
    if policy == TrafficPolicy():
        findings.error(field, "traffic policy must have at least one field", "remove it, or fill it in")
        return
    if policy.tunnel is not None and policy.proxy_protocol is not None:
        findings.error(field, "tunnel and proxyProtocol must not be set together", "keep one of them")
        return
    _check_common(findings, field, policy, namespace)
    for index, settings in enumerate(policy.port_level_settings):
        _check_port(findings, f"{field}.portLevelSettings[{index}]", settings, namespace)
    if policy.tunnel is not None:
        _check_tunnel(findings, f"{field}.tunnel", policy.tunnel)
    if policy.retry_budget is not None:
        percent = policy.retry_budget.percent
        if percent is not None and not 0 <= percent <= 100:
            findings.error(f"{field}.retryBudget.percent", f"percentage {percent:g} is not in range 0..100")


def _check_common(findings: Findings, field: str, policy: TrafficPolicy | PortTrafficPolicy, namespace: str) -> None:
    outlier_detection.check(findings, f"{field}.outlierDetection", policy.outlier_detection)
    connection_pool.check(findings, f"{field}.connectionPool", policy.connection_pool)
    load_balancer.check(findings, f"{field}.loadBalancer", policy.load_balancer, policy.outlier_detection)
    client_tls.check(findings, f"{field}.tls", policy.tls, namespace)


def _check_port(findings: Findings, field: str, settings: PortTrafficPolicy, namespace: str) -> None:
    if settings.port is None:
        findings.error(field, "portTrafficPolicy must have valid port", "add port.number")
    if settings == PortTrafficPolicy(port=settings.port):
        findings.error(field, "port traffic policy must have at least one field", "remove it, or fill it in")
    else:
        _check_common(findings, field, settings, namespace)


def _check_tunnel(findings: Findings, field: str, tunnel: TunnelSettings) -> None:
    if tunnel.protocol not in ("", "CONNECT", "POST"):
        findings.error(f"{field}.protocol", 'tunnel protocol must be "CONNECT" or "POST"')
    no_name = names.fqdn(tunnel.target_host)
    if no_name is not None and not names.is_ip(tunnel.target_host):
        findings.error(
            f"{field}.targetHost",
            f"tunnel target host must be valid FQDN or IP address: {no_name}; {names.ip(tunnel.target_host)}",
            "write the name without wildcard, scheme and port",
        )
    wrong = names.port(tunnel.target_port)
    if wrong is not None:
        findings.error(f"{field}.targetPort", f"tunnel target port is invalid: {wrong}")
