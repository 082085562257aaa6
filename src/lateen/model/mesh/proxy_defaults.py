# SPDX-License-Identifier: Apache-2.0
"""Settings of proxies (mesh.v1alpha1 ProxyConfig): `defaultConfig` and the annotation proxy.istio.io/config."""

import enum
from typing import ClassVar

import msgspec

from lateen.model.duration import SECOND, Duration
from lateen.model.mesh.proxy_tracing import ProxyTracing
from lateen.model.message import FrozenMap, Message
from lateen.model.networking.client_tls import ClientTLSSettings
from lateen.model.networking.connection_pool import TcpKeepalive
from lateen.model.networking.proxy_config import ProxyImage
from lateen.model.networking.workload_group import ReadinessProbe
from lateen.model.schema import Int32, Int64, UInt32


class AuthenticationPolicy(enum.Enum):
    """How the control plane is reached."""

    NONE = "NONE"
    MUTUAL_TLS = "MUTUAL_TLS"
    INHERIT = "INHERIT"


class InboundInterceptionMode(enum.Enum):
    """How incoming traffic gets to the proxy."""

    REDIRECT = "REDIRECT"
    """By NAT; the source address is lost."""
    TPROXY = "TPROXY"
    """By transparent proxying."""
    NONE = "NONE"
    """Not at all."""


class ForwardClientCertDetails(enum.Enum):
    """What a gateway does with the header X-Forwarded-Client-Cert."""

    UNDEFINED = "UNDEFINED"
    """SANITIZE_SET."""
    SANITIZE = "SANITIZE"
    """Drop it."""
    FORWARD_ONLY = "FORWARD_ONLY"
    """Pass it on, where the connection is mutual TLS."""
    APPEND_FORWARD = "APPEND_FORWARD"
    """Add to it, where the connection is mutual TLS."""
    SANITIZE_SET = "SANITIZE_SET"
    """Set it anew."""
    ALWAYS_FORWARD_ONLY = "ALWAYS_FORWARD_ONLY"
    """Pass it on in any case."""


class ProxyProtocolConfiguration(Message, frozen=True, kw_only=True):
    """Clients send the PROXY protocol."""


class Topology(Message, frozen=True, kw_only=True):
    """What stands in front of a gateway."""

    num_trusted_proxies: UInt32 = 0
    """Trusted proxies in front; so many entries of X-Forwarded-For are believed."""
    forward_client_cert_details: ForwardClientCertDetails = ForwardClientCertDetails.UNDEFINED
    """What becomes of X-Forwarded-Client-Cert."""
    proxy_protocol: ProxyProtocolConfiguration | None = None
    """Set when clients send the PROXY protocol."""


class RemoteService(Message, frozen=True, kw_only=True):
    """A service outside of the proxy."""

    address: str = ""
    """host:port"""
    tls_settings: ClientTLSSettings | None = None
    """TLS towards it."""
    tcp_keepalive: TcpKeepalive | None = None
    """Keepalive probes to it."""


class ProxyStatsMatcher(Message, frozen=True, kw_only=True):
    """Further statistics to keep."""

    inclusion_prefixes: tuple[str, ...] = ()
    """Beginnings of their names."""
    inclusion_suffixes: tuple[str, ...] = ()
    """Ends of their names."""
    inclusion_regexps: tuple[str, ...] = ()
    """RE2 expressions for their names."""


class CryptoMb(Message, frozen=True, kw_only=True):
    """Private key operations in batches."""

    poll_delay: Duration | None = None
    """Time to wait for a batch to fill."""
    fallback: bool | None = None
    """Whether it is left out where the processor cannot do it."""


class QAT(Message, frozen=True, kw_only=True):
    """Private key operations on an accelerator."""

    poll_delay: Duration | None = None
    """Time between looks for results."""
    fallback: bool | None = None
    """Whether it is left out where there is no accelerator."""


class PrivateKeyProvider(Message, frozen=True, kw_only=True):
    """Who does private key operations."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("cryptomb", "qat"),)

    cryptomb: CryptoMb | None = None
    """The processor, in batches."""
    qat: QAT | None = None
    """An accelerator."""


class HeaderSetting(Message, frozen=True, kw_only=True):
    """A header that proxies add."""

    disabled: bool | None = None
    """Whether it is left out."""


class OptionalHeader(Message, frozen=True, kw_only=True):
    """A header that proxies add only where asked for."""

    enabled: bool | None = None
    """Whether it is added."""


class ServerHeader(Message, frozen=True, kw_only=True):
    """The response header `server`."""

    disabled: bool | None = None
    """Whether it is passed on as the workload set it."""
    value: str = ""
    """Its value; istio-envoy when empty."""


class MetadataExchangeMode(enum.Enum):
    """When metadata headers are exchanged."""

    UNDEFINED = "UNDEFINED"
    """Always."""
    IN_MESH = "IN_MESH"
    """Inside of the mesh only."""


class MetadataExchangeHeaders(Message, frozen=True, kw_only=True):
    """The headers x-envoy-peer-metadata."""

    mode: MetadataExchangeMode = MetadataExchangeMode.UNDEFINED
    """When they are sent."""


class SetCurrentClientCertDetails(Message, frozen=True, kw_only=True):
    """What X-Forwarded-Client-Cert says of the client."""

    subject: bool | None = None
    """The subject; yes when left out."""
    cert: bool | None = None
    """The certificate; no when left out."""
    chain: bool | None = None
    """The chain; no when left out."""
    dns: bool | None = None
    """The DNS names; yes when left out."""
    uri: bool | None = None
    """The URI; yes when left out."""


class ProxyHeaders(Message, frozen=True, kw_only=True):
    """The headers that proxies add."""

    forwarded_client_cert: ForwardClientCertDetails = ForwardClientCertDetails.UNDEFINED
    """X-Forwarded-Client-Cert, at sidecars: APPEND_FORWARD when UNDEFINED."""
    set_current_client_cert_details: SetCurrentClientCertDetails | None = None
    """What it says."""
    request_id: HeaderSetting | None = None
    """X-Request-Id"""
    server: ServerHeader | None = None
    """server"""
    attempt_count: HeaderSetting | None = None
    """X-Envoy-Attempt-Count"""
    envoy_debug_headers: HeaderSetting | None = None
    """The other X-Envoy-… headers"""
    metadata_exchange_headers: MetadataExchangeHeaders | None = None
    """X-Envoy-Peer-Metadata and its id"""
    preserve_http1_header_case: bool | None = None
    """Whether the case of HTTP/1.1 headers is kept."""
    x_forwarded_host: OptionalHeader | None = None
    """X-Forwarded-Host, when the host is rewritten"""
    x_forwarded_port: OptionalHeader | None = None
    """X-Forwarded-Port"""


class ConnectionProfile(enum.Enum):
    """Where a proxy stands, for its default limits."""

    UNSPECIFIED = "UNSPECIFIED"
    """Envoy's defaults."""
    EDGE = "EDGE"
    """At the edge, with untrusted clients."""
    INTERNAL = "INTERNAL"
    """Inside of the mesh."""


class ConnectionSettings(Message, frozen=True, kw_only=True):
    """Limits of the connections that a proxy accepts."""

    profile: ConnectionProfile = ConnectionProfile.UNSPECIFIED
    """Where the proxy stands."""
    listener_per_connection_buffer_limit_bytes: Int64 | None = None
    """Bytes buffered for a connection, at least 1."""
    http_idle_timeout: Duration | None = None
    """Time without requests after which a connection is closed."""
    http_max_concurrent_streams: Int64 | None = None
    """Most streams on one HTTP/2 connection, at least 1."""
    http2_initial_stream_window_size: Int64 | None = None
    """Bytes in flight on a stream, 65535 to 2^31-1."""
    http2_initial_connection_window_size: Int64 | None = None
    """Bytes in flight on a connection, 65535 to 2^31-1."""


class ProxyDefaults(Message, frozen=True, kw_only=True):
    """Settings of proxies. `ProxyDefaults()` is Istio's default."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("service_cluster", "tracing_service_name"),)

    config_path: str = "./etc/istio/proxy"
    """Folder of the bootstrap."""
    binary_path: str = "/usr/local/bin/envoy"
    """The proxy's program."""
    service_cluster: str | None = "istio-proxy"
    """Service name of the node."""
    tracing_service_name: str | None = None
    """How spans name the service."""
    drain_duration: Duration | None = Duration(45 * SECOND)
    """Time for connections to end when a listener changes."""
    discovery_address: str = "istiod.istio-system.svc:15012"
    """Address of the control plane."""
    zipkin_address: str = ""
    """Address of a Zipkin collector. Replaced by `tracing`."""
    statsd_udp_address: str = ""
    """Address of a statsd server; none when empty."""
    proxy_admin_port: Int32 = 15000
    """Port of the proxy's administration."""
    control_plane_auth_policy: AuthenticationPolicy = AuthenticationPolicy.MUTUAL_TLS
    """How the control plane is reached."""
    custom_config_file: str = ""
    """A bootstrap of one's own."""
    stat_name_length: Int32 = 189
    """Longest name in statistics."""
    concurrency: Int32 | None = None
    """Worker threads; by the CPU limit when left out, one per core when 0."""
    proxy_bootstrap_template_path: str = ""
    """A bootstrap template of one's own."""
    interception_mode: InboundInterceptionMode = InboundInterceptionMode.REDIRECT
    """How incoming traffic gets here."""
    tracing: ProxyTracing | None = None
    """Where spans go."""
    envoy_access_log_service: RemoteService | None = None
    """Where access logs go by gRPC."""
    envoy_metrics_service: RemoteService | None = None
    """Where statistics go by gRPC."""
    proxy_metadata: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    """Environment of the proxy; some variables switch features."""
    runtime_values: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    """Envoy's runtime settings."""
    status_port: Int32 = 15020
    """Port of the agent's health check."""
    extra_stat_tags: tuple[str, ...] = ()
    """Further tags of metrics."""
    termination_drain_duration: Duration | None = Duration(5 * SECOND)
    """Time for connections to end when the proxy stops."""
    mesh_id: str = ""
    """Name of the mesh among several."""
    readiness_probe: ReadinessProbe | None = None
    """How the agent finds out whether the workload is ready."""
    proxy_stats_matcher: ProxyStatsMatcher | None = None
    """Further statistics to keep."""
    hold_application_until_proxy_starts: bool | None = None
    """Whether the application starts after the proxy."""
    ca_certificates_pem: tuple[str, ...] = ()
    """Additional authorities."""
    image: ProxyImage | None = None
    """Which build runs."""
    private_key_provider: PrivateKeyProvider | None = None
    """Who does private key operations."""
    proxy_headers: ProxyHeaders | None = None
    """The headers that proxies add."""
    gateway_topology: Topology | None = None
    """What stands in front of a gateway."""
    file_flush_interval: Duration | None = None
    """Time after which access logs are written; 10s when left out."""
    file_flush_min_size_kb: UInt32 | None = None
    """Size, in KiB, from which access logs are written; 64 when left out."""
    connection_settings: ConnectionSettings | None = None
    """Limits of the connections that proxies accept."""
    stats_compression: bool | None = None
    """Whether statistics are served compressed; yes when left out."""
