# SPDX-License-Identifier: Apache-2.0
"""Namespace (v1): its labels switch injection and select it in discovery."""

from typing import ClassVar

from lateen.model.message import Message
from lateen.model.resource import Resource, ResourceType


class NamespaceStatus(Message, frozen=True, kw_only=True):
    """Where the namespace is in its life."""

    OPEN: ClassVar[bool] = True

    phase: str = ""
    """Active or Terminating."""


class Namespace(Resource, frozen=True, kw_only=True):
    """A namespace."""

    OPEN: ClassVar[bool] = True
    TYPE: ClassVar[ResourceType] = ResourceType(
        group="", kind="Namespace", plural="namespaces", versions=("v1",), namespaced=False, short_names=("ns",)
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    status: NamespaceStatus = NamespaceStatus()
