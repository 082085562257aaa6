# SPDX-License-Identifier: Apache-2.0
"""MeshConfig: the settings of the whole mesh (istio.mesh.v1alpha1). Defaults are those of an installed Istio."""

import enum
from typing import ClassVar

import msgspec

from lateen.model.duration import SECOND, Duration
from lateen.model.mesh.extension_provider import DefaultProviders, ExtensionProvider
from lateen.model.mesh.proxy_defaults import ProxyDefaults
from lateen.model.message import Message
from lateen.model.networking.client_tls import ClientTLSSettings
from lateen.model.networking.connection_pool import ConnectionPoolSettings, H2UpgradePolicy, TcpKeepalive
from lateen.model.networking.http_policy import HTTPRetry
from lateen.model.networking.load_balancer import LocalityLoadBalancerSetting
from lateen.model.networking.outlier_detection import OutlierDetection
from lateen.model.networking.server_tls import TLSProtocol
from lateen.model.schema import Int32
from lateen.model.selector import KubeLabelSelector


class IngressControllerMode(enum.Enum):
    """Which Ingress objects are served."""

    UNSPECIFIED = "UNSPECIFIED"
    """As OFF."""
    OFF = "OFF"
    """None."""
    DEFAULT = "DEFAULT"
    """Those of `ingressClass` and those without a class."""
    STRICT = "STRICT"
    """Those of `ingressClass`."""


class AccessLogEncoding(enum.Enum):
    """The form of access logs."""

    TEXT = "TEXT"
    """Lines of text."""
    JSON = "JSON"
    """Lines of JSON."""


class MeshOutboundTrafficPolicyMode(enum.Enum):
    """What becomes of traffic to unknown destinations."""

    REGISTRY_ONLY = "REGISTRY_ONLY"
    """It is refused."""
    ALLOW_ANY = "ALLOW_ANY"
    """It is passed on."""
    ALLOW_ANY_DYNAMIC_DNS = "ALLOW_ANY_DYNAMIC_DNS"
    """It is passed on; plain HTTP to an address that the proxy looks up for the host of the request."""


class OutboundTrafficPolicy(Message, frozen=True, kw_only=True):
    """What becomes of traffic to destinations that no service names."""

    mode: MeshOutboundTrafficPolicyMode = MeshOutboundTrafficPolicyMode.REGISTRY_ONLY
    """Refuse it or pass it on. In a MeshConfig without the policy: ALLOW_ANY."""
    tls: ClientTLSSettings | None = None
    """TLS towards the hosts that ALLOW_ANY_DYNAMIC_DNS looks up."""


class InboundTrafficPolicyMode(enum.Enum):
    """How incoming traffic reaches the application."""

    PASSTHROUGH = "PASSTHROUGH"
    """At the address that the client used."""
    LOCALHOST = "LOCALHOST"
    """At 127.0.0.1."""


class InboundTrafficPolicy(Message, frozen=True, kw_only=True):
    """How incoming traffic reaches applications."""

    mode: InboundTrafficPolicyMode = InboundTrafficPolicyMode.PASSTHROUGH
    """The address that is used."""


class ServiceSettingsSettings(Message, frozen=True, kw_only=True):
    """Settings of some services."""

    cluster_local: bool = False
    """Whether clients reach only endpoints of their own cluster."""


class ServiceSettings(Message, frozen=True, kw_only=True):
    """Settings of the services of some hosts."""

    settings: ServiceSettingsSettings | None = None
    """The settings."""
    hosts: tuple[str, ...] = ()
    """Hosts, with an optional leading wildcard."""


class NormalizationType(enum.Enum):
    """How paths are made uniform before they are matched."""

    DEFAULT = "DEFAULT"
    """As BASE."""
    NONE = "NONE"
    """Not at all."""
    BASE = "BASE"
    """RFC 3986: dot segments resolved, escapes of unreserved characters decoded."""
    MERGE_SLASHES = "MERGE_SLASHES"
    """BASE, then repeated slashes merged."""
    DECODE_AND_MERGE_SLASHES = "DECODE_AND_MERGE_SLASHES"
    """MERGE_SLASHES, with %2F and %5C decoded first."""


class ProxyPathNormalization(Message, frozen=True, kw_only=True):
    """How paths are made uniform before they are matched."""

    normalization: NormalizationType = NormalizationType.DEFAULT
    """The way."""


class TLSConfig(Message, frozen=True, kw_only=True):
    """Limits of TLS."""

    min_protocol_version: TLSProtocol = TLSProtocol.TLS_AUTO
    """Oldest version; TLS 1.2 when TLS_AUTO."""
    ecdh_curves: tuple[str, ...] = ()
    """Key exchange curves; the proxy's defaults when empty."""
    cipher_suites: tuple[str, ...] = ()
    """Ciphers up to TLS 1.2; the proxy's defaults when empty."""


class CertificateData(Message, frozen=True, kw_only=True):
    """Additional authorities that workloads are verified against."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("pem", "spiffe_bundle_url"),)

    pem: str | None = None
    """Certificates themselves."""
    spiffe_bundle_url: str | None = None
    """Where to fetch them."""
    cert_signers: tuple[str, ...] = ()
    """Signers they belong to."""
    trust_domains: tuple[str, ...] = ()
    """Trust domains they hold for."""


class Certificate(Message, frozen=True, kw_only=True):
    """A certificate that the control plane gets for a component."""

    secret_name: str = ""
    """Secret that holds it."""
    dns_names: tuple[str, ...] = ()
    """Names it is for."""


class ConfigSource(Message, frozen=True, kw_only=True):
    """Where configuration comes from."""

    address: str = ""
    """xds://, k8s:// or fs:// address."""


class DefaultTrafficPolicy(Message, frozen=True, kw_only=True):
    """Policies of services that no DestinationRule says."""

    connection_pool: ConnectionPoolSettings | None = None
    """Limits on connections."""
    outlier_detection: OutlierDetection | None = None
    """When endpoints are ejected."""


class CertificateAuthority(Message, frozen=True, kw_only=True):
    """An authority outside of the control plane."""

    address: str = ""
    """Its gRPC address."""
    request_timeout: Duration | None = None
    """Time for a request; 10s when left out."""
    istiod_side: bool = False
    """Whether the control plane asks it on behalf of workloads."""


class MeshConfig(Message, frozen=True, kw_only=True):
    """The settings of the whole mesh.

    `MeshConfig()` is Istio's default. A document replaces fields as wholes, except that `default_config` is completed
    with the defaults and `extension_providers` are added to the built-in ones.
    """

    proxy_listen_port: Int32 = 15001
    """Port that outgoing traffic is redirected to."""
    proxy_inbound_listen_port: Int32 = 15006
    """Port that incoming traffic is redirected to."""
    proxy_http_port: Int32 = 0
    """Port for clients that use the sidecar as an HTTP proxy; none when 0."""
    connect_timeout: Duration | None = Duration(10 * SECOND)
    """Time for a connection to be made where no DestinationRule says."""
    protocol_detection_timeout: Duration | None = Duration(0)
    """Time to wait for the first bytes when the protocol is detected; no limit when 0."""
    tcp_keepalive: TcpKeepalive | None = None
    """Keepalive probes to upstreams where no DestinationRule says."""
    ingress_class: str = "istio"
    """Class of the Ingress objects that are served."""
    ingress_service: str = "istio-ingressgateway"
    """Service of the gateway that serves Ingress objects."""
    ingress_selector: str = ""
    """Value of the label `istio` of that gateway; `ingressgateway` when empty."""
    ingress_controller_mode: IngressControllerMode = IngressControllerMode.STRICT
    """Which Ingress objects are served."""
    enable_tracing: bool = True
    """Whether spans are reported."""
    access_log_file: str = ""
    """Path of the access log; none when empty."""
    access_log_format: str = ""
    """Format of access logs; Istio's default when empty."""
    access_log_encoding: AccessLogEncoding = AccessLogEncoding.TEXT
    """Form of access logs."""
    enable_envoy_access_log_service: bool = False
    """Whether access logs go to the proxy's access log service as well."""
    disable_envoy_listener_log: bool = False
    """Whether connections that match no filter chain go unlogged."""
    default_config: ProxyDefaults = ProxyDefaults()
    """Settings of proxies."""
    outbound_traffic_policy: OutboundTrafficPolicy | None = OutboundTrafficPolicy(
        mode=MeshOutboundTrafficPolicyMode.ALLOW_ANY
    )
    """Traffic to unknown destinations."""
    inbound_traffic_policy: InboundTrafficPolicy | None = InboundTrafficPolicy()
    """How incoming traffic reaches applications."""
    config_sources: tuple[ConfigSource, ...] = ()
    """Where configuration comes from."""
    enable_auto_mtls: bool | None = True
    """Whether clients use mutual TLS with workloads that have it, where no DestinationRule says."""
    trust_domain: str = "cluster.local"
    """Trust domain of the mesh's identities."""
    trust_domain_aliases: tuple[str, ...] = ()
    """Trust domains that count as the same, sorted."""
    ca_certificates: tuple[CertificateData, ...] = ()
    """Additional authorities that workloads are verified against."""
    default_service_export_to: tuple[str, ...] = ("*",)
    """Namespaces that see services and ServiceEntries that do not say."""
    default_virtual_service_export_to: tuple[str, ...] = ("*",)
    """Namespaces that see VirtualServices that do not say."""
    default_destination_rule_export_to: tuple[str, ...] = ("*",)
    """Namespaces that see DestinationRules that do not say."""
    root_namespace: str = "istio-system"
    """Namespace whose policies hold for the whole mesh."""
    locality_lb_setting: LocalityLoadBalancerSetting | None = LocalityLoadBalancerSetting(enabled=True)
    """Preference of near endpoints."""
    dns_refresh_rate: Duration | None = Duration(60 * SECOND)
    """Time until a failed resolution is tried again."""
    h2_upgrade_policy: H2UpgradePolicy = H2UpgradePolicy.DEFAULT
    """Whether HTTP/1.1 is sent as HTTP/2; no when DEFAULT."""
    inbound_cluster_stat_name: str = ""
    """Pattern of the names of inbound clusters in statistics."""
    outbound_cluster_stat_name: str = ""
    """Pattern of the names of outbound clusters in statistics."""
    certificates: tuple[Certificate, ...] = ()
    """Certificates for components."""
    service_settings: tuple[ServiceSettings, ...] = ()
    """Settings of some services."""
    enable_prometheus_merge: bool | None = True
    """Whether the agent serves the application's metrics with the proxy's."""
    verify_certificate_at_client: bool | None = None
    """Accepted and without effect, as in Istio."""
    ca: CertificateAuthority | None = None
    """An authority outside of the control plane."""
    extension_providers: tuple[ExtensionProvider, ...] = ()
    """Providers of tracing, logging and authorization by name, besides the built-in ones."""
    default_providers: DefaultProviders | None = DefaultProviders()
    """Providers used where no Telemetry says."""
    discovery_selectors: tuple[KubeLabelSelector, ...] = ()
    """Namespaces that belong to the mesh; all when empty."""
    path_normalization: ProxyPathNormalization | None = None
    """How paths are made uniform before they are matched."""
    default_http_retry_policy: HTTPRetry | None = msgspec.field(default=None, name="defaultHttpRetryPolicy")
    """Retry policy of routes that have none; 2 attempts on Istio's conditions when left out."""
    default_inbound_http_retry_policy: HTTPRetry | None = msgspec.field(
        default=None, name="defaultInboundHttpRetryPolicy"
    )
    """Retry policy towards the workload itself; 2 attempts if the connection breaks first, when left out."""
    default_traffic_policy: DefaultTrafficPolicy | None = None
    """Policies of services that no DestinationRule says."""
    mesh_mtls: TLSConfig | None = msgspec.field(default=None, name="meshMTLS")
    """Limits of TLS between workloads."""
    tls_defaults: TLSConfig | None = None
    """Limits of all other TLS."""
