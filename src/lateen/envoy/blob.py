# SPDX-License-Identifier: Apache-2.0
"""`Blob`: one Envoy resource, serialised once, addressed by its content and shared by every stream that sends it."""

from __future__ import annotations

import hashlib
from typing import Any as Message

from google.protobuf.any_pb2 import Any

_PREFIX = "type.googleapis.com/"

CLUSTER = _PREFIX + "envoy.config.cluster.v3.Cluster"
ENDPOINT = _PREFIX + "envoy.config.endpoint.v3.ClusterLoadAssignment"
LISTENER = _PREFIX + "envoy.config.listener.v3.Listener"
ROUTE = _PREFIX + "envoy.config.route.v3.RouteConfiguration"
VIRTUAL_HOST = _PREFIX + "envoy.config.route.v3.VirtualHost"
SECRET = _PREFIX + "envoy.extensions.transport_sockets.tls.v3.Secret"

VERSION_LENGTH = 12
"""Characters of a version. Envoy repeats every version when it reconnects, so they are kept short."""


class Blob:
    """A resource as it travels: `type_url`, `name`, `version` (hex digest of the body) and `body` (serialised message).

    Two blobs are equal when they are the same resource with the same content; where the configuration came from (file,
    line) is kept elsewhere and takes no part in it. `wire` is the place where `lateen.xds` keeps the form in which the
    resource goes into responses, None until it was sent for the first time.
    """

    __slots__ = ("body", "name", "type_url", "version", "wire")

    def __init__(self, type_url: str, name: str, body: bytes) -> None:
        self.type_url = type_url
        self.name = name
        self.body = body
        self.version = hashlib.blake2b(body, digest_size=VERSION_LENGTH // 2).hexdigest()
        self.wire: bytes | None = None

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Blob):
            return NotImplemented
        return self.version == other.version and self.name == other.name and self.type_url == other.type_url

    def __hash__(self) -> int:
        return hash((self.name, self.version))

    def __repr__(self) -> str:
        return f"Blob({self.type_url.rpartition('.')[2]} {self.name} {self.version}, {len(self.body)} bytes)"


def blob(name: str, message: Message) -> Blob:
    """`message` (any Envoy resource) as a Blob called `name`."""
    return Blob(_PREFIX + message.DESCRIPTOR.full_name, name, message.SerializeToString(deterministic=True))


def pack(message: Message) -> Any:
    """`message` as a protobuf Any, byte for byte the same in every process."""
    packed = Any()
    packed.Pack(message, deterministic=True)
    return packed
