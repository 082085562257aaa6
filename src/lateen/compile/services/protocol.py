# SPDX-License-Identifier: Apache-2.0
"""Protocol selection: what a port speaks, by its appProtocol, name or number (istio.io, "Protocol Selection")."""

from __future__ import annotations

from lateen.compile.services.service import Protocol

_NAMES = {
    "tcp": Protocol.TCP,
    "udp": Protocol.UDP,
    "grpc": Protocol.GRPC,
    "grpc-web": Protocol.GRPC_WEB,
    "http": Protocol.HTTP,
    "http_proxy": Protocol.HTTP_PROXY,
    "http2": Protocol.HTTP2,
    "https": Protocol.HTTPS,
    "tls": Protocol.TLS,
    "mongo": Protocol.MONGO,
    "redis": Protocol.REDIS,
    "mysql": Protocol.MYSQL,
    "hbone": Protocol.HBONE,
}

_KUBERNETES = {
    "kubernetes.io/h2c": Protocol.HTTP2,
    "kubernetes.io/ws": Protocol.HTTP,
    "kubernetes.io/wss": Protocol.HTTPS,
}
"""Kubernetes' own names, allowed in appProtocol only."""

_SERVER_FIRST = frozenset({25, 53, 3306, 27017})
"""Ports of SMTP, DNS, MySQL and MongoDB: where the server speaks first nothing can be sniffed, so they count as TCP."""


def parse_protocol(name: str) -> Protocol:
    """The protocol called `name`, in any case; UNSUPPORTED for anything else."""
    return _NAMES.get(name.lower(), Protocol.UNSUPPORTED)


def select_protocol(number: int, name: str, transport: str, app_protocol: str) -> Protocol:
    """The protocol of a Kubernetes port: appProtocol, else the prefix of its name up to a dash, else by its number."""
    if transport == "UDP":
        return Protocol.UDP
    if app_protocol:
        known = _KUBERNETES.get(app_protocol)
        if known is not None:
            return known
        name = app_protocol
    if name.lower().startswith("grpc-web"):
        return Protocol.GRPC_WEB
    protocol = parse_protocol(name.partition("-")[0])
    if protocol is Protocol.UNSUPPORTED and number in _SERVER_FIRST:
        return Protocol.TCP
    return protocol
