# SPDX-License-Identifier: Apache-2.0
"""What Istio checks of the mesh configuration."""

from collections import Counter
from typing import Final

from lateen.model.duration import HOUR, MILLISECOND, Duration
from lateen.model.mesh_config import DefaultTrafficPolicy, MeshConfig, TLSConfig
from lateen.model.networking.http_policy import HTTPRetry
from lateen.model.networking.outlier_detection import OutlierDetection
from lateen.parse.validation import (
    connection_pool,
    durations,
    extension_provider,
    http_policy,
    locality,
    names,
    outlier_detection,
    proxy_defaults,
)
from lateen.parse.validation.findings import Findings

_CURVES: Final = frozenset(
    {"", "P-224", "P-256", "P-384", "P-521", "X25519", "X25519Kyber768Draft00", "X25519MLKEM768"}
)


def check(findings: Findings, mesh: MeshConfig) -> None:
    """The mesh configuration."""
    wrong = names.port(mesh.proxy_listen_port)
    if wrong is not None:
        findings.error("proxyListenPort", f"invalid proxy listen port: {wrong}")
    wrong = connect_timeout(mesh.connect_timeout)
    if wrong is not None:
        findings.error("connectTimeout", f"invalid connect timeout: {wrong}")
    wrong = detection_timeout(mesh.protocol_detection_timeout)
    if wrong is not None:
        findings.error("protocolDetectionTimeout", f"invalid protocol detection timeout: {wrong}")
    proxy_defaults.check(findings, "defaultConfig", mesh.default_config)
    locality.check(findings, "localityLbSetting", mesh.locality_lb_setting, OutlierDetection())
    for index, settings in enumerate(mesh.service_settings):
        check_hosts(findings, f"serviceSettings[{index}].hosts", settings.hosts)
    findings.expect("trustDomain", trust_domain(mesh.trust_domain))
    for index, alias in enumerate(mesh.trust_domain_aliases):
        findings.expect(f"trustDomainAliases[{index}]", trust_domain(alias))
    extension_provider.check_all(findings, "extensionProviders", mesh.extension_providers)
    if mesh.mesh_mtls is not None and mesh.mesh_mtls.ecdh_curves:
        message = "mesh TLS does not support ECDH curves configuration"
        findings.error("meshMTLS.ecdhCurves", message, "remove it")
    _check_curves(findings, "tlsDefaults.ecdhCurves", mesh.tls_defaults)
    check_default_policy(findings, "defaultTrafficPolicy", mesh.default_traffic_policy)
    check_inbound_retries(findings, "defaultInboundHttpRetryPolicy", mesh.default_inbound_http_retry_policy)


def connect_timeout(timeout: Duration | None) -> str | None:
    """From a millisecond to an hour."""
    wrong = durations.positive(timeout if timeout is not None else Duration(0))
    if wrong is not None or timeout is None:
        return wrong
    return None if timeout <= HOUR else "time must be >1ms and <1h0m0s"


def detection_timeout(timeout: Duration | None) -> str | None:
    """Whole milliseconds; 0 turns it off."""
    return "only durations to ms precision are supported" if (timeout or 0) % MILLISECOND else None


def check_hosts(findings: Findings, field: str, hosts: tuple[str, ...]) -> None:
    """Hosts of service settings."""
    for index, host in enumerate(hosts):
        findings.expect(f"{field}[{index}]", names.wildcard_domain(host))


def trust_domain(domain: str) -> str | None:
    """A trust domain: labels with dots between."""
    if not domain:
        return "empty domain name not allowed"
    labels = domain.split(".")
    if labels[-1] == "" and len(labels) > 1:
        labels.pop()
    return None if all(names.is_label(label) for label in labels) else f'trust domain name "{domain}" invalid'


def _check_curves(findings: Findings, field: str, tls: TLSConfig | None) -> None:
    curves = tls.ecdh_curves if tls is not None else ()
    unknown = sorted({curve for curve in curves if curve not in _CURVES})
    repeated = sorted(curve for curve, count in Counter(curves).items() if curve in _CURVES and count > 1)
    if unknown:
        findings.warn(field, f"detected unrecognized ECDH curves: [{' '.join(unknown)}]", "check their names")
    if repeated:
        findings.warn(field, f"detected duplicate ECDH curves: [{' '.join(repeated)}]", "keep one of each")


def check_default_policy(findings: Findings, field: str, policy: DefaultTrafficPolicy | None) -> None:
    """Policies of services that no DestinationRule says."""
    if policy is not None:
        connection_pool.check(findings, f"{field}.connectionPool", policy.connection_pool)
        outlier_detection.check(findings, f"{field}.outlierDetection", policy.outlier_detection)


def check_inbound_retries(findings: Findings, field: str, retries: HTTPRetry | None) -> None:
    """Retries between a proxy and its workload."""
    http_policy.check_retries(findings, field, retries)
    if retries is None:
        return
    if retries.attempts == 0 and (retries.backoff is not None or retries.retry_ignore_previous_hosts is not None):
        message = "http retry policy configured when attempts are set to 0 (disabled)"
        findings.error(field, message, "set attempts, or remove the other fields")
    for name, value in (
        ("perTryTimeout", retries.per_try_timeout),
        ("retryRemoteLocalities", retries.retry_remote_localities),
        ("retryIgnorePreviousHosts", retries.retry_ignore_previous_hosts),
    ):
        if value is not None:
            findings.warn(f"{field}.{name}", f"{name} is ignored for inbound retries", "remove it")
