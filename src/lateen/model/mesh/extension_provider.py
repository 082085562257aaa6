# SPDX-License-Identifier: Apache-2.0
"""Providers of tracing, logging and authorization (mesh.v1alpha1 MeshConfig.ExtensionProvider)."""

import enum
from typing import ClassVar

import msgspec

from lateen.model.duration import Duration
from lateen.model.message import FrozenMap, Message
from lateen.model.schema import JSON, Int64, UInt32


class RequestBodyBuffer(Message, frozen=True, kw_only=True):
    """How much of the body an authorizer gets."""

    max_request_bytes: UInt32 = 0
    """Most bytes."""
    allow_partial_message: bool = False
    """Whether a longer body is cut, not refused."""
    pack_as_bytes: bool = False
    """Whether it is sent as bytes in place of text (gRPC)."""


class EnvoyExternalAuthorizationHttpProvider(Message, frozen=True, kw_only=True):
    """An external authorizer over HTTP."""

    service: str = ""
    """Host, after an optional `namespace/`."""
    port: UInt32 = 0
    """Port of the service."""
    timeout: Duration | None = None
    """Time for an answer; 600s when left out."""
    path_prefix: str = ""
    """What comes before the path."""
    fail_open: bool = False
    """Whether requests are accepted when it fails."""
    clear_route_cache: bool = False
    """Whether the route is chosen anew after header changes."""
    status_on_error: str = ""
    """HTTP status of the answer when it fails; 403 when empty."""
    include_headers_in_check: tuple[str, ...] = ()
    """Headers that it gets. Replaced by the next."""
    include_request_headers_in_check: tuple[str, ...] = ()
    """Headers that it gets, by name with an optional `*` at either end."""
    include_additional_headers_in_check: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    """Headers that it gets besides."""
    include_request_body_in_check: RequestBodyBuffer | None = None
    """How much of the body it gets; nothing when left out."""
    headers_to_upstream_on_allow: tuple[str, ...] = ()
    """Headers of its answer that the workload gets."""
    headers_to_downstream_on_deny: tuple[str, ...] = ()
    """Headers of its answer that the caller gets when refused."""
    headers_to_downstream_on_allow: tuple[str, ...] = ()
    """Headers of its answer that the caller gets when accepted."""


class EnvoyExternalAuthorizationGrpcProvider(Message, frozen=True, kw_only=True):
    """An external authorizer over gRPC."""

    service: str = ""
    """Host, after an optional `namespace/`."""
    port: UInt32 = 0
    """Port of the service."""
    timeout: Duration | None = None
    """Time for an answer; 600s when left out."""
    fail_open: bool = False
    """Whether requests are accepted when it fails."""
    clear_route_cache: bool = False
    """Whether the route is chosen anew after header changes."""
    status_on_error: str = ""
    """HTTP status of the answer when it fails; 403 when empty."""
    include_request_body_in_check: RequestBodyBuffer | None = None
    """How much of the body it gets; nothing when left out."""


class TraceContextOption(enum.Enum):
    """Trace headers that Zipkin tracing uses."""

    USE_B3 = "USE_B3"
    USE_B3_WITH_W3C_PROPAGATION = "USE_B3_WITH_W3C_PROPAGATION"


class HttpHeader(Message, frozen=True, kw_only=True):
    """A header."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("value", "env_name"),)

    name: str = ""
    """Its name."""
    value: str | None = None
    """Its value."""
    env_name: str | None = None
    """Variable of the proxy's environment that holds its value."""


class HttpService(Message, frozen=True, kw_only=True):
    """How a collector is asked over HTTP."""

    path: str = ""
    """Path."""
    timeout: Duration | None = None
    """Time for an answer."""
    headers: tuple[HttpHeader, ...] = ()
    """Headers to send."""


class GrpcService(Message, frozen=True, kw_only=True):
    """How a collector is asked over gRPC."""

    timeout: Duration | None = None
    """Time for an answer."""
    initial_metadata: tuple[HttpHeader, ...] = ()
    """Headers to send."""


class ZipkinTracingProvider(Message, frozen=True, kw_only=True):
    """A Zipkin collector."""

    service: str = ""
    """Host, after an optional `namespace/`."""
    port: UInt32 = 0
    """Port of the service."""
    max_tag_length: UInt32 = 0
    """Longest path in a tag; 256 when 0."""
    enable_64bit_trace_id: bool = msgspec.field(default=False, name="enable64bitTraceId")
    """Whether trace ids have 64 bits."""
    path: str = ""
    """Path; /api/v2/spans when empty."""
    trace_context_option: TraceContextOption = TraceContextOption.USE_B3
    """Trace headers."""
    timeout: Duration | None = None
    """Time for an answer."""
    headers: tuple[HttpHeader, ...] = ()
    """Headers to send."""


class LightstepTracingProvider(Message, frozen=True, kw_only=True):
    """A Lightstep collector."""

    service: str = ""
    port: UInt32 = 0
    access_token: str = ""
    max_tag_length: UInt32 = 0


class DatadogTracingProvider(Message, frozen=True, kw_only=True):
    """A Datadog agent."""

    service: str = ""
    port: UInt32 = 0
    max_tag_length: UInt32 = 0


class SkyWalkingTracingProvider(Message, frozen=True, kw_only=True):
    """A SkyWalking collector."""

    service: str = ""
    port: UInt32 = 0
    access_token: str = ""


class StackdriverLogging(Message, frozen=True, kw_only=True):
    """Access logs of Google's operations."""

    labels: dict[str, str] = msgspec.field(default_factory=FrozenMap)


class StackdriverProvider(Message, frozen=True, kw_only=True):
    """Google's operations."""

    debug: bool = False
    max_number_of_attributes: Int64 | None = None
    max_number_of_annotations: Int64 | None = None
    max_number_of_message_events: Int64 | None = None
    max_tag_length: UInt32 = 0
    logging: StackdriverLogging | None = None


class OpenCensusTraceContext(enum.Enum):
    """Trace headers."""

    UNSPECIFIED = "UNSPECIFIED"
    W3C_TRACE_CONTEXT = "W3C_TRACE_CONTEXT"
    GRPC_BIN = "GRPC_BIN"
    CLOUD_TRACE_CONTEXT = "CLOUD_TRACE_CONTEXT"
    B3 = "B3"


class OpenCensusAgentTracingProvider(Message, frozen=True, kw_only=True):
    """An OpenCensus agent."""

    service: str = ""
    port: UInt32 = 0
    context: tuple[OpenCensusTraceContext, ...] = ()
    max_tag_length: UInt32 = 0


class DynatraceResourceDetector(Message, frozen=True, kw_only=True):
    """Resource attributes as Dynatrace provides them."""


class EnvironmentResourceDetector(Message, frozen=True, kw_only=True):
    """Resource attributes from OTEL_RESOURCE_ATTRIBUTES."""


class ResourceDetectors(Message, frozen=True, kw_only=True):
    """Where resource attributes come from."""

    environment: EnvironmentResourceDetector | None = None
    dynatrace: DynatraceResourceDetector | None = None


class DynatraceSampler(Message, frozen=True, kw_only=True):
    """Sampling as Dynatrace decides."""

    tenant: str = ""
    cluster_id: Int64 = 0
    root_spans_per_minute: UInt32 = 0
    http_service: JSON | None = None


class OpenTelemetryTracingProvider(Message, frozen=True, kw_only=True):
    """An OpenTelemetry collector."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("dynatrace_sampler",),)

    service: str = ""
    """Host, after an optional `namespace/`."""
    port: UInt32 = 0
    """Port of the service."""
    max_tag_length: UInt32 = 0
    """Longest path in a tag; 256 when 0."""
    http: HttpService | None = None
    """Over HTTP, in place of gRPC."""
    grpc: GrpcService | None = None
    """Details of gRPC."""
    resource_detectors: ResourceDetectors | None = None
    """Where resource attributes come from."""
    dynatrace_sampler: DynatraceSampler | None = None
    """Who decides on sampling."""


class PrometheusMetricsProvider(Message, frozen=True, kw_only=True):
    """Metrics in Prometheus' format."""


class LogFormat(Message, frozen=True, kw_only=True):
    """The format of a log."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("text", "labels"),)

    text: str | None = None
    """A line of text."""
    labels: JSON | None = None
    """A JSON object."""


class EnvoyFileAccessLogProvider(Message, frozen=True, kw_only=True):
    """A log file."""

    path: str = ""
    """Its path, such as /dev/stdout."""
    log_format: LogFormat | None = None
    """Its format; Istio's default when left out."""
    omit_empty_values: bool = False
    """Whether empty values are left out of JSON."""


class EnvoyHttpGrpcV3LogProvider(Message, frozen=True, kw_only=True):
    """Access logs of requests over gRPC."""

    service: str = ""
    port: UInt32 = 0
    log_name: str = ""
    filter_state_objects_to_log: tuple[str, ...] = ()
    additional_request_headers_to_log: tuple[str, ...] = ()
    additional_response_headers_to_log: tuple[str, ...] = ()
    additional_response_trailers_to_log: tuple[str, ...] = ()


class EnvoyTcpGrpcV3LogProvider(Message, frozen=True, kw_only=True):
    """Access logs of connections over gRPC."""

    service: str = ""
    port: UInt32 = 0
    log_name: str = ""
    filter_state_objects_to_log: tuple[str, ...] = ()


class OtelLogFormat(Message, frozen=True, kw_only=True):
    """The format of an OpenTelemetry log."""

    text: str = ""
    """The body."""
    labels: JSON | None = None
    """Attributes."""


class EnvoyOpenTelemetryLogProvider(Message, frozen=True, kw_only=True):
    """Access logs to an OpenTelemetry collector."""

    service: str = ""
    """Host, after an optional `namespace/`."""
    port: UInt32 = 0
    """Port of the service."""
    log_name: str = ""
    """Name of the log."""
    log_format: OtelLogFormat | None = None
    """Its format; Istio's default when left out."""


class SdsProvider(Message, frozen=True, kw_only=True):
    """Secrets from a server of one's own."""

    name: str = ""
    service: str = ""
    port: UInt32 = 0


class ExtensionProvider(Message, frozen=True, kw_only=True):
    """A provider by name."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (
        (
            "envoy_ext_authz_http",
            "envoy_ext_authz_grpc",
            "zipkin",
            "lightstep",
            "datadog",
            "stackdriver",
            "opencensus",
            "skywalking",
            "opentelemetry",
            "prometheus",
            "envoy_file_access_log",
            "envoy_http_als",
            "envoy_tcp_als",
            "envoy_otel_als",
            "sds",
        ),
    )

    name: str = ""
    """Its name, for Telemetry and AuthorizationPolicy to refer to."""
    envoy_ext_authz_http: EnvoyExternalAuthorizationHttpProvider | None = None
    """An external authorizer over HTTP."""
    envoy_ext_authz_grpc: EnvoyExternalAuthorizationGrpcProvider | None = None
    """An external authorizer over gRPC."""
    zipkin: ZipkinTracingProvider | None = None
    """A Zipkin collector."""
    lightstep: LightstepTracingProvider | None = None
    """A Lightstep collector."""
    datadog: DatadogTracingProvider | None = None
    """A Datadog agent."""
    stackdriver: StackdriverProvider | None = None
    """Google's operations."""
    opencensus: OpenCensusAgentTracingProvider | None = None
    """An OpenCensus agent."""
    skywalking: SkyWalkingTracingProvider | None = None
    """A SkyWalking collector."""
    opentelemetry: OpenTelemetryTracingProvider | None = None
    """An OpenTelemetry collector."""
    prometheus: PrometheusMetricsProvider | None = None
    """Metrics in Prometheus' format."""
    envoy_file_access_log: EnvoyFileAccessLogProvider | None = None
    """A log file."""
    envoy_http_als: EnvoyHttpGrpcV3LogProvider | None = None
    """Access logs of requests over gRPC."""
    envoy_tcp_als: EnvoyTcpGrpcV3LogProvider | None = None
    """Access logs of connections over gRPC."""
    envoy_otel_als: EnvoyOpenTelemetryLogProvider | None = None
    """Access logs to an OpenTelemetry collector."""
    sds: SdsProvider | None = None
    """Secrets from a server of one's own."""


class DefaultProviders(Message, frozen=True, kw_only=True):
    """Providers used where no Telemetry says, by name."""

    tracing: tuple[str, ...] = ()
    """For spans."""
    metrics: tuple[str, ...] = ()
    """For metrics."""
    access_logging: tuple[str, ...] = ()
    """For access logs."""
