# SPDX-License-Identifier: Apache-2.0
"""ConfigMap (v1): the mesh's own configuration, and authorities for TLS."""

from typing import ClassVar

import msgspec

from lateen.model.message import FrozenMap
from lateen.model.resource import Resource, ResourceType


class ConfigMap(Resource, frozen=True, kw_only=True):
    """Configuration data."""

    OPEN: ClassVar[bool] = True
    TYPE: ClassVar[ResourceType] = ResourceType(
        group="", kind="ConfigMap", plural="configmaps", versions=("v1",), short_names=("cm",)
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    data: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    binary_data: dict[str, bytes] = msgspec.field(default_factory=FrozenMap)
    """Decoded from base64."""
