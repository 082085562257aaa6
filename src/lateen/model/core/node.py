# SPDX-License-Identifier: Apache-2.0
"""Node (v1): its labels give the locality of its pods, its addresses serve node ports."""

from typing import ClassVar

from lateen.model.message import Message
from lateen.model.resource import Resource, ResourceType


class NodeAddress(Message, frozen=True, kw_only=True):
    """An address of a node."""

    OPEN: ClassVar[bool] = True

    type: str = ""
    """InternalIP, ExternalIP, Hostname, InternalDNS or ExternalDNS."""
    address: str = ""
    """The address."""


class NodeStatus(Message, frozen=True, kw_only=True):
    """What is known of a node."""

    OPEN: ClassVar[bool] = True

    addresses: tuple[NodeAddress, ...] = ()
    """Addresses by which it can be reached."""


class Node(Resource, frozen=True, kw_only=True):
    """A node. topology.kubernetes.io/region and …/zone, topology.istio.io/subzone are its locality."""

    OPEN: ClassVar[bool] = True
    TYPE: ClassVar[ResourceType] = ResourceType(
        group="", kind="Node", plural="nodes", versions=("v1",), namespaced=False, short_names=("no",)
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    status: NodeStatus = NodeStatus()
