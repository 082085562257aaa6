# SPDX-License-Identifier: Apache-2.0
"""Telemetry: traces, metrics and access logs of workloads (telemetry.istio.io)."""

import enum
from typing import Annotated, ClassVar

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.resource import Column, Resource, ResourceType
from lateen.model.schema import REQUIRED, Interval, Items, Number, Rule, Text
from lateen.model.selector import ONE_TARGET, PolicyTargetReference, WorkloadSelector


class TelemetryMode(enum.Enum):
    """The side on which it is recorded."""

    CLIENT_AND_SERVER = "CLIENT_AND_SERVER"
    """Both."""
    CLIENT = "CLIENT"
    """The caller's proxy."""
    SERVER = "SERVER"
    """The called workload's proxy."""


class ProviderRef(Message, frozen=True, kw_only=True):
    """A provider of the mesh configuration."""

    name: Annotated[str, REQUIRED, Text(min_length=1)] = ""
    """Its name in `extensionProviders`."""


class TracingSelector(Message, frozen=True, kw_only=True):
    """The side of which a setting speaks."""

    mode: TelemetryMode = TelemetryMode.CLIENT_AND_SERVER
    """The side."""


class LiteralTag(Message, frozen=True, kw_only=True):
    """A fixed tag."""

    value: Annotated[str, REQUIRED, Text(min_length=1)] = ""
    """Its value."""


class EnvironmentTag(Message, frozen=True, kw_only=True):
    """A tag from the proxy's environment."""

    name: Annotated[str, REQUIRED, Text(min_length=1)] = ""
    """Variable to read."""
    default_value: str = ""
    """Value where it is not set."""


class RequestHeaderTag(Message, frozen=True, kw_only=True):
    """A tag from a header of the request."""

    name: Annotated[str, REQUIRED, Text(min_length=1)] = ""
    """Header to read."""
    default_value: str = ""
    """Value where it is absent."""


class FormatterTag(Message, frozen=True, kw_only=True):
    """A tag in the format language of access logs."""

    value: Annotated[str, REQUIRED, Text(min_length=1)] = ""
    """The format."""


class CustomTag(Message, frozen=True, kw_only=True):
    """A tag of spans: where its value comes from."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("literal", "environment", "header", "formatter"),)

    literal: LiteralTag | None = None
    """A fixed value."""
    environment: EnvironmentTag | None = None
    """From the proxy's environment."""
    header: RequestHeaderTag | None = None
    """From a header of the request."""
    formatter: FormatterTag | None = None
    """From the format language of access logs."""


class Tracing(Message, frozen=True, kw_only=True):
    """Spans."""

    match: TracingSelector | None = None
    """Side of which this speaks."""
    providers: tuple[ProviderRef, ...] = ()
    """Where spans go; the default of the mesh when empty."""
    random_sampling_percentage: Annotated[float, Number("double", 0, 100)] | None = None
    """Percent of the requests without a decision yet that are traced."""
    disable_span_reporting: bool | None = None
    """Whether none are reported."""
    custom_tags: dict[str, CustomTag] = msgspec.field(default_factory=FrozenMap)
    """Additional tags by name."""
    use_request_id_for_trace_sampling: bool | None = None
    """Whether x-request-id carries the decision; yes when left out."""
    enable_istio_tags: bool | None = None
    """Whether Istio's own tags are added; yes when left out."""
    disable_context_propagation: bool | None = None
    """Whether the trace context is kept from the workload."""


class IstioMetric(enum.Enum):
    """The standard metrics."""

    ALL_METRICS = "ALL_METRICS"
    REQUEST_COUNT = "REQUEST_COUNT"
    REQUEST_DURATION = "REQUEST_DURATION"
    REQUEST_SIZE = "REQUEST_SIZE"
    RESPONSE_SIZE = "RESPONSE_SIZE"
    TCP_OPENED_CONNECTIONS = "TCP_OPENED_CONNECTIONS"
    TCP_CLOSED_CONNECTIONS = "TCP_CLOSED_CONNECTIONS"
    TCP_SENT_BYTES = "TCP_SENT_BYTES"
    TCP_RECEIVED_BYTES = "TCP_RECEIVED_BYTES"
    GRPC_REQUEST_MESSAGES = "GRPC_REQUEST_MESSAGES"
    GRPC_RESPONSE_MESSAGES = "GRPC_RESPONSE_MESSAGES"


class MetricSelector(Message, frozen=True, kw_only=True):
    """Which metric, on which side."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("metric", "custom_metric"),)

    metric: IstioMetric | None = None
    """A standard metric; all of them when neither is given."""
    custom_metric: Annotated[str, Text(min_length=1)] | None = None
    """Another metric by name."""
    mode: TelemetryMode = TelemetryMode.CLIENT_AND_SERVER
    """The side."""


class TagOperation(enum.Enum):
    """What is done to a tag."""

    UPSERT = "UPSERT"
    """Set it."""
    REMOVE = "REMOVE"
    """Leave it out."""


class TagOverride(Message, frozen=True, kw_only=True):
    """A change to a tag of a metric."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "value must be set when operation is UPSERT",
            '((has(self.operation) ? self.operation : "") == "UPSERT") ? (self.value != "") : true',
            lambda tag: tag.get("operation") is not TagOperation.UPSERT or bool(tag.get("value")),
        ),
        Rule(
            "value must not be set when operation is REMOVE",
            '((has(self.operation) ? self.operation : "") == "REMOVE") ? !has(self.value) : true',
            lambda tag: tag.get("operation") is not TagOperation.REMOVE or "value" not in tag,
        ),
    )

    operation: TagOperation = TagOperation.UPSERT
    """Set it or leave it out."""
    value: str = ""
    """A CEL expression over request attributes; for UPSERT."""


class MetricsOverrides(Message, frozen=True, kw_only=True):
    """A change to metrics."""

    match: MetricSelector | None = None
    """Which metrics; all when left out."""
    disabled: bool | None = None
    """Whether they are off."""
    tag_overrides: dict[str, TagOverride] = msgspec.field(default_factory=FrozenMap)
    """Changes by name of the tag."""


class Metrics(Message, frozen=True, kw_only=True):
    """Metrics."""

    providers: tuple[ProviderRef, ...] = ()
    """Where they go; the default of the mesh when empty."""
    overrides: tuple[MetricsOverrides, ...] = ()
    """Changes, in order."""
    reporting_interval: Interval | None = None
    """Time between reports of TCP metrics; 5s when left out."""


class LogSelector(Message, frozen=True, kw_only=True):
    """The side of which a setting speaks."""

    mode: TelemetryMode = TelemetryMode.CLIENT_AND_SERVER
    """The side."""


class AccessLogFilter(Message, frozen=True, kw_only=True):
    """Which requests are logged."""

    expression: str = ""
    """A CEL expression over request attributes that is true for them."""


class AccessLogging(Message, frozen=True, kw_only=True):
    """Access logs."""

    match: LogSelector | None = None
    """Side of which this speaks."""
    providers: tuple[ProviderRef, ...] = ()
    """Where they go; the default of the mesh when empty."""
    disabled: bool | None = None
    """Whether they are off."""
    filter: AccessLogFilter | None = None
    """Which requests are logged; all when left out."""


class TelemetrySpec(Message, frozen=True, kw_only=True):
    """Traces, metrics and access logs of workloads."""

    RULES: ClassVar[tuple[Rule, ...]] = (ONE_TARGET,)

    selector: WorkloadSelector | None = None
    """Workloads of this namespace; all of them, or of the mesh when in the root namespace, when left out."""
    target_ref: PolicyTargetReference | None = None
    """The one resource it is attached to. Replaced by `targetRefs`."""
    target_refs: Annotated[tuple[PolicyTargetReference, ...], Items(maximum=16)] = ()
    """Resources it is attached to, in place of a selector."""
    tracing: tuple[Tracing, ...] = ()
    """Spans."""
    metrics: tuple[Metrics, ...] = ()
    """Metrics."""
    access_logging: tuple[AccessLogging, ...] = ()
    """Access logs."""


class Telemetry(Resource, frozen=True, kw_only=True):
    """Traces, metrics and access logs of workloads."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="telemetry.istio.io",
        kind="Telemetry",
        plural="telemetries",
        versions=("v1", "v1alpha1"),
        stored="v1alpha1",
        short_names=("telemetry",),
        categories=("istio-io", "telemetry-istio-io"),
        columns=(Column("Age", ".metadata.creationTimestamp", "date", "Time since creation"),),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: TelemetrySpec = TelemetrySpec()
