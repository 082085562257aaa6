# SPDX-License-Identifier: Apache-2.0
"""The choice of a filter chain, as Envoy does it: nine criteria one after the other, each narrowing the candidates.

At each step only the chains with the most specific matching value stay; a chain without the criterion stays only where
no other names a value that matches. There is no way back: a chain that a later criterion would have fitted better is
gone. Source: envoy.config.listener.v3.FilterChainMatch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any as Message

from msgspec import Struct

from lateen.explain.address import Network, longest, parse_ip, prefix
from lateen.explain.any_message import unpack
from lateen.explain.connection import Connection
from lateen.explain.decision import FilterChain, Rejected
from lateen.explain.matcher_tree import MatcherTree

ANY, SAME_IP_OR_LOOPBACK, EXTERNAL = range(3)
_NAME = "google.protobuf.StringValue"
_ABSENT = 0
_NO_MATCH = -1


class Criteria(Struct, frozen=True):
    """A FilterChainMatch, parsed. Empty fields ask for nothing; server names of the form `.a.b` stand for `*.a.b`."""

    port: int | None
    destinations: tuple[Network, ...]
    server_names: frozenset[str]
    transport_protocol: str
    application_protocols: tuple[str, ...]
    direct_sources: tuple[Network, ...]
    source_type: int
    sources: tuple[Network, ...]
    source_ports: frozenset[int]


def criteria(match: Message) -> Criteria:
    """A FilterChainMatch message, parsed."""
    names = (n.lower() for n in match.server_names)
    return Criteria(
        port=match.destination_port.value if match.HasField("destination_port") else None,
        destinations=_networks(match.prefix_ranges),
        server_names=frozenset(n[1:] if n.startswith("*.") else n for n in names),
        transport_protocol=match.transport_protocol,
        application_protocols=tuple(match.application_protocols),
        direct_sources=_networks(match.direct_source_prefix_ranges),
        source_type=match.source_type,
        sources=_networks(match.source_prefix_ranges),
        source_ports=frozenset(match.source_ports),
    )


def _networks(ranges: Message) -> tuple[Network, ...]:
    return tuple(n for n in map(prefix, ranges) if n is not None)


# Each step gives a chain's rank for a connection: higher is more specific, _ABSENT asks for nothing, _NO_MATCH is out.
_Step = Callable[[Criteria, Connection], int]


def _port(c: Criteria, connection: Connection) -> int:
    if c.port is None:
        return _ABSENT
    return 1 if c.port == connection.local.port else _NO_MATCH


def _destination(c: Criteria, connection: Connection) -> int:
    return _longest(c.destinations, connection.local.ip)


def _longest(networks: tuple[Network, ...], ip: str) -> int:
    """No prefix at all is the prefix of length 0 of both families."""
    return longest(networks, parse_ip(ip)) if networks else 0


def _server_name(c: Criteria, connection: Connection) -> int:
    if not c.server_names:
        return _ABSENT
    name = connection.server_name
    if name and name in c.server_names:
        return len(name) + 1
    dot = name.find(".", 1)
    while 0 <= dot < len(name) - 1:
        if name[dot:] in c.server_names:
            return len(name) - dot
        dot = name.find(".", dot + 1)
    return _NO_MATCH


def _transport_protocol(c: Criteria, connection: Connection) -> int:
    if not c.transport_protocol:
        return _ABSENT
    return 1 if c.transport_protocol == connection.transport_protocol else _NO_MATCH


def _application_protocol(c: Criteria, connection: Connection) -> int:
    if not c.application_protocols:
        return _ABSENT
    offered = connection.application_protocols
    places = [len(offered) - i for i, protocol in enumerate(offered) if protocol in c.application_protocols]
    return max(places, default=_NO_MATCH)


def _direct_source(c: Criteria, connection: Connection) -> int:
    return _longest(c.direct_sources, connection.direct_source.ip)


def _source_type(c: Criteria, connection: Connection) -> int:
    if c.source_type == ANY:
        return _ABSENT
    return 1 if (c.source_type == SAME_IP_OR_LOOPBACK) == connection.from_same_host else _NO_MATCH


def _source(c: Criteria, connection: Connection) -> int:
    return _longest(c.sources, connection.source.ip)


def _source_port(c: Criteria, connection: Connection) -> int:
    if not c.source_ports:
        return _ABSENT
    return 1 if connection.source.port in c.source_ports else _NO_MATCH


_STEPS: tuple[tuple[str, _Step], ...] = (
    ("destination port", _port),
    ("destination address", _destination),
    ("server name", _server_name),
    ("transport protocol", _transport_protocol),
    ("application protocol", _application_protocol),
    ("direct source address", _direct_source),
    ("source type", _source_type),
    ("source address", _source),
    ("source port", _source_port),
)


class FilterChains:
    """The filter chains of one listener, parsed once."""

    def __init__(self, listener: Message) -> None:
        self.chains = tuple(listener.filter_chains)
        self.default = listener.default_filter_chain if listener.HasField("default_filter_chain") else None
        self.criteria = tuple(criteria(c.filter_chain_match) for c in self.chains)
        self.tree = MatcherTree(listener.filter_chain_matcher) if listener.HasField("filter_chain_matcher") else None

    def choose(self, connection: Connection, why: bool) -> tuple[Message | None, FilterChain | None]:
        """The chain's message and the decision; (None, decision or None) if there is none, or more than one."""
        if self.tree is not None:
            return self._by_tree(self.tree, connection)
        candidates = list(range(len(self.chains)))
        rejected: list[Rejected] = []
        for what, step in _STEPS:
            ranks = [step(self.criteria[i], connection) for i in candidates]
            best = max(ranks, default=_NO_MATCH)
            kept = [i for i, rank in zip(candidates, ranks, strict=True) if rank == best != _NO_MATCH]
            if why:
                rejected += [
                    Rejected(self.name(i), _reason(what, self.criteria[i], rank, connection))
                    for i, rank in zip(candidates, ranks, strict=True)
                    if i not in kept
                ]
            candidates = kept
        if len(candidates) > 1:
            names = tuple(self.name(i) for i in candidates)
            return None, FilterChain(names[0], tied=names[1:], rejected=tuple(rejected))
        if candidates:
            chosen = self.chains[candidates[0]]
            return chosen, FilterChain(chosen.name, rejected=tuple(rejected))
        if self.default is not None:
            return self.default, FilterChain(self.default.name, is_default=True, rejected=tuple(rejected))
        return None, FilterChain("", rejected=tuple(rejected)) if why else None

    def _by_tree(self, tree: MatcherTree, connection: Connection) -> tuple[Message | None, FilterChain | None]:
        action = tree.action(connection)
        if action is None:
            if self.default is None:
                return None, None
            return self.default, FilterChain(self.default.name, is_default=True)
        kind, message = unpack(action.typed_config)
        wanted = message.value if message is not None and kind == _NAME else ""
        # A name that no chain has is the end; the default is only for connections that nothing matches.
        chosen = next((c for c in self.chains if wanted and c.name == wanted), None)
        return chosen, None if chosen is None else FilterChain(chosen.name)

    def name(self, index: int) -> str:
        """The chain's name, or its place if it has none."""
        return self.chains[index].name or f"#{index}"


def _reason(what: str, c: Criteria, rank: int, connection: Connection) -> str:
    wanted, has = _wanted(what, c, connection)
    if rank == _NO_MATCH:
        return f"{what}: it asks for {wanted}, the connection has {has}"
    return f"{what}: another chain matches {has} more specifically"


def _wanted(what: str, c: Criteria, connection: Connection) -> tuple[str, str]:
    """What a chain asks for in one step, and what the connection has."""
    source_types = {ANY: "any", SAME_IP_OR_LOOPBACK: "this host", EXTERNAL: "another host"}
    asked: dict[str, tuple[object, object]] = {
        "destination port": (c.port, connection.local.port),
        "destination address": (_listed(c.destinations), connection.local.ip),
        "server name": (
            _listed("*" + n if n.startswith(".") else n for n in sorted(c.server_names)),
            connection.server_name or "none",
        ),
        "transport protocol": (c.transport_protocol, connection.transport_protocol),
        "application protocol": (_listed(c.application_protocols), _listed(connection.application_protocols) or "none"),
        "direct source address": (_listed(c.direct_sources), connection.direct_source.ip),
        "source type": (source_types[c.source_type], "this host" if connection.from_same_host else "another host"),
        "source address": (_listed(c.sources), connection.source.ip),
        "source port": (_listed(sorted(c.source_ports)), connection.source.port),
    }
    wanted, has = asked[what]
    return str(wanted), str(has)


def _listed(items: object) -> str:
    return ", ".join(map(str, items)) if hasattr(items, "__iter__") else ""
