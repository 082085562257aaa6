# SPDX-License-Identifier: Apache-2.0
"""Endpoints (v1): the older form of EndpointSlice, with the service's own name."""

from typing import ClassVar

from lateen.model.core.endpoint_slice import EndpointPort
from lateen.model.core.object_reference import ObjectReference
from lateen.model.message import Message
from lateen.model.resource import Resource, ResourceType


class EndpointAddress(Message, frozen=True, kw_only=True):
    """One endpoint."""

    OPEN: ClassVar[bool] = True

    ip: str = ""
    hostname: str = ""
    node_name: str = ""
    target_ref: ObjectReference | None = None


class EndpointSubset(Message, frozen=True, kw_only=True):
    """Every address with every port."""

    OPEN: ClassVar[bool] = True

    addresses: tuple[EndpointAddress, ...] = ()
    not_ready_addresses: tuple[EndpointAddress, ...] = ()
    ports: tuple[EndpointPort, ...] = ()


class Endpoints(Resource, frozen=True, kw_only=True):
    """The endpoints of the service of the same name."""

    OPEN: ClassVar[bool] = True
    TYPE: ClassVar[ResourceType] = ResourceType(
        group="", kind="Endpoints", plural="endpoints", versions=("v1",), short_names=("ep",)
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    subsets: tuple[EndpointSubset, ...] = ()
