# SPDX-License-Identifier: Apache-2.0
"""Secret (v1): certificates and keys."""

from typing import ClassVar

import msgspec

from lateen.model.message import FrozenMap
from lateen.model.resource import Resource, ResourceType


class Secret(Resource, frozen=True, kw_only=True):
    """Confidential data."""

    OPEN: ClassVar[bool] = True
    TYPE: ClassVar[ResourceType] = ResourceType(group="", kind="Secret", plural="secrets", versions=("v1",))

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    type: str = ""
    """kubernetes.io/tls, Opaque, …"""
    data: dict[str, bytes] = msgspec.field(default_factory=FrozenMap)
    """Decoded from base64."""
    string_data: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    """Written in plain; wins over `data`."""
