# SPDX-License-Identifier: Apache-2.0
"""Envoy's typed extensions: a name, and the configuration packed so that equal ones have equal bytes."""

from __future__ import annotations

from typing import Any as Message

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import base_pb2, extension_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2

from lateen.envoy.blob import pack


def network_filter(name: str, config: Message) -> Message:
    """A filter of a filter chain."""
    return listener_components_pb2.Filter(name=name, typed_config=pack(config))


def http_filter(name: str, config: Message) -> Message:
    """A filter of an HTTP connection manager. Envoy goes by the type of `config`, people and patches by the name."""
    return http_connection_manager_pb2.HttpFilter(name=name, typed_config=pack(config))


def listener_filter(name: str, config: Message) -> Message:
    """A filter that looks at a connection before a filter chain is chosen."""
    return listener_components_pb2.ListenerFilter(name=name, typed_config=pack(config))


def access_logger(name: str, config: Message) -> Message:
    """A destination of access log entries."""
    return accesslog_pb2.AccessLog(name=name, typed_config=pack(config))


def transport_socket(name: str, config: Message) -> Message:
    """What a connection's bytes are wrapped in."""
    return base_pb2.TransportSocket(name=name, typed_config=pack(config))


def typed_extension(name: str, config: Message) -> Message:
    """Any other extension point."""
    return extension_pb2.TypedExtensionConfig(name=name, typed_config=pack(config))
