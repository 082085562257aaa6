# SPDX-License-Identifier: Apache-2.0
"""Addresses that the server listens on: `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

_SOCKET_PATH_LIMIT = 107
"""Bytes; what `sockaddr_un` has room for (unix(7))."""


class ListenAddress(NamedTuple):
    """One address; `host` and `port` are empty and 0 for a Unix socket, `path` for TCP."""

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def local(self) -> bool:
        """Whether only processes of this machine can connect, so that secrets may be served without TLS."""
        if self.path or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_listen_address(text: str) -> ListenAddress:
    """Raises ValueError with what is wrong."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.startswith("/"):
            raise ValueError(f"{text!r}: the path of the socket has to be absolute")
        if len(path.encode()) > _SOCKET_PATH_LIMIT:
            raise ValueError(f"{text!r}: a socket's path may have at most {_SOCKET_PATH_LIMIT} bytes")
        return ListenAddress(path=path)
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} is neither HOST:PORT nor unix:PATH")
    return ListenAddress(host=host.removeprefix("[").removesuffix("]") or "0.0.0.0", port=int(port))
