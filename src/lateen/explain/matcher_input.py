# SPDX-License-Identifier: Apache-2.0
"""The inputs of xDS matcher trees (envoy.extensions.matching.common_inputs.network.v3, envoy.type.matcher.v3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any as Message

from msgspec import Struct

from lateen.explain.any_message import unpack
from lateen.explain.connection import Connection
from lateen.explain.http_view import HttpView

_NETWORK = "envoy.extensions.matching.common_inputs.network.v3."
_HTTP = "envoy.type.matcher.v3."


class Subject(Struct, frozen=True):
    """What a tree is asked about: a connection, or a request (or both)."""

    connection: Connection | None = None
    view: HttpView | None = None


def value(config: Message, subject: Subject) -> str | None:
    """The text of an input, or None if the subject has no such thing (or the input is of an unknown kind)."""
    name, message = unpack(config.typed_config)
    if message is None:
        return None
    if name.startswith(_NETWORK) and subject.connection is not None:
        return _network(name.removeprefix(_NETWORK), subject.connection)
    if subject.view is not None:
        return _http(name, message, subject.view)
    return None


def _network(kind: str, connection: Connection) -> str | None:
    values: Mapping[str, str] = {
        "DestinationIPInput": connection.local.ip,
        "DestinationPortInput": str(connection.local.port),
        "SourceIPInput": connection.source.ip,
        "SourcePortInput": str(connection.source.port),
        "DirectSourceIPInput": connection.direct_source.ip,
        "SourceTypeInput": "local" if connection.from_same_host else "",
        "ServerNameInput": connection.server_name,
        "TransportProtocolInput": connection.transport_protocol,
        "ApplicationProtocolInput": ",".join(f"'{p}'" for p in connection.application_protocols),
    }
    return values.get(kind) or None


def _http(name: str, message: Message, view: HttpView) -> str | None:
    if name == _HTTP + "HttpRequestHeaderMatchInput":
        return view.header(message.header_name)
    if name == _HTTP + "HttpRequestQueryParamMatchInput":
        return view.query.get(message.query_param)
    return None
