# SPDX-License-Identifier: Apache-2.0
"""The transport socket towards an endpoint: Cluster.transport_socket_matches, by the endpoint's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any as Message

from lateen.explain.any_message import unpack
from lateen.explain.route_action import value_text

_METADATA = "envoy.transport_socket_match"
_TLS = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"

Socket = tuple[str, str]
"""The name of the match (else the cluster's own socket, else `raw_buffer`), and the server name if it is TLS."""


class TransportSockets:
    """The sockets of one cluster."""

    def __init__(self, cluster: Message) -> None:
        self._matches = tuple(
            (_texts(m.match), (m.name, _server_name(m.transport_socket))) for m in cluster.transport_socket_matches
        )
        self._own: Socket = ("raw_buffer", "")
        if cluster.HasField("transport_socket"):
            self._own = (cluster.transport_socket.name, _server_name(cluster.transport_socket))

    def choose(self, endpoint: Message, locality: Message) -> Socket:
        """The socket for an LbEndpoint.

        Its metadata decides, and only where nothing matches them its locality's: the first match that asks for nothing
        else than they say.
        """
        if not self._matches:
            return self._own
        for metadata in (endpoint.metadata, locality.metadata):
            has = _texts(metadata.filter_metadata[_METADATA]) if _METADATA in metadata.filter_metadata else {}
            for wanted, socket in self._matches:
                if all(has.get(k) == v for k, v in wanted.items()):
                    return socket
        return self._own


def _texts(struct: Message) -> Mapping[str, str]:
    return {k: value_text(v) for k, v in struct.fields.items()}


def _server_name(socket: Message) -> str:
    name, context = unpack(socket.typed_config)
    return context.sni if context is not None and name == _TLS else ""
