# SPDX-License-Identifier: Apache-2.0
"""What every API object has: type, metadata, identity."""

from typing import ClassVar

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.ref import Ref
from lateen.model.schema import Int64


class OwnerReference(Message, frozen=True, kw_only=True):
    """The object that this one belongs to; deleted with it (meta/v1)."""

    OPEN: ClassVar[bool] = True

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class ObjectMeta(Message, frozen=True, kw_only=True):
    """Name, place and marks of an object (meta/v1 ObjectMeta)."""

    OPEN: ClassVar[bool] = True

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    """Empty for cluster-scoped kinds."""
    labels: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    annotations: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    creation_timestamp: str = ""
    """RFC 3339, UTC; empty for documents that never were in an API server. Older objects win conflicts."""
    deletion_timestamp: str = ""
    """RFC 3339, UTC; set while the object waits for its finalizers."""
    uid: str = ""
    resource_version: str = ""
    generation: Int64 = 0
    owner_references: tuple[OwnerReference, ...] = ()
    finalizers: tuple[str, ...] = ()


class Column(msgspec.Struct, frozen=True):
    """One column of `kubectl get`."""

    name: str
    path: str
    type: str = "string"
    description: str = ""


class ResourceType(msgspec.Struct, frozen=True, kw_only=True):
    """How the Kubernetes API serves a kind."""

    group: str
    """Empty for the core group."""
    kind: str
    plural: str
    versions: tuple[str, ...]
    """The first is the one that objects of the model carry; documents of any of them mean the same."""
    stored: str = ""
    """The version that an API server stores; the first one when empty."""
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    status: bool = False
    """Whether it has the status subresource."""

    @property
    def api_version(self) -> str:
        """The apiVersion that objects of the model carry."""
        return f"{self.group}/{self.versions[0]}" if self.group else self.versions[0]


class Resource(Message, frozen=True, kw_only=True):
    """An API object. Its `api_version` is that of its class, whatever version the document had."""

    TYPE: ClassVar[ResourceType]

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = ObjectMeta()

    @property
    def ref(self) -> Ref:
        """The identity of this object."""
        kind = type(self).TYPE
        return Ref(kind.kind, self.metadata.namespace, self.metadata.name, kind.group)

    @property
    def name(self) -> str:
        """`metadata.name`"""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """`metadata.namespace`"""
        return self.metadata.namespace
