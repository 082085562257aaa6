# SPDX-License-Identifier: Apache-2.0
"""DestinationRule: what applies to traffic once it is routed (networking.istio.io)."""

from typing import Annotated, ClassVar

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.networking.traffic_policy import TrafficPolicy
from lateen.model.resource import Column, Resource, ResourceType
from lateen.model.schema import REQUIRED
from lateen.model.selector import WorkloadSelector


class Subset(Message, frozen=True, kw_only=True):
    """A named part of a service's endpoints."""

    name: Annotated[str, REQUIRED] = ""
    """Name, for routes to refer to; a DNS label."""
    labels: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    """Labels that endpoints of the subset have; all of them. Every endpoint when empty."""
    traffic_policy: TrafficPolicy | None = None
    """Policies of this subset; what it does not say is inherited from the rule."""


class DestinationRuleSpec(Message, frozen=True, kw_only=True):
    """Policies for the traffic to a host."""

    host: Annotated[str, REQUIRED] = ""
    """Service name; a short one is completed with the namespace of the rule. Wildcards such as *.example.com."""
    traffic_policy: TrafficPolicy | None = None
    """Policies of the host: load balancing, connection limits, outlier detection, TLS."""
    subsets: tuple[Subset, ...] = ()
    """Named parts of the endpoints, with policies of their own."""
    export_to: tuple[str, ...] = ()
    """Namespaces that see it: `.` for its own, `*` for all, or names. The default of the mesh when empty."""
    workload_selector: WorkloadSelector | None = None
    """Client workloads, in the rule's namespace, to which it applies; all when left out."""


class DestinationRule(Resource, frozen=True, kw_only=True):
    """What applies to traffic once it is routed."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="networking.istio.io",
        kind="DestinationRule",
        plural="destinationrules",
        versions=("v1", "v1beta1", "v1alpha3"),
        short_names=("dr",),
        categories=("istio-io", "networking-istio-io"),
        columns=(
            Column("Host", ".spec.host", description="Host whose traffic it governs"),
            Column("Age", ".metadata.creationTimestamp", "date", "Time since creation"),
        ),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: DestinationRuleSpec = DestinationRuleSpec()
