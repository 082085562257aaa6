# SPDX-License-Identifier: Apache-2.0
"""PeerAuthentication: whether workloads demand mutual TLS (security.istio.io)."""

import enum
from typing import Annotated, ClassVar

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.resource import Column, Resource, ResourceType
from lateen.model.schema import Items, Rule
from lateen.model.selector import WorkloadSelector


class MutualTLSMode(enum.Enum):
    """What a workload accepts."""

    UNSET = "UNSET"
    """What the wider policy says; PERMISSIVE where there is none."""
    DISABLE = "DISABLE"
    """Plain text only."""
    PERMISSIVE = "PERMISSIVE"
    """Plain text and mutual TLS."""
    STRICT = "STRICT"
    """Mutual TLS only."""


class MutualTLS(Message, frozen=True, kw_only=True):
    """Mutual TLS settings."""

    mode: MutualTLSMode = MutualTLSMode.UNSET
    """What is accepted."""


class PeerAuthenticationSpec(Message, frozen=True, kw_only=True):
    """Whether workloads demand mutual TLS."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "portLevelMtls requires selector",
            "has(self.portLevelMtls) ? (((has(self.selector) && has(self.selector.matchLabels)) ? "
            "self.selector.matchLabels : {}).size() > 0) : true",
            lambda spec: "port_level_mtls" not in spec or bool("selector" in spec and spec["selector"].match_labels),
        ),
    )

    selector: WorkloadSelector | None = None
    """Workloads of this namespace; all of them, or of the mesh when in the root namespace, when left out."""
    mtls: MutualTLS | None = None
    """Setting for all ports; that of the wider policy when left out."""
    port_level_mtls: Annotated[
        dict[int, MutualTLS],
        Items(minimum=1),
        Rule(
            "port must be between 1-65535",
            "self.all(key, 0 < int(key) && int(key) <= 65535)",
            lambda ports: all(0 < port <= 65535 for port in ports),
        ),
    ] = msgspec.field(default_factory=FrozenMap)
    """Settings by port number of the workload (not of the service). Needs a selector."""


class PeerAuthentication(Resource, frozen=True, kw_only=True):
    """Whether workloads demand mutual TLS."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="security.istio.io",
        kind="PeerAuthentication",
        plural="peerauthentications",
        versions=("v1", "v1beta1"),
        short_names=("pa",),
        categories=("istio-io", "security-istio-io"),
        columns=(
            Column("Mode", ".spec.mtls.mode", description="What workloads accept"),
            Column("Age", ".metadata.creationTimestamp", "date", "Time since creation"),
        ),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: PeerAuthenticationSpec = PeerAuthenticationSpec()
