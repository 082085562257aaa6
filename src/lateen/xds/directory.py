# SPDX-License-Identifier: Apache-2.0
"""What the server asks of the rest of the house: who a proxy is, what it should hold, which secrets it may have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from lateen.envoy.blob import Blob
from lateen.envoy.snapshot import Snapshot
from lateen.model.diagnostic import Diagnostic
from lateen.xds.node_identity import NodeIdentity

ProxyKey: TypeAlias = Any
"""Whatever the directory calls a proxy, if it can be hashed; the server only compares keys."""

Admission: TypeAlias = Callable[[NodeIdentity], NodeIdentity | Diagnostic]
"""Compares what a proxy says of itself with what the channel proves: the identity to go on with, or why not."""


class ProxyDirectory(Protocol):
    """The proxies and their configuration. None of its methods may block."""

    def connect(self, node: NodeIdentity) -> ProxyKey | Diagnostic:
        """A stream of this proxy was opened. A Diagnostic ends the stream with its text."""

    def disconnect(self, key: ProxyKey) -> None:
        """A stream that `connect` answered `key` for has ended; called once for each."""

    def snapshot(self, key: ProxyKey) -> Snapshot | None:
        """What the proxy should hold now; None while that is still being worked out (`XdsServer.publish` follows)."""

    def origin(self, key: ProxyKey, type_url: str, name: str) -> str | None:
        """The object behind a resource of this proxy, for people: `VirtualService default/reviews (a.yaml:3)`."""


class Secrets(Protocol):
    """Secrets by SDS name. It must not block."""

    def secret(self, node: NodeIdentity, name: str) -> Blob | None:
        """The secret `name` for this proxy; None if there is none or the proxy may not have it."""


def admit_as_stated(node: NodeIdentity) -> NodeIdentity:
    """Takes a proxy's word for who it is: for development, where whoever can connect is trusted."""
    return node
