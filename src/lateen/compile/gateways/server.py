# SPDX-License-Identifier: Apache-2.0
"""`GatewayServer`: one server of a Gateway, on one port of a listener."""

from __future__ import annotations

import msgspec

from lateen.compile.services.protocol import parse_protocol
from lateen.compile.services.service import Protocol
from lateen.model.networking.gateway import Server
from lateen.model.networking.server_tls import ServerTLSMode, ServerTLSSettings
from lateen.model.ref import Ref

PASSTHROUGH_MODES = (ServerTLSMode.PASSTHROUGH, ServerTLSMode.AUTO_PASSTHROUGH)


class GatewayServer(msgspec.Struct, frozen=True, cache_hash=True):
    """A server as it takes effect."""

    source: Ref
    """The Gateway."""
    server: Server
    hosts: tuple[str, ...]
    """`host` or `namespace/host`; the namespaces `.` and `*` are resolved."""
    port: int
    """The port of the listener, which differs from the server's number where a Service translates it."""

    @property
    def gateway(self) -> str:
        """The Gateway as VirtualServices name it: `namespace/name`."""
        return f"{self.source.namespace}/{self.source.name}"

    @property
    def number(self) -> int:
        """The port as the Gateway says it; rules match on this one."""
        return self.server.port.number if self.server.port is not None else 0

    @property
    def protocol(self) -> Protocol:
        """The protocol of the port."""
        return parse_protocol(self.server.port.protocol if self.server.port is not None else "")

    @property
    def tls(self) -> ServerTLSSettings | None:
        """TLS towards clients."""
        return self.server.tls

    @property
    def passes_through(self) -> bool:
        """Whether TLS is routed unopened."""
        return self.tls is not None and self.tls.mode in PASSTHROUGH_MODES

    @property
    def terminates_https(self) -> bool:
        """Whether HTTPS ends here."""
        return self.protocol is Protocol.HTTPS and self.tls is not None and not self.passes_through

    @property
    def is_http(self) -> bool:
        """Whether requests are routed, rather than connections."""
        return self.protocol.is_http or self.terminates_https

    @property
    def redirects_to_https(self) -> bool:
        """Whether plain requests are answered with a redirect."""
        return self.tls is not None and self.tls.https_redirect

    @property
    def server_names(self) -> tuple[str, ...]:
        """The TLS server names of its filter chain: its hosts without their namespaces."""
        if self.tls is None:
            return ()
        return tuple(dict.fromkeys(host.rpartition("/")[2] for host in self.hosts))

    @property
    def route_table(self) -> str:
        """The name of its route table, empty for servers that route connections.

        Servers of plain HTTP on one port (and address) share theirs; each HTTPS server has its own.
        """
        bind = f".{self.server.bind}" if self.server.bind else ""
        if self.protocol.is_http:
            return f"http.{self.port}{bind}"
        if self.terminates_https and self.server.port is not None:
            return f"https.{self.number}.{self.server.port.name}.{self.source.name}.{self.source.namespace}{bind}"
        return ""


def resolved_hosts(server: Server, namespace: str) -> tuple[str, ...]:
    """The hosts of a server of a Gateway in `namespace`: `./host` means its own namespace, `*/host` any."""
    hosts: list[str] = []
    for host in server.hosts:
        scope, slash, name = host.partition("/")
        if not slash:
            hosts.append(host)
        elif scope == ".":
            hosts.append(f"{namespace}/{name}")
        elif scope == "*":
            if name == "*":
                return ("*",)
            hosts.append(name)
        else:
            hosts.append(host)
    return tuple(hosts)
