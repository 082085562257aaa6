# SPDX-License-Identifier: Apache-2.0
"""The chains that a service contributes to an outbound listener for bytes: by VirtualServices' rules, or to itself."""

from __future__ import annotations

import msgspec

from lateen.compile.listeners.outbound_entry import TcpPart
from lateen.compile.listeners.tcp_route import Client, TcpRoute, rule_route, service_route
from lateen.compile.mesh import domain
from lateen.compile.routing.aliases import aliases_of
from lateen.compile.routing.domains import short_names
from lateen.compile.routing.source_match import RouteClient, l4_match_applies
from lateen.compile.routing.virtual_service import qualified
from lateen.envoy.filter_chain import ChainMatch
from lateen.incremental.engine import Engine
from lateen.model.ref import Ref


class TcpChain(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """One filter chain for bytes."""

    match: ChainMatch
    route: TcpRoute
    source: Ref
    """The VirtualService, or else the service, behind it."""


def service_chains(db: Engine, client: Client, part: TcpPart, rules: tuple[Ref, ...]) -> tuple[TcpChain, ...]:
    """The chains of one service on one listener port, in order; `rules` are the VirtualServices that may concern it."""
    return _tls_chains(db, client, part, rules) if part.tls else _tcp_chains(db, client, part, rules)


def _tls_chains(db: Engine, client: Client, part: TcpPart, rules: tuple[Ref, ...]) -> tuple[TcpChain, ...]:
    """By server name. One rule that applies suffices to leave the service without a chain of its own."""
    here = RouteClient(client.namespace, part.port, labels=client.labels)
    found: list[TcpChain] = []
    seen: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    cidrs = part.cidrs
    for ref in rules:
        spec = qualified(db, ref)
        for route in spec.tls if spec is not None else ():
            for match in route.match:
                if not l4_match_applies(match, here):
                    continue
                if match.destination_subnets and part.port:
                    # Istio keeps them for the matches that follow, too.
                    cidrs = match.destination_subnets
                condition = (match.sni_hosts, match.destination_subnets)
                to = rule_route(db, client, route.route, ref, part.port, mongo=part.mongo)
                if condition in seen or to is None:
                    continue
                seen.add(condition)
                at = ChainMatch(server_names=match.sni_hosts, cidrs=cidrs)
                found.append(TcpChain(match=at, route=to, source=ref))
    if found:
        return tuple(found)
    names: tuple[str, ...] = ()
    if part.by_name:
        names = (part.service.hostname, *_alias_names(db, client, part.service.hostname))
    to = service_route(db, client, part.service, part.cluster_port, mongo=part.mongo)
    return (TcpChain(match=ChainMatch(server_names=names, cidrs=cidrs), route=to, source=part.source),)


def _alias_names(db: Engine, client: Client, hostname: str) -> list[str]:
    """Every form in which clients of the namespace may write the names of ExternalName services that lead here."""
    search = f"{client.namespace}.svc.{domain(db)}"
    return [form for alias in aliases_of(db, hostname) for form in (alias, *short_names(alias, search))]


def _tcp_chains(db: Engine, client: Client, part: TcpPart, rules: tuple[Ref, ...]) -> tuple[TcpChain, ...]:
    """By destination blocks; the first rule without any is for all connections and ends the list."""
    here = RouteClient(client.namespace, part.port, labels=client.labels)
    found: list[TcpChain] = []
    for ref in rules:
        spec = qualified(db, ref)
        for route in spec.tcp if spec is not None else ():
            to = rule_route(db, client, route.route, ref, part.port, mongo=part.mongo)
            if to is None:
                continue
            blocks: list[str] = []
            for match in route.match:
                if not l4_match_applies(match, here):
                    continue
                if not match.destination_subnets or not part.port:
                    found.append(_for_service(part, to, ref))
                    return tuple(found)
                blocks += match.destination_subnets
            if not route.match:
                found.append(_for_service(part, to, ref))
                return tuple(found)
            if blocks:
                found.append(TcpChain(match=ChainMatch(cidrs=tuple(blocks)), route=to, source=ref))
                if sorted(blocks) == sorted(part.cidrs):
                    return tuple(found)
    found.append(_for_service(part, service_route(db, client, part.service, part.cluster_port, mongo=part.mongo)))
    return tuple(found)


def _for_service(part: TcpPart, to: TcpRoute, rule: Ref | None = None) -> TcpChain:
    """For all connections to the service."""
    return TcpChain(match=ChainMatch(cidrs=part.cidrs), route=to, source=rule or part.source)
