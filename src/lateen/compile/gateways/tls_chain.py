# SPDX-License-Identifier: Apache-2.0
"""The filter chains of servers that pass TLS through unopened, chosen by the server names that rules list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any as Message

from lateen.compile.gateways.host_match import may_carry
from lateen.compile.gateways.http_chain import HANDSHAKE_TIMEOUT
from lateen.compile.gateways.rules import rule_hosts, rules_of
from lateen.compile.gateways.server import GatewayServer
from lateen.compile.gateways.tcp_chain import l4_match
from lateen.compile.listeners.kind import ListenerKind
from lateen.compile.listeners.tcp_route import Client, rule_route, tcp_route_filters
from lateen.compile.routing.virtual_service import complete
from lateen.compile.services.service import Protocol
from lateen.envoy.filter_chain import ChainMatch, filter_chain
from lateen.incremental.engine import Engine
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.ref import Ref


class TakenNames:
    """The server names that chains of one port already have on its addresses: Envoy refuses a second chain for one."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, str]] = set()

    def take(self, names: tuple[str, ...], bind: str) -> str | None:
        """Take the names for a chain on an address; or answer the first that another one has, and take none."""
        for name in names:
            if (name, bind) in self._taken:
                return name
        self._taken.update((name, bind) for name in names)
        return None

    def take_all(self, db: Engine, server: GatewayServer) -> bool:
        """Take the names of a server that ends TLS; False, and a Diagnostic, if one of them is another server's."""
        twice = self.take(server.server_names, server.server.bind)
        if twice is not None:
            db.report(
                Diagnostic(
                    severity=Severity.WARNING,
                    code="duplicate-server-name",
                    ref=server.source,
                    field="spec.servers",
                    message=f"the server on port {server.port} is left out: {twice} is another server's already",
                    hint="have only one server of a port end TLS for a host, whatever the namespaces before it",
                )
            )
        return twice is None


def tls_chains(db: Engine, client: Client, server: GatewayServer, taken: TakenNames) -> Iterator[Message]:
    """One chain for each match of a tls route that holds for the server."""
    for ref in rules_of(db, server.gateway, client.namespace):
        if not may_carry(server.hosts, ref.namespace, rule_hosts(db, ref)):
            continue
        spec = complete(db, ref)
        for number, tls in enumerate(spec.tls if spec is not None else ()):
            for at, match in enumerate(tls.match):
                if not tls.route or not l4_match(match, server):
                    continue
                twice = taken.take(match.sni_hosts, server.server.bind)
                if twice is not None:
                    _report(db, ref, f"spec.tls[{number}].match[{at}]", twice, server)
                    continue
                mongo = server.protocol is Protocol.MONGO
                route = rule_route(db, client, tls.route, ref, server.number, mongo=mongo)
                if route is not None:
                    filters = tcp_route_filters(db, route, ListenerKind.GATEWAY)
                    match_names = ChainMatch(server_names=match.sni_hosts)
                    yield filter_chain(filters, match=match_names, handshake_timeout=HANDSHAKE_TIMEOUT)


def _report(db: Engine, ref: Ref, field: str, name: str, server: GatewayServer) -> None:
    db.report(
        Diagnostic(
            severity=Severity.WARNING,
            code="duplicate-server-name",
            ref=ref,
            field=f"{field}.sniHosts",
            message=f"the match is left out: {name} of Gateway {server.gateway}:{server.port} is routed already",
            hint="name every server name in one match only",
        )
    )
