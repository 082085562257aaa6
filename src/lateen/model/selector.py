# SPDX-License-Identifier: Apache-2.0
"""How policies name the workloads and resources they apply to (istio.type.v1beta1)."""

import enum
from typing import Annotated, ClassVar

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.schema import NO_WILDCARD, REQUIRED, Items, Number, Rule, Text, at_most_one


class WorkloadSelector(Message, frozen=True, kw_only=True):
    """Workloads by labels, as policies select them. All labels must agree."""

    match_labels: Annotated[
        dict[
            str,
            Annotated[
                str,
                Text(max_length=63),
                Rule(
                    "wildcard not allowed in label value match", '!self.contains("*")', lambda value: "*" not in value
                ),
            ],
        ],
        Items(maximum=4096),
        Rule(
            "wildcard not allowed in label key match",
            'self.all(key, !key.contains("*"))',
            lambda labels: not any("*" in key for key in labels),
        ),
        Rule("key must not be empty", "self.all(key, key.size() != 0)", lambda labels: "" not in labels),
    ] = msgspec.field(default_factory=FrozenMap)
    """Labels of the pod or workload entry; no wildcards. Empty selects every workload of the namespace."""


class PolicyTargetReference(Message, frozen=True, kw_only=True):
    """A resource that a policy is attached to, in the policy's own namespace."""

    group: Annotated[
        str, Text(max_length=253, pattern=r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
    ] = ""
    """API group of the target; empty for the core group."""
    kind: Annotated[
        str, REQUIRED, Text(min_length=1, max_length=63, pattern="^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$")
    ] = ""
    """Kind of the target: Gateway, GatewayClass, Service or ServiceEntry."""
    name: Annotated[str, REQUIRED, Text(min_length=1, max_length=253)] = ""
    """Name of the target."""
    namespace: Annotated[
        str,
        Rule(
            "cross namespace referencing is not currently supported",
            "self.size() == 0",
            lambda namespace: not namespace,
        ),
    ] = ""
    """Must stay empty: a policy reaches only targets of its own namespace."""


ONE_TARGET = at_most_one(
    "only one of targetRefs or selector can be set",
    selector="selector",
    target_ref="targetRef",
    target_refs="targetRefs",
)
"""Policies apply by labels or by reference."""


class WorkloadMode(enum.Enum):
    """The side of a connection on which a proxy stands."""

    UNDEFINED = "UNDEFINED"
    """Unset: either side."""
    CLIENT = "CLIENT"
    """The proxy of the caller."""
    SERVER = "SERVER"
    """The proxy of the called workload, or a gateway."""
    CLIENT_AND_SERVER = "CLIENT_AND_SERVER"
    """Either side."""


class WorkloadPortSelector(Message, frozen=True, kw_only=True):
    """A port by its number."""

    number: Annotated[int, REQUIRED, Number("uint32", 1, 65535)] = 0
    """Port number, 1 to 65535."""


class LabelSelector(Message, frozen=True, kw_only=True):
    """Workloads by labels, as the networking kinds select them. All labels must agree."""

    labels: Annotated[dict[str, Annotated[str, Text(max_length=63), NO_WILDCARD]], Items(maximum=256)] = msgspec.field(
        default_factory=FrozenMap
    )
    """Labels of the pod or workload entry; no wildcards."""


class LabelSelectorRequirement(Message, frozen=True, kw_only=True):
    """One condition of a Kubernetes label selector (meta/v1)."""

    OPEN: ClassVar[bool] = True

    key: str = ""
    operator: str = ""
    """In, NotIn, Exists or DoesNotExist."""
    values: tuple[str, ...] = ()


class KubeLabelSelector(Message, frozen=True, kw_only=True):
    """A label selector of Kubernetes (meta/v1 LabelSelector): all labels and all expressions must hold."""

    OPEN: ClassVar[bool] = True

    match_labels: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    match_expressions: tuple[LabelSelectorRequirement, ...] = ()
