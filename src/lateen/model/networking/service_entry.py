# SPDX-License-Identifier: Apache-2.0
"""ServiceEntry: services beside those of Kubernetes, inside or outside of the mesh (networking.istio.io)."""

import enum
from typing import Annotated, ClassVar

from lateen.model.message import Message
from lateen.model.networking.workload_entry import ADDRESS_REQUIRED, WorkloadEntrySpec
from lateen.model.resource import Column, Resource, ResourceType
from lateen.model.schema import REQUIRED, Items, ListKeys, PortNumber, Rule, Text, at_most_one
from lateen.model.selector import LabelSelector
from lateen.model.status import ServiceEntryStatus


class Location(enum.Enum):
    """Whether the service counts as part of the mesh."""

    MESH_EXTERNAL = "MESH_EXTERNAL"
    """Outside: no mutual TLS of the mesh's own."""
    MESH_INTERNAL = "MESH_INTERNAL"
    """Inside: its workloads are trusted like pods."""


class Resolution(enum.Enum):
    """How the addresses of the endpoints are found."""

    NONE = "NONE"
    """The connection goes to the address that the client asked for."""
    STATIC = "STATIC"
    """The endpoints are given as addresses."""
    DNS = "DNS"
    """The proxy resolves the endpoints' names, or the host, and balances over all addresses."""
    DNS_ROUND_ROBIN = "DNS_ROUND_ROBIN"
    """The proxy resolves the name and uses the first address, as it changes."""
    DYNAMIC_DNS = "DYNAMIC_DNS"
    """The proxy resolves the name that the request asks for; for wildcard hosts."""


class ServiceEntryPort(Message, frozen=True, kw_only=True):
    """A port of the service."""

    number: Annotated[PortNumber, REQUIRED] = 0
    """Port number."""
    protocol: Annotated[str, Text(max_length=256)] = ""
    """HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP or TLS; TLS is routed by server name, unopened. Detected when empty."""
    name: Annotated[str, REQUIRED, Text(max_length=256)] = ""
    """Name of the port, unique in the entry."""
    target_port: PortNumber = 0
    """Port of the endpoints; the same number when 0."""


class ServiceEntrySpec(Message, frozen=True, kw_only=True):
    """One or several services with the same ports and endpoints."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        at_most_one(
            "only one of WorkloadSelector or Endpoints can be set",
            workload_selector="workloadSelector",
            endpoints="endpoints",
        ),
        Rule(
            "CIDR addresses are allowed only for NONE/STATIC resolution types",
            '!((has(self.addresses) ? self.addresses : []).exists(k, k.contains("/")) && '
            '!((has(self.resolution) ? self.resolution : "NONE") in ["STATIC", "NONE"]))',
            lambda spec: (
                spec.get("resolution", Resolution.NONE) in (Resolution.STATIC, Resolution.NONE)
                or not any("/" in address for address in spec.get("addresses", ()))
            ),
        ),
        Rule(
            "NONE mode cannot set endpoints",
            '((has(self.resolution) ? self.resolution : "NONE") == "NONE") ? !has(self.endpoints) : true',
            lambda spec: spec.get("resolution", Resolution.NONE) is not Resolution.NONE or "endpoints" not in spec,
        ),
        Rule(
            "DNS_ROUND_ROBIN mode cannot have multiple endpoints",
            '((has(self.resolution) ? self.resolution : "") == "DNS_ROUND_ROBIN") ? '
            "((has(self.endpoints) ? self.endpoints : []).size() <= 1) : true",
            lambda spec: (
                spec.get("resolution") is not Resolution.DNS_ROUND_ROBIN or len(spec.get("endpoints", ())) <= 1
            ),
        ),
    )

    hosts: Annotated[
        tuple[Annotated[str, Rule("hostname cannot be wildcard", 'self != "*"', lambda host: bool(host != "*"))], ...],
        REQUIRED,
        Items(1, 256),
    ] = ()
    """DNS names with an optional leading wildcard. For HTTP the Host header, for TLS the server name; for other TCP the
    addresses decide and the name is only a label."""
    addresses: Annotated[tuple[Annotated[str, Text(max_length=64)], ...], Items(maximum=256)] = ()
    """Virtual addresses or CIDR ranges by which clients reach it."""
    ports: Annotated[
        tuple[ServiceEntryPort, ...],
        Items(maximum=256),
        ListKeys(("name",)),
        Rule(
            "port number cannot be duplicated",
            "self.all(l1, self.exists_one(l2, l1.number == l2.number))",
            lambda ports: len({port.number for port in ports}) == len(ports),
        ),
    ] = ()
    """Ports of the service; of a Unix socket endpoint exactly one."""
    location: Location = Location.MESH_EXTERNAL
    """Whether the service counts as part of the mesh."""
    resolution: Resolution = Resolution.NONE
    """How the addresses of the endpoints are found."""
    endpoints: Annotated[tuple[Annotated[WorkloadEntrySpec, ADDRESS_REQUIRED], ...], Items(maximum=4096)] = ()
    """Endpoints. Exclusive with `workloadSelector`."""
    workload_selector: LabelSelector | None = None
    """Pods and workload entries, in the same namespace, that are the endpoints; for MESH_INTERNAL."""
    export_to: tuple[str, ...] = ()
    """Namespaces that see it: `.` for its own, `*` for all, or names. The default of the mesh when empty."""
    subject_alt_names: tuple[str, ...] = ()
    """Names of which the server's certificate must carry one, where the DestinationRule gives none."""


class ServiceEntry(Resource, frozen=True, kw_only=True):
    """Services beside those of Kubernetes, inside or outside of the mesh."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="networking.istio.io",
        kind="ServiceEntry",
        plural="serviceentries",
        versions=("v1", "v1beta1", "v1alpha3"),
        short_names=("se",),
        categories=("istio-io", "networking-istio-io"),
        columns=(
            Column("Hosts", ".spec.hosts", description="Names of the services"),
            Column("Location", ".spec.location", description="Inside or outside of the mesh"),
            Column("Resolution", ".spec.resolution", description="How endpoints are found"),
            Column("Age", ".metadata.creationTimestamp", "date", "Time since creation"),
        ),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: Annotated[ServiceEntrySpec, REQUIRED] = ServiceEntrySpec()
    status: ServiceEntryStatus = ServiceEntryStatus()
