# SPDX-License-Identifier: Apache-2.0
"""Protocol selection, as Istio's documentation has it."""

from __future__ import annotations

import pytest

from lateen.compile.services.protocol import select_protocol
from lateen.compile.services.service import Protocol


@pytest.mark.parametrize(
    ("number", "name", "transport", "app_protocol", "expected"),
    [
        (80, "http", "TCP", "", Protocol.HTTP),
        (80, "http-web", "TCP", "", Protocol.HTTP),
        (80, "HTTP2-web", "TCP", "", Protocol.HTTP2),
        (80, "grpc-web-port", "TCP", "", Protocol.GRPC_WEB),
        (80, "grpc-web", "TCP", "", Protocol.GRPC_WEB),
        (80, "grpc-api", "TCP", "", Protocol.GRPC),
        (80, "httpweb", "TCP", "", Protocol.UNSUPPORTED),
        (443, "https", "TCP", "", Protocol.HTTPS),
        (443, "tls-x", "TCP", "", Protocol.TLS),
        (9000, "", "TCP", "", Protocol.UNSUPPORTED),
        (53, "dns", "UDP", "", Protocol.UDP),
        (80, "udp-x", "TCP", "", Protocol.UDP),
        (3306, "", "TCP", "", Protocol.TCP),
        (3306, "mysql", "TCP", "", Protocol.MYSQL),
        (3306, "http", "TCP", "", Protocol.HTTP),
        (25, "smtp", "TCP", "", Protocol.TCP),
        (80, "tcp", "TCP", "http", Protocol.HTTP),
        (80, "tcp", "TCP", "kubernetes.io/h2c", Protocol.HTTP2),
        (80, "tcp", "TCP", "kubernetes.io/ws", Protocol.HTTP),
        (80, "tcp", "TCP", "kubernetes.io/wss", Protocol.HTTPS),
        (80, "http", "TCP", "example.com/own", Protocol.UNSUPPORTED),
        (80, "kubernetes.io/h2c", "TCP", "", Protocol.UNSUPPORTED),
    ],
)
def test_selection(number: int, name: str, transport: str, app_protocol: str, expected: Protocol) -> None:
    assert select_protocol(number, name, transport, app_protocol) is expected
