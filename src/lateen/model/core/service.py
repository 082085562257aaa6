# SPDX-License-Identifier: Apache-2.0
"""Service (v1): a name and address in front of endpoints."""

from typing import ClassVar

import msgspec

from lateen.model.message import Message
from lateen.model.resource import Resource, ResourceType
from lateen.model.schema import Int32, IntOrString


class ServicePort(Message, frozen=True, kw_only=True):
    """A port of a service."""

    OPEN: ClassVar[bool] = True

    name: str = ""
    """Name; may be empty when it is the only port. Its part before the first dash names the protocol."""
    protocol: str = "TCP"
    """TCP, UDP or SCTP."""
    app_protocol: str = ""
    """Application protocol; comes before the name."""
    port: Int32 = 0
    """Port number of the service."""
    target_port: IntOrString | None = None
    """Port number, or name of a container port, of the pods; the same number when left out."""
    node_port: Int32 = 0
    """Port number on every node; 0 for none."""


class ServiceSpec(Message, frozen=True, kw_only=True):
    """What a service is."""

    OPEN: ClassVar[bool] = True

    type: str = "ClusterIP"
    """ClusterIP, NodePort, LoadBalancer or ExternalName."""
    ports: tuple[ServicePort, ...] = ()
    """Ports of the service."""
    selector: dict[str, str] | None = None
    """Labels of the pods behind it; None or empty when something else provides endpoints."""
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    """Virtual address; `None` for a headless service, empty until one is given."""
    cluster_ips: tuple[str, ...] = msgspec.field(default=(), name="clusterIPs")
    """Virtual addresses, one per family; the first equals `cluster_ip`."""
    ip_families: tuple[str, ...] = ()
    """IPv4, IPv6 or both, the first one leading."""
    ip_family_policy: str = ""
    """SingleStack, PreferDualStack or RequireDualStack."""
    external_ips: tuple[str, ...] = msgspec.field(default=(), name="externalIPs")
    """Further addresses that lead to the service."""
    external_name: str = ""
    """DNS name that an ExternalName service stands for."""
    load_balancer_ip: str = msgspec.field(default="", name="loadBalancerIP")
    """Address asked of the load balancer."""
    session_affinity: str = ""
    """ClientIP or None."""
    publish_not_ready_addresses: bool = False
    """Whether pods count before they are ready."""
    internal_traffic_policy: str = ""
    """Cluster, or Local for endpoints of the client's node only."""
    external_traffic_policy: str = ""
    """Cluster, or Local for endpoints of the node that the traffic enters."""
    traffic_distribution: str = ""
    """PreferClose (the same as PreferSameZone), PreferSameZone or PreferSameNode; none when empty."""


class PortStatus(Message, frozen=True, kw_only=True):
    """A port of a load balancer."""

    OPEN: ClassVar[bool] = True

    port: Int32 = 0
    protocol: str = ""
    error: str = ""


class LoadBalancerIngress(Message, frozen=True, kw_only=True):
    """A point at which a load balancer takes traffic."""

    OPEN: ClassVar[bool] = True

    ip: str = ""
    """Its address, or else:"""
    hostname: str = ""
    """its name."""
    ip_mode: str = ""
    """VIP or Proxy."""
    ports: tuple[PortStatus, ...] = ()


class LoadBalancerStatus(Message, frozen=True, kw_only=True):
    """The points at which a load balancer takes traffic."""

    OPEN: ClassVar[bool] = True

    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(Message, frozen=True, kw_only=True):
    """What became of a service."""

    OPEN: ClassVar[bool] = True

    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class Service(Resource, frozen=True, kw_only=True):
    """A name and address in front of endpoints."""

    OPEN: ClassVar[bool] = True
    TYPE: ClassVar[ResourceType] = ResourceType(
        group="", kind="Service", plural="services", versions=("v1",), short_names=("svc",)
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()
