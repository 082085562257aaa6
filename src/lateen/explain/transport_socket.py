# SPDX-License-Identifier: Apache-2.0
"""The transport socket towards an endpoint: Cluster.transport_socket_matches, by the endpoint's metadata."""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.any_message import unpack
from lateen.explain.route_action import value_text

_METADATA = "envoy.transport_socket_match"
_TLS = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"


def transport_socket(cluster: Message, endpoint: Message, locality: Message) -> tuple[str, str]:
    """The name of the socket for an LbEndpoint, and the server name (SNI) if it is TLS.

    The endpoint's metadata decides, and only where nothing matches them its locality's: the first match that asks for
    nothing else than they say.
    """
    for metadata in (endpoint.metadata, locality.metadata):
        has = {}
        if _METADATA in metadata.filter_metadata:
            has = {k: value_text(v) for k, v in metadata.filter_metadata[_METADATA].fields.items()}
        for match in cluster.transport_socket_matches:
            if all(has.get(k) == value_text(v) for k, v in match.match.fields.items()):
                return match.name, _server_name(match.transport_socket)
    if cluster.HasField("transport_socket"):
        return cluster.transport_socket.name, _server_name(cluster.transport_socket)
    return "raw_buffer", ""


def _server_name(socket: Message) -> str:
    name, context = unpack(socket.typed_config)
    return context.sni if context is not None and name == _TLS else ""
