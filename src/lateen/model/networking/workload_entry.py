# SPDX-License-Identifier: Apache-2.0
"""WorkloadEntry: a workload that is no pod, such as a virtual machine (networking.istio.io)."""

import re
from typing import Annotated, ClassVar

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.resource import Column, Resource, ResourceType
from lateen.model.schema import REQUIRED, Items, PortNumber, Rule, Text, UInt32
from lateen.model.status import IstioStatus

ADDRESS_REQUIRED = Rule(
    "Address is required",
    "has(self.address) || has(self.network)",
    lambda entry: bool(entry.address or entry.network),
)
SOCKET_WITHOUT_PORTS = Rule(
    "UDS may not include ports",
    '(has(self.address) ? self.address : "").startsWith("unix://") ? !has(self.ports) : true',
    lambda entry: not entry.get("address", "").startswith("unix://") or "ports" not in entry,
)
_PORT_NAME = re.compile("[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?")


class WorkloadEntrySpec(Message, frozen=True, kw_only=True):
    """One endpoint: as an object of its own, as the template of a group, or inside a ServiceEntry."""

    RULES: ClassVar[tuple[Rule, ...]] = (SOCKET_WITHOUT_PORTS,)

    address: Annotated[
        str,
        Text(max_length=256),
        Rule(
            "UDS must be an absolute path or abstract socket",
            'self.startsWith("unix://") ? (self.substring(7, 8) == "/" || self.substring(7, 8) == "@") : true',
            lambda address: not address.startswith("unix://") or address[7:8] in ("/", "@"),
        ),
        Rule(
            "UDS may not be a dir",
            'self.startsWith("unix://") ? !self.endsWith("/") : true',
            lambda address: not (address.startswith("unix://") and address.endswith("/")),
        ),
    ] = ""
    """IP address, DNS name (for DNS resolution) or `unix://` path, absolute, without ports."""
    ports: Annotated[
        dict[str, PortNumber],
        Items(maximum=128),
        Rule(
            "port name must be valid",
            'self.all(key, size(key) < 63 && key.matches("^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$"))',
            lambda ports: all(len(name) < 63 and _PORT_NAME.fullmatch(name) for name in ports),
        ),
    ] = msgspec.field(default_factory=FrozenMap)
    """Port numbers by the names of the service's ports; the service's targetPort or number where left out."""
    labels: Annotated[dict[str, str], Items(maximum=256)] = msgspec.field(default_factory=FrozenMap)
    """Labels of the workload."""
    network: Annotated[str, Text(max_length=2048)] = ""
    """Network it is in: endpoints of one network reach each other directly."""
    locality: Annotated[str, Text(max_length=2048)] = ""
    """Where it is, as region/zone/subzone."""
    weight: UInt32 = 0
    """Share of the traffic relative to the other endpoints; as 1 when 0."""
    service_account: Annotated[str, Text(max_length=253)] = ""
    """Service account, in the same namespace, that the workload runs as."""


class WorkloadEntry(Resource, frozen=True, kw_only=True):
    """A workload that is no pod, such as a virtual machine."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="networking.istio.io",
        kind="WorkloadEntry",
        plural="workloadentries",
        versions=("v1", "v1beta1", "v1alpha3"),
        short_names=("we",),
        categories=("istio-io", "networking-istio-io"),
        columns=(
            Column("Age", ".metadata.creationTimestamp", "date", "Time since creation"),
            Column("Address", ".spec.address", description="Address of the workload"),
        ),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: Annotated[WorkloadEntrySpec, REQUIRED, ADDRESS_REQUIRED] = WorkloadEntrySpec()
    status: IstioStatus = IstioStatus()
