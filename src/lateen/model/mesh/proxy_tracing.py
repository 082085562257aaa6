# SPDX-License-Identifier: Apache-2.0
"""Tracing in the settings of proxies (mesh.v1alpha1 Tracing)."""

from typing import ClassVar

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.networking.client_tls import ClientTLSSettings
from lateen.model.schema import Double, Int64, UInt32
from lateen.model.telemetry.telemetry import CustomTag


class ZipkinTracing(Message, frozen=True, kw_only=True):
    """A Zipkin collector."""

    address: str = ""
    """host:port"""


class LightstepTracing(Message, frozen=True, kw_only=True):
    """A Lightstep collector."""

    address: str = ""
    """host:port"""
    access_token: str = ""
    """Token to present."""


class DatadogTracing(Message, frozen=True, kw_only=True):
    """A Datadog agent."""

    address: str = ""
    """host:port"""


class StackdriverTracing(Message, frozen=True, kw_only=True):
    """Google's tracing."""

    debug: bool = False
    """Whether spans go to standard output too."""
    max_number_of_attributes: Int64 | None = None
    """Most attributes of a span."""
    max_number_of_annotations: Int64 | None = None
    """Most annotations of a span."""
    max_number_of_message_events: Int64 | None = None
    """Most message events of a span."""


class OpenCensusAgentTracing(Message, frozen=True, kw_only=True):
    """An OpenCensus agent."""

    address: str = ""
    """host:port"""


class ProxyTracing(Message, frozen=True, kw_only=True):
    """Where spans go, and how many."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("zipkin", "lightstep", "datadog", "stackdriver", "open_census_agent"),
    )

    zipkin: ZipkinTracing | None = None
    """A Zipkin collector."""
    lightstep: LightstepTracing | None = None
    """A Lightstep collector."""
    datadog: DatadogTracing | None = None
    """A Datadog agent."""
    stackdriver: StackdriverTracing | None = None
    """Google's tracing."""
    open_census_agent: OpenCensusAgentTracing | None = None
    """An OpenCensus agent."""
    custom_tags: dict[str, CustomTag] = msgspec.field(default_factory=FrozenMap)
    """Additional tags by name."""
    max_path_tag_length: UInt32 = 0
    """Longest path in a tag; 256 when 0."""
    sampling: Double = 0.0
    """Percent of the requests that are traced; 1 when 0."""
    tls_settings: ClientTLSSettings | None = None
    """TLS towards the collector."""
    enable_istio_tags: bool | None = None
    """Whether Istio's own tags are added; yes when left out."""
