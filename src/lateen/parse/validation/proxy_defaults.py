# SPDX-License-Identifier: Apache-2.0
"""What Istio checks of the settings of proxies in the mesh configuration."""

from typing import Final

from lateen.model.mesh.proxy_defaults import AuthenticationPolicy, ConnectionSettings, PrivateKeyProvider, ProxyDefaults
from lateen.model.mesh.proxy_tracing import ProxyTracing
from lateen.parse.validation import client_tls, durations, names
from lateen.parse.validation.findings import Findings, quoted

_HOST_IP: Final = "$(HOST_IP)"
_SMALLEST_WINDOW: Final = 65535
_LARGEST_WINDOW: Final = 2**31 - 1


def check(findings: Findings, field: str, config: ProxyDefaults) -> None:
    """Settings of proxies."""
    if not config.config_path:
        findings.error(f"{field}.configPath", "config path must be set")
    if not config.binary_path:
        findings.error(f"{field}.binaryPath", "binary path must be set")
    if config.service_cluster is None and config.tracing_service_name is None:
        findings.error(field, "oneof service cluster or tracing service name must be specified", "add serviceCluster")
    elif config.service_cluster == "":
        findings.error(f"{field}.serviceCluster", "service cluster must be specified")
    findings.expect(f"{field}.drainDuration", durations.drain(config.drain_duration))
    if not config.discovery_address:
        message = "discovery address must be set to the proxy discovery service"
        findings.error(f"{field}.discoveryAddress", message)
    else:
        _expect_address(findings, f"{field}.discoveryAddress", "invalid discovery address", config.discovery_address)
    if config.tracing is not None:
        _check_tracing(findings, f"{field}.tracing", config.tracing)
    if config.statsd_udp_address:
        what = f"invalid statsd udp address {quoted(config.statsd_udp_address)}"
        _expect_address(findings, f"{field}.statsdUdpAddress", what, config.statsd_udp_address)
    for name, words, service in (
        ("envoyMetricsService", "envoy metrics service", config.envoy_metrics_service),
        ("envoyAccessLogService", "envoy access log service", config.envoy_access_log_service),
    ):
        if service is not None and service.address:
            what = f"invalid {words} address {quoted(service.address)}"
            _expect_address(findings, f"{field}.{name}.address", what, service.address)
    _expect_port(findings, f"{field}.proxyAdminPort", "invalid proxy admin port", config.proxy_admin_port)
    findings.expect(f"{field}.controlPlaneAuthPolicy", auth_policy(config.control_plane_auth_policy))
    _expect_port(findings, f"{field}.statusPort", "invalid status port", config.status_port)
    _check_key_provider(findings, f"{field}.privateKeyProvider", config.private_key_provider)
    check_connections(findings, f"{field}.connectionSettings", config.connection_settings)


def auth_policy(policy: AuthenticationPolicy) -> str | None:
    """How the control plane is reached."""
    if policy is AuthenticationPolicy.INHERIT:
        return f"unrecognized control plane auth policy {quoted(policy.value)}"
    return None


def address(text: str) -> str | None:
    """host:port, the host a name or an IP address."""
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not (host.startswith("[") and host.endswith("]"))):
        return f"unable to split {quoted(text)}: missing port in address"
    host = host.removeprefix("[").removesuffix("]")
    if not (port.isascii() and port.isdigit() and len(port) < 10):
        return f"port ({port}) is not a number"
    wrong = names.port(int(port))
    if wrong is not None:
        return wrong
    return (
        None
        if names.fqdn(host) is None or names.is_ip(host)
        else f"{quoted(host)} is not a valid hostname or an IP address"
    )


def _expect_address(findings: Findings, field: str, what: str, text: str) -> None:
    wrong = address(text)
    if wrong is not None:
        findings.error(field, f"{what}: {wrong}", "write host:port")


def _expect_port(findings: Findings, field: str, what: str, port: int) -> None:
    wrong = names.port(port)
    if wrong is not None:
        findings.error(field, f"{what}: {wrong}")


def _check_tracing(findings: Findings, field: str, tracing: ProxyTracing) -> None:
    if tracing.lightstep is not None:
        what = "invalid lightstep config: invalid lightstep address"
        _expect_address(findings, f"{field}.lightstep.address", what, tracing.lightstep.address)
        if not tracing.lightstep.access_token:
            message = "invalid lightstep config: access token is required"
            findings.error(f"{field}.lightstep.accessToken", message, "add accessToken")
    for name, collector in (("zipkin", tracing.zipkin), ("datadog", tracing.datadog)):
        if collector is not None:
            text = collector.address.replace(_HOST_IP, "127.0.0.1", 1)
            _expect_address(findings, f"{field}.{name}.address", f"invalid {name} config", text)
    client_tls.check(findings, f"{field}.tlsSettings", tracing.tls_settings)


def _check_key_provider(findings: Findings, field: str, provider: PrivateKeyProvider | None) -> None:
    if provider is None:
        return
    what = "invalid private key provider configuration"
    if provider.cryptomb is None and provider.qat is None:
        findings.error(field, f"{what}: private key provider configuration is required", "add cryptomb or qat")
    for name, settings in (("cryptomb", provider.cryptomb), ("qat", provider.qat)):
        if settings is not None and settings.poll_delay is None:
            findings.error(f"{field}.{name}", f"{what}: pollDelay is required", "add pollDelay")
        elif settings is not None and settings.poll_delay == 0:
            findings.error(f"{field}.{name}.pollDelay", f"{what}: pollDelay must be non zero")


def check_connections(findings: Findings, field: str, settings: ConnectionSettings | None) -> None:
    """Limits of the connections that proxies accept."""
    if settings is None:
        return
    for name, value, low, high in (
        ("listenerPerConnectionBufferLimitBytes", settings.listener_per_connection_buffer_limit_bytes, 1, 2**32 - 1),
        ("httpMaxConcurrentStreams", settings.http_max_concurrent_streams, 1, _LARGEST_WINDOW),
        ("http2InitialStreamWindowSize", settings.http2_initial_stream_window_size, _SMALLEST_WINDOW, _LARGEST_WINDOW),
        (
            "http2InitialConnectionWindowSize",
            settings.http2_initial_connection_window_size,
            _SMALLEST_WINDOW,
            _LARGEST_WINDOW,
        ),
    ):
        if value is not None and not low <= value <= high:
            findings.error(f"{field}.{name}", f"{name} must be in the range {low}..{high}")
    if settings.http_idle_timeout:
        findings.expect(f"{field}.httpIdleTimeout", durations.positive(settings.http_idle_timeout))
