# SPDX-License-Identifier: Apache-2.0
"""Which virtual hosts a gateway's route table has, and which rules make their routes.

A plan depends on hosts and on whether a rule has any route for the gateway, not on the routes: an edit of a rule
recomputes its own virtual hosts only.
"""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.gateways.host_match import hosts_for_namespace, intersection
from lateen.compile.gateways.rules import rule_hosts, rules_of
from lateen.compile.gateways.server import GatewayServer
from lateen.compile.hosts import specificity
from lateen.compile.routing.domains import with_port
from lateen.compile.routing.source_match import RouteClient
from lateen.compile.routing.virtual_service import has_http_rules
from lateen.compile.workload import Labels
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref

BLACKHOLE = "blackhole"
"""The virtual host of a table without any other: every request is answered with 404."""


class Contribution(NamedTuple):
    """The routes of one rule, as they are on one Gateway."""

    rule: Ref
    client: RouteClient
    tls: bool
    """Whether the server has TLS settings."""


class PlannedHost(NamedTuple):
    """One virtual host of a table."""

    name: str
    domains: tuple[str, ...]
    contributions: tuple[Contribution, ...] = ()
    """Rules of one host add up; a rule that is bound twice counts twice."""
    redirect: bool = False
    """Whether plain requests are redirected to https."""


@query
def host_plan(db: Engine, namespace: str, labels: Labels, servers: tuple[GatewayServer, ...]) -> dict[str, PlannedHost]:
    """The virtual hosts, by name, of the table that `servers` share, for a proxy in `namespace` with these labels."""
    drafts: dict[str, PlannedHost] = {}
    first: dict[tuple[str, Ref], Contribution] = {}
    for server in servers:
        client = RouteClient(namespace, server.number, (server.gateway,), labels)
        for rule in rules_of(db, server.gateway, namespace):
            hosts = intersection(hosts_for_namespace(server.hosts, rule.namespace), rule_hosts(db, rule))
            if not hosts:
                continue
            # Istio makes a rule's routes once for a Gateway, for the first server that they are for.
            contribution = first.get((server.gateway, rule))
            if contribution is None:
                if not has_http_rules(db, rule, client):
                    continue
                contribution = first[server.gateway, rule] = Contribution(rule, client, server.tls is not None)
            for host in hosts:
                _add(drafts, host.lower(), server, contribution)
        if server.redirects_to_https:
            for host in server.hosts:
                draft = drafts.get(host.lower()) or PlannedHost(with_port(host.lower(), server.number), (host.lower(),))
                drafts[host.lower()] = draft._replace(redirect=True)
    if not drafts:
        planned = PlannedHost(with_port(BLACKHOLE, servers[0].number), ("*",))
        return {planned.name: planned}
    return _collapse(drafts)


def _add(drafts: dict[str, PlannedHost], host: str, server: GatewayServer, contribution: Contribution) -> None:
    draft = drafts.get(host) or PlannedHost(with_port(host, server.number), (host,))
    drafts[host] = draft._replace(
        contributions=(*draft.contributions, contribution), redirect=draft.redirect or server.redirects_to_https
    )


def _collapse(drafts: dict[str, PlannedHost]) -> dict[str, PlannedHost]:
    """Hosts with the same routes share one virtual host, called after the most specific of them."""
    joined: dict[tuple[tuple[Contribution, ...], bool], PlannedHost] = {}
    for host in sorted(drafts, key=specificity):
        draft = drafts[host]
        key = (draft.contributions, draft.redirect)
        known = joined.get(key)
        joined[key] = draft if known is None else known._replace(domains=(*known.domains, *draft.domains))
    return {planned.name: planned for planned in joined.values()}
