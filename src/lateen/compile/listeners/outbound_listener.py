# SPDX-License-Identifier: Apache-2.0
"""One outbound listener: the chains of its parts, put together."""

from __future__ import annotations

from typing import Any as Message
from typing import TypeAlias

import msgspec

from lateen.compile.clusters.client import Families
from lateen.compile.listeners.catch_all import CatchAll, catch_all, catch_all_chain
from lateen.compile.listeners.kind import ListenerKind
from lateen.compile.listeners.outbound_chains import TcpChain, service_chains
from lateen.compile.listeners.outbound_entry import HttpPart, OutboundEntry
from lateen.compile.listeners.outbound_http import outbound_http_filter, plain_http
from lateen.compile.listeners.proxy_metadata import proxy_switches
from lateen.compile.listeners.tcp_route import Client, tcp_route_filters
from lateen.compile.mesh import mesh
from lateen.envoy.blob import Blob, blob
from lateen.envoy.filter_chain import RAW_BUFFER, ChainMatch, Combination, filter_chain, is_server_name
from lateen.envoy.listener import OUTBOUND, listener, listener_name
from lateen.envoy.listener_filter import http_inspector, tls_inspector
from lateen.envoy.metadata import config_path, metadata
from lateen.incremental.engine import Engine, query
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.ref import Ref

HANDSHAKE_TIMEOUT = 15
"""Seconds in which a TLS handshake must be done, against those who never finish one."""


Rules: TypeAlias = tuple[tuple[Ref, ...], ...]
"""For each part of an entry the VirtualServices with tcp or tls routes that may concern it; empty if there are none."""


class HttpChain(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """One filter chain for requests."""

    match: ChainMatch
    part: HttpPart


class OutboundListener(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Everything that makes an outbound listener, alike for all proxies that have it."""

    binds: tuple[str, ...]
    port: int
    bind_to_port: bool
    chains: tuple[HttpChain | TcpChain, ...]


@query
def outbound_listener(
    db: Engine, client: Client, families: Families, entry: OutboundEntry, rules: Rules
) -> Blob | None:
    """The listener of an entry of the plan, for this client."""
    chains: list[HttpChain | TcpChain] = []
    taken: set[Combination] = set()
    for position, part in enumerate(entry.parts):
        new: tuple[HttpChain | TcpChain, ...]
        if isinstance(part, HttpPart):
            transport, applications = (RAW_BUFFER, plain_http(db)) if part.sniffed else ("", ())
            new = (HttpChain(match=ChainMatch(transport=transport, applications=applications), part=part),)
        else:
            new = service_chains(db, client, part, rules[position] if rules else ())
        for chain in new:
            match = _matchable(db, entry, chain)
            left = match.without(taken) if match is not None else None
            if match is not None and left != match:
                _report(db, entry, chain, "an older service or rule takes some of its connections already")
            if left is not None:
                taken |= left.combinations
                chains.append(msgspec.structs.replace(chain, match=left))
    described = OutboundListener(
        binds=entry.binds, port=entry.port, bind_to_port=entry.bind_to_port, chains=tuple(chains)
    )
    unclaimed = catch_all(db, client.sidecar)
    return rendered(db, described, unclaimed, families if unclaimed.dynamic_dns else None)


def _matchable(db: Engine, entry: OutboundEntry, chain: HttpChain | TcpChain) -> ChainMatch | None:
    """The chain's match without server names that Envoy refuses; None if nothing is left of it."""
    match = chain.match
    names = tuple(name for name in match.server_names if is_server_name(name))
    if len(names) == len(match.server_names):
        return match
    _report(db, entry, chain, "Envoy matches server names by whole labels only: `*.example.com`")
    return msgspec.structs.replace(match, server_names=names) if names else None


def _report(db: Engine, entry: OutboundEntry, chain: HttpChain | TcpChain, why: str) -> None:
    db.report(
        Diagnostic(
            severity=Severity.WARNING,
            code="listener-conflict",
            message=f"on listener {listener_name(entry.binds[0], entry.port)}: {why}",
            hint="give it an address, a port or server names of its own",
            ref=chain.source if isinstance(chain, TcpChain) else None,
        )
    )


@query
def rendered(db: Engine, described: OutboundListener, unclaimed: CatchAll, dynamic_dns: Families | None) -> Blob:
    """The listener as Envoy takes it; `dynamic_dns` as for `outbound_http_filter`."""
    name = listener_name(described.binds[0], described.port)
    default = None
    chains: list[Message] = []
    for described_chain in described.chains:
        chain = _chain(db, described_chain, name, dynamic_dns)
        if described_chain.match.matches_all:
            default = chain
        else:
            chains.append(chain)
    if not chains and default is not None:
        chains, default = [default], None
    elif default is None:
        default = catch_all_chain(db, unclaimed)
    sniffs = any(chain.match.needs_http_inspector for chain in described.chains)
    filters = [
        *((tls_inspector(),) if any(chain.match.needs_tls_inspector for chain in described.chains) else ()),
        *((http_inspector(),) if sniffs else ()),
    ]
    message = listener(
        name,
        described.binds,
        described.port,
        direction=OUTBOUND,
        filter_chains=chains,
        default_filter_chain=default,
        listener_filters=filters,
        filters_timeout=mesh(db).protocol_detection_timeout if sniffs else 0,
        continue_on_timeout=True,
        bind_to_port=described.bind_to_port,
        exact_balance=proxy_switches(db).outbound_exact_balance,
    )
    return blob(name, message)


def _chain(db: Engine, chain: HttpChain | TcpChain, listener_: str, dynamic_dns: Families | None) -> Message:
    if isinstance(chain, HttpChain):
        filters = [
            outbound_http_filter(
                db,
                f"outbound_{listener_};",
                chain.part.routes,
                grpc_web=chain.part.grpc_web,
                dynamic_dns=dynamic_dns,
            )
        ]
        return filter_chain(filters, match=chain.match, handshake_timeout=HANDSHAKE_TIMEOUT)
    return filter_chain(
        tcp_route_filters(db, chain.route, ListenerKind.SIDECAR_OUTBOUND),
        match=chain.match,
        handshake_timeout=HANDSHAKE_TIMEOUT,
        # The group is empty for Kubernetes' own kinds, which Istio has no address for.
        metadata=metadata(config=config_path(chain.source)) if chain.source.group else None,
    )
