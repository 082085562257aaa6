# SPDX-License-Identifier: Apache-2.0
"""The servers of all Gateways that one proxy runs, joined into listeners; and what cannot be joined.

Servers are taken in the order of their Gateways' age. On one port and address, plain HTTP joins plain HTTP and TLS
joins TLS; whatever else meets an older server is left out and named in a Diagnostic.
"""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.gateways.ports import listener_ports
from lateen.compile.gateways.selection import gateways_of, services_of
from lateen.compile.gateways.server import GatewayServer, resolved_hosts
from lateen.compile.services.instances import ServiceTarget
from lateen.compile.services.service import Protocol
from lateen.compile.workload import Labels
from lateen.incremental.engine import Engine, query
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.message import FrozenMap
from lateen.model.networking.gateway import Gateway


class ServerPort(NamedTuple):
    """Servers of one port, address and protocol form one group; groups of one port and address one listener."""

    port: int
    protocol: str
    """As the Gateway writes it."""
    bind: str


class MergedGateways(NamedTuple):
    """What a gateway proxy has to do."""

    groups: tuple[tuple[ServerPort, tuple[GatewayServer, ...]], ...]
    """In the order in which they came up."""
    tables: FrozenMap[str, tuple[GatewayServer, ...]]
    """Route table -> the servers whose requests it routes."""


@query
def merged_gateways(db: Engine, labels: Labels, targets: tuple[ServiceTarget, ...]) -> MergedGateways:
    """The servers of a proxy with these labels, behind these Service ports."""
    merge = _Merge(db)
    for gateway in gateways_of(db, labels, frozenset(target.key.hostname for target in targets)):
        names: set[str] = set()
        for index, server in enumerate(gateway.spec.servers):
            if server.port is None:
                continue
            if server.name:
                if server.name in names:
                    merge.refuse(gateway, index, f"another server of the Gateway is already called {server.name}")
                    continue
                names.add(server.name)
            hosts = resolved_hosts(server, gateway.namespace)
            for port in listener_ports(db, server.port.number, targets, services_of(gateway)):
                merge.add(gateway, index, GatewayServer(gateway.ref, server, hosts, port))
    return merge.done()


class _Merge:
    """A merge in the making."""

    def __init__(self, db: Engine) -> None:
        self._db = db
        self._groups: dict[ServerPort, list[GatewayServer]] = {}
        self._tables: dict[str, list[GatewayServer]] = {}
        self._plain: dict[int, ServerPort] = {}
        """port -> the group of plain text that came first."""
        self._taken: set[int] = set()
        self._binds: dict[int, set[str]] = {}
        """port -> addresses of the servers that joined a port that TLS came to first."""
        self._names: dict[tuple[int, str], tuple[str, GatewayServer]] = {}
        """(port, host) -> the last address and server that has the host for TLS."""

    def done(self) -> MergedGateways:
        return MergedGateways(
            tuple((key, tuple(servers)) for key, servers in self._groups.items()),
            FrozenMap({name: tuple(servers) for name, servers in self._tables.items()}),
        )

    def refuse(self, gateway: Gateway, index: int, why: str) -> None:
        self._db.report(
            Diagnostic(
                severity=Severity.WARNING,
                code="gateway-server-refused",
                ref=gateway.ref,
                field=f"spec.servers[{index}]",
                message=f"the server is left out: {why}",
                hint="give it another port, bind or host, or remove one of the two",
            )
        )

    def add(self, gateway: Gateway, index: int, new: GatewayServer) -> None:
        """Find the place of one server."""
        if new.tls is not None and (older := self._duplicate(new)) is not None:
            host, server = older
            self.refuse(gateway, index, f"{host} on port {new.port} already belongs to Gateway {server.gateway}")
            return
        assert new.server.port is not None
        key = ServerPort(new.port, new.server.port.protocol, new.server.bind)
        if new.port not in self._taken:
            self._taken.add(new.port)
            if new.tls is None or new.protocol.is_http:
                self._plain[new.port] = key
            self._groups[key] = [new]
            if new.is_http:
                self._tables[new.route_table] = [new]
        elif new.port in self._plain:
            self._join_plain(gateway, index, key, new)
        else:
            self._join_tls(gateway, index, key, new)

    def _duplicate(self, new: GatewayServer) -> tuple[str, GatewayServer] | None:
        """A host that is another server's on this port and address already; otherwise the hosts are now this one's."""
        for host in new.hosts:
            bind, older = self._names.get((new.port, host), (None, None))
            if older is not None and bind == new.server.bind:
                return host, older
        for host in new.hosts:
            self._names[new.port, host] = (new.server.bind, new)
        return None

    def _join_plain(self, gateway: Gateway, index: int, key: ServerPort, new: GatewayServer) -> None:
        current = self._plain[new.port]
        if current.bind == key.bind:
            older = self._groups[current][0]
            if not _share_http(older.protocol, new.protocol) or not new.route_table:
                what = f"{older.protocol.value} of Gateway {older.gateway}"
                self.refuse(gateway, index, f"port {new.port} is already used for {what}")
                return
            self._groups[current].append(new)
        else:
            self._groups.setdefault(key, []).append(new)
            # Istio compares with the last address only.
            self._plain[new.port] = key
        if new.is_http:
            self._tables.setdefault(new.route_table, []).append(new)

    def _join_tls(self, gateway: Gateway, index: int, key: ServerPort, new: GatewayServer) -> None:
        if new.is_http:
            if new.route_table in self._tables:
                self.refuse(gateway, index, f"port {new.port} has a server with the same port name already")
                return
            self._tables[new.route_table] = [new]
        binds = self._binds.setdefault(new.port, set())
        is_new_bind = new.server.bind not in binds
        binds.add(new.server.bind)
        if new.tls is None and not is_new_bind:
            self.refuse(gateway, index, f"port {new.port} is already used for TLS, and the server has none")
            return
        self._groups.setdefault(key, []).append(new)


def _share_http(older: Protocol, newer: Protocol) -> bool:
    return older.is_http and newer.is_http
