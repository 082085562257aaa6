# SPDX-License-Identifier: Apache-2.0
"""The access logs that the mesh wants, as filters and listeners take them."""

from __future__ import annotations

from typing import Any as Message

import msgspec

from lateen.compile.listeners.kind import ListenerKind
from lateen.compile.mesh import mesh
from lateen.envoy.access_log import http_service, json_file, tcp_service, text_file, without_filter_chain
from lateen.incremental.engine import Engine, query
from lateen.model.mesh_config import AccessLogEncoding


class MeshLogging(msgspec.Struct, frozen=True, cache_hash=True):
    """What MeshConfig says of access logs."""

    file: str
    encoding: AccessLogEncoding
    format: str
    service: bool
    listeners: bool
    """Whether connections that no filter chain takes are written down."""


@query
def mesh_logging(db: Engine) -> MeshLogging:
    """The mesh's settings of access logs."""
    config = mesh(db)
    return MeshLogging(
        config.access_log_file,
        config.access_log_encoding,
        config.access_log_format,
        config.enable_envoy_access_log_service,
        not config.disable_envoy_listener_log,
    )


def _file(logging: MeshLogging) -> list[Message]:
    if not logging.file:
        return []
    if logging.encoding is AccessLogEncoding.TEXT:
        return [text_file(logging.file, logging.format)]
    try:
        fields = msgspec.json.decode(logging.format, type=dict[str, object]) if logging.format else None
    except msgspec.DecodeError:
        # Istio falls back to its own fields when the format is no JSON object.
        fields = None
    return [json_file(logging.file, fields)]


def http_access_log(db: Engine, kind: ListenerKind) -> list[Message]:
    """For connection managers of listeners of this kind."""
    logging = mesh_logging(db)
    return [*_file(logging), *((http_service(),) if logging.service else ())]


def tcp_access_log(db: Engine, kind: ListenerKind) -> list[Message]:
    """For tcp_proxy in listeners of this kind."""
    logging = mesh_logging(db)
    return [*_file(logging), *((tcp_service(),) if logging.service else ())]


def listener_access_log(db: Engine, kind: ListenerKind) -> list[Message]:
    """For listeners of this kind themselves."""
    logging = mesh_logging(db)
    if not logging.listeners:
        return []
    logs = [*_file(logging), *((tcp_service("listener_envoy_accesslog"),) if logging.service else ())]
    return [without_filter_chain(log) for log in logs]
