# SPDX-License-Identifier: Apache-2.0
"""Pod (v1): labels, ports, account and addresses of a workload."""

from typing import ClassVar

import msgspec

from lateen.model.message import Message
from lateen.model.resource import Resource, ResourceType
from lateen.model.schema import Int32, IntOrString


class ContainerPort(Message, frozen=True, kw_only=True):
    """A port that a container declares."""

    OPEN: ClassVar[bool] = True

    name: str = ""
    """Name that services may refer to."""
    container_port: Int32 = 0
    """Port number."""
    host_port: Int32 = 0
    """Port number on the node; 0 for none."""
    protocol: str = "TCP"
    """TCP, UDP or SCTP."""


class ProbeHTTPHeader(Message, frozen=True, kw_only=True):
    """A header of a probe."""

    OPEN: ClassVar[bool] = True

    name: str = ""
    value: str = ""


class HTTPGetAction(Message, frozen=True, kw_only=True):
    """A probe that asks for a page."""

    OPEN: ClassVar[bool] = True

    path: str = ""
    port: IntOrString | None = None
    host: str = ""
    scheme: str = ""
    http_headers: tuple[ProbeHTTPHeader, ...] = ()


class TCPSocketAction(Message, frozen=True, kw_only=True):
    """A probe that connects."""

    OPEN: ClassVar[bool] = True

    port: IntOrString | None = None
    host: str = ""


class GRPCAction(Message, frozen=True, kw_only=True):
    """A probe by gRPC's health protocol."""

    OPEN: ClassVar[bool] = True

    port: Int32 = 0
    service: str = ""


class ExecAction(Message, frozen=True, kw_only=True):
    """A probe that runs a command."""

    OPEN: ClassVar[bool] = True

    command: tuple[str, ...] = ()


class Probe(Message, frozen=True, kw_only=True):
    """How a container's state is found out."""

    OPEN: ClassVar[bool] = True

    http_get: HTTPGetAction | None = None
    tcp_socket: TCPSocketAction | None = None
    grpc: GRPCAction | None = None
    exec: ExecAction | None = None
    initial_delay_seconds: Int32 = 0
    timeout_seconds: Int32 = 1
    period_seconds: Int32 = 10
    success_threshold: Int32 = 1
    failure_threshold: Int32 = 3


class EnvVar(Message, frozen=True, kw_only=True):
    """A variable of a container's environment."""

    OPEN: ClassVar[bool] = True

    name: str = ""
    value: str = ""


class Container(Message, frozen=True, kw_only=True):
    """A container of a pod, as far as a mesh reads it."""

    OPEN: ClassVar[bool] = True

    name: str = ""
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    restart_policy: str = ""
    """Always for an init container that stays: a native sidecar."""
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None


class PodSpec(Message, frozen=True, kw_only=True):
    """What a pod is."""

    OPEN: ClassVar[bool] = True

    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    service_account_name: str = ""
    """Account that it runs as; `default` when empty."""
    node_name: str = ""
    """Node that it runs on; empty until it is scheduled."""
    host_network: bool = False
    """Whether it shares the node's network; such pods are never injected."""
    hostname: str = ""
    subdomain: str = ""
    restart_policy: str = ""


class PodIP(Message, frozen=True, kw_only=True):
    """An address of a pod."""

    OPEN: ClassVar[bool] = True

    ip: str = ""


class PodCondition(Message, frozen=True, kw_only=True):
    """One aspect of a pod's state."""

    OPEN: ClassVar[bool] = True

    type: str = ""
    """Ready, PodScheduled, Initialized, ContainersReady."""
    status: str = ""
    """True, False or Unknown."""
    reason: str = ""
    message: str = ""


class PodStatus(Message, frozen=True, kw_only=True):
    """What became of a pod."""

    OPEN: ClassVar[bool] = True

    phase: str = ""
    """Pending, Running, Succeeded, Failed or Unknown."""
    pod_ip: str = msgspec.field(default="", name="podIP")
    """Its address; empty until it has one."""
    pod_ips: tuple[PodIP, ...] = msgspec.field(default=(), name="podIPs")
    """Its addresses, one per family; the first equals `pod_ip`."""
    host_ip: str = msgspec.field(default="", name="hostIP")
    """Address of its node."""
    conditions: tuple[PodCondition, ...] = ()
    start_time: str = ""
    """RFC 3339."""


class Pod(Resource, frozen=True, kw_only=True):
    """A workload."""

    OPEN: ClassVar[bool] = True
    TYPE: ClassVar[ResourceType] = ResourceType(
        group="", kind="Pod", plural="pods", versions=("v1",), short_names=("po",)
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()
