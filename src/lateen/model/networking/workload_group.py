# SPDX-License-Identifier: Apache-2.0
"""WorkloadGroup: what the workload entries of a group have in common (networking.istio.io)."""

from typing import Annotated, ClassVar

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.networking.workload_entry import WorkloadEntrySpec
from lateen.model.resource import Column, Resource, ResourceType
from lateen.model.schema import REQUIRED, Items, Number, PortNumber, Rule, Text

Seconds = Annotated[int, Number("int32", 0)]


class WorkloadGroupObjectMeta(Message, frozen=True, kw_only=True):
    """Marks that every workload entry of the group gets."""

    labels: Annotated[dict[str, str], Items(maximum=256)] = msgspec.field(default_factory=FrozenMap)
    """Labels to attach."""
    annotations: Annotated[dict[str, str], Items(maximum=256)] = msgspec.field(default_factory=FrozenMap)
    """Annotations to attach."""


class HTTPHeader(Message, frozen=True, kw_only=True):
    """A header of a probe."""

    name: Annotated[str, Text(pattern="^[-_A-Za-z0-9]+$")] = ""
    """Name of the header."""
    value: str = ""
    """Value of the header."""


class HTTPHealthCheckConfig(Message, frozen=True, kw_only=True):
    """A probe that asks for a page; 200 to 399 is healthy."""

    path: str = ""
    """Path to ask for."""
    port: Annotated[PortNumber, REQUIRED] = 0
    """Port on the workload."""
    host: str = ""
    """Host to connect to; localhost when empty."""
    scheme: Annotated[
        str,
        Rule(
            "scheme must be one of [HTTP, HTTPS]",
            'self in ["", "HTTP", "HTTPS"]',
            lambda scheme: scheme in ("", "HTTP", "HTTPS"),
        ),
    ] = ""
    """HTTP or HTTPS; HTTP when empty."""
    http_headers: tuple[HTTPHeader, ...] = ()
    """Headers to send."""


class TCPHealthCheckConfig(Message, frozen=True, kw_only=True):
    """A probe that connects."""

    host: str = ""
    """Host to connect to; localhost when empty."""
    port: Annotated[PortNumber, REQUIRED] = 0
    """Port on the workload."""


class ExecHealthCheckConfig(Message, frozen=True, kw_only=True):
    """A probe that runs a command; exit status 0 is healthy."""

    command: Annotated[tuple[Annotated[str, Text(min_length=1)], ...], REQUIRED] = ()
    """Command and arguments; no shell."""


class GrpcHealthCheckConfig(Message, frozen=True, kw_only=True):
    """A probe by gRPC's health protocol."""

    port: PortNumber = 0
    """Port on the workload."""
    service: str = ""
    """Service to ask about; the server as a whole when empty."""


class ReadinessProbe(Message, frozen=True, kw_only=True):
    """How the agent beside the workload finds out whether it is ready."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("http_get", "tcp_socket", "exec", "grpc"),)

    initial_delay_seconds: Seconds = 0
    """Seconds after the start before the first probe."""
    timeout_seconds: Seconds = 0
    """Seconds for each probe; 1 when 0."""
    period_seconds: Seconds = 0
    """Seconds between probes; 10 when 0."""
    success_threshold: Seconds = 0
    """Successes in a row until ready; 1 when 0."""
    failure_threshold: Seconds = 0
    """Failures in a row until not ready; 3 when 0."""
    http_get: HTTPHealthCheckConfig | None = None
    """Ask for a page."""
    tcp_socket: TCPHealthCheckConfig | None = None
    """Connect."""
    exec: ExecHealthCheckConfig | None = None
    """Run a command."""
    grpc: GrpcHealthCheckConfig | None = None
    """Ask by gRPC."""


class WorkloadGroupSpec(Message, frozen=True, kw_only=True):
    """What the workload entries of a group have in common."""

    metadata: WorkloadGroupObjectMeta | None = None
    """Marks for the entries."""
    template: Annotated[WorkloadEntrySpec | None, REQUIRED] = None
    """What the entries begin as; without an address."""
    probe: ReadinessProbe | None = None
    """How readiness is found out."""


class WorkloadGroup(Resource, frozen=True, kw_only=True):
    """What the workload entries of a group have in common."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="networking.istio.io",
        kind="WorkloadGroup",
        plural="workloadgroups",
        versions=("v1", "v1beta1", "v1alpha3"),
        short_names=("wg",),
        categories=("istio-io", "networking-istio-io"),
        columns=(Column("Age", ".metadata.creationTimestamp", "date", "Time since creation"),),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: Annotated[WorkloadGroupSpec, REQUIRED] = WorkloadGroupSpec()
