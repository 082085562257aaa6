# SPDX-License-Identifier: Apache-2.0
"""Hosts of servers against hosts of rules."""

from __future__ import annotations

from collections.abc import Iterable

from lateen.compile.hosts import matches, subset_of


def hosts_for_namespace(hosts: Iterable[str], namespace: str) -> list[str]:
    """The hosts of a server that rules of `namespace` may use, without their namespaces."""
    found = []
    for host in hosts:
        scope, slash, name = host.partition("/")
        if not slash:
            found.append(host)
        elif scope in ("*", namespace):
            found.append(name)
    return found


def intersection(servers: Iterable[str], rules: Iterable[str]) -> tuple[str, ...]:
    """The hosts that both sides stand for: of two that overlap the narrower one, each once."""
    rule_hosts = list(rules)
    found: dict[str, None] = {}
    for server in servers:
        for rule in rule_hosts:
            if subset_of(rule, server):
                found[rule] = None
            elif subset_of(server, rule):
                found[server] = None
    return tuple(found)


def may_carry(hosts: Iterable[str], namespace: str, rule_hosts: Iterable[str]) -> bool:
    """Whether connections of a server with these hosts may be routed by a rule of `namespace` with those."""
    mine = hosts_for_namespace(hosts, namespace)
    return any(matches(host, rule) for rule in rule_hosts for host in mine)
