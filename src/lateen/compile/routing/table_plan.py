# SPDX-License-Identifier: Apache-2.0
"""Which virtual hosts a route table has: their names, their domains, and which rules may supply their routes.

A plan depends on services and on the hosts that VirtualServices name, not on their routes: so an edit of a rule leaves
the plan alone and recomputes just its own virtual hosts. The one exception: where two virtual hosts claim one domain,
it matters whether a rule has any route for the client.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lateen.compile.hosts import matches
from lateen.compile.routing.domains import bracketed, service_domains, with_port
from lateen.compile.routing.rule_index import RuleIndex, rule_index
from lateen.compile.routing.source_match import RouteClient
from lateen.compile.routing.table_services import ALL_PORTS, Advertised, services_on_port
from lateen.compile.routing.virtual_service import has_http_rules
from lateen.compile.services.service import ServiceKey
from lateen.compile.sidecar_scope.virtual_services import Naming
from lateen.compile.workload import Scope
from lateen.incremental.engine import Engine, query
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.ref import Ref

HTTP_PORT = 80
"""The port on which rules for hosts that are no services take effect."""


class PlannedHost(NamedTuple):
    """One virtual host of a table."""

    name: str
    """`host:port`"""
    hostname: str
    port: int
    domains: tuple[str, ...]
    rules: tuple[Ref, ...] = ()
    """The VirtualServices that may supply its routes, in order: the first that has any for the client does."""
    service: ServiceKey | None = None
    """What it leads to when none of them has; None for a host that is no service."""


class _Claim(NamedTuple):
    """A virtual host that wants domains."""

    planned: PlannedHost
    places: tuple[int, ...]
    """The places of its rules among all rules of the listener."""
    is_service: bool
    source: Ref
    age: int = 0
    """The place of its service among all, the oldest first."""


class Draft(NamedTuple):
    """A plan in which domains that several virtual hosts claim are still with none of them."""

    hosts: dict[str, PlannedHost]
    contested: tuple[tuple[str, tuple[_Claim, ...]], ...]


class TablePort(NamedTuple):
    """The tables of one port of one egress listener, as clients in one namespace see them."""

    namespace: str
    sidecar: Ref | None
    listener: int
    """Index of the egress listener."""
    port: int
    """ALL_PORTS for Unix sockets and the HTTP proxy port."""
    dns_domain: str
    """The clients' search domain, `<namespace>.svc.cluster.local`."""
    ipv4: bool
    ipv6: bool
    dns: bool
    """Whether clients resolve the hosts of ServiceEntries to the addresses that are allocated for them."""

    @classmethod
    def of(cls, scope: Scope, index: int, port: int) -> TablePort:
        """The tables of a scope."""
        dns_domain = f"{scope.namespace}.svc.{scope.domain}"
        return cls(scope.namespace, scope.sidecar, index, port, dns_domain, scope.ipv4, scope.ipv6, scope.dns_capture)


@query
def table_plan(db: Engine, table: TablePort, client: RouteClient) -> dict[str, PlannedHost]:
    """The virtual hosts of a port by name. Every domain belongs to one of them, none is without."""
    draft = draft_plan(db, table)
    if not draft.contested:
        return draft.hosts
    hosts = dict(draft.hosts)
    for domain, claims in draft.contested:
        winner, *losers = sorted(claims, key=lambda claim: _precedence(db, client, claim))
        mine = hosts.get(winner.planned.name, winner.planned._replace(domains=()))
        hosts[winner.planned.name] = mine._replace(domains=(*mine.domains, domain))
        for loser in losers:
            _report(db, domain, winner, loser)
    return hosts


def _precedence(db: Engine, client: RouteClient, claim: _Claim) -> tuple[int, int, bool, int, str]:
    """Virtual hosts that a rule governs come first, in the order of the rules; then the other services, the oldest
    first; those with neither a route for the client nor a service behind them last."""
    for rule, place in zip(claim.planned.rules, claim.places, strict=True):
        if has_http_rules(db, rule, client):
            return (0, place, claim.is_service, claim.age, claim.planned.name)
    return (1 if claim.planned.service else 2, 0, claim.is_service, claim.age, claim.planned.name)


@query
def draft_plan(db: Engine, table: TablePort) -> Draft:
    """What the virtual hosts of a port are and which domains they want."""
    index = rule_index(db, table.namespace, table.sidecar, table.listener)
    services = services_on_port(db, table.namespace, table.sidecar, table.listener, table.port, table.dns)
    places = {naming.ref: at for at, naming in enumerate(index.order)}
    claims = [*_services(table, services, index, places), *_other_hosts(table, services, index, places)]
    wanted: dict[str, list[_Claim]] = {}
    for claim in claims:
        for domain in claim.planned.domains:
            wanted.setdefault(domain.lower(), []).append(claim)
    contested = {domain: tuple(several) for domain, several in wanted.items() if len(several) > 1}
    hosts = {claim.planned.name: claim.planned for claim in claims if claim.planned.domains}
    for name in dict.fromkeys(claim.planned.name for several in contested.values() for claim in several):
        left = tuple(domain for domain in hosts[name].domains if domain.lower() not in contested)
        if left:
            hosts[name] = hosts[name]._replace(domains=left)
        else:
            del hosts[name]
    return Draft(hosts, tuple(contested.items()))


def _services(
    table: TablePort, services: tuple[Advertised, ...], index: RuleIndex, places: dict[Ref, int]
) -> Iterator[_Claim]:
    """The virtual hosts of the services."""
    known = {name for s in services for p in _http_ports(s, table.port) for name in _full_names(s.key.hostname, p)}
    for age, service in enumerate(services):
        hostname = service.key.hostname
        rules = index.for_service(hostname)
        if service.target and not rules:
            continue
        ports = _http_ports(service, table.port)
        for port in ports:
            domains = service_domains(
                (hostname, *service.aliases),
                _addresses(service, table),
                table.dns_domain,
                port=0 if table.port else port,
                any_pod=service.any_pod,
            )
            # A short name gives way to a service that is really called so.
            mine = tuple(d for d in domains.all if not (d in domains.short and d in known))
            if table.port == ALL_PORTS and not (port == HTTP_PORT and (rules or port == ports[0])):
                # Without a port the name means port 80, but Istio first gives it to the first port, then takes it away.
                mine = tuple(domain for domain in mine if ":" in domain)
            key = None if service.target else service.key
            planned = PlannedHost(with_port(hostname, port), hostname, port, mine, rules, key)
            yield _Claim(planned, tuple(places[rule] for rule in rules), True, service.source, age)


def _full_names(hostname: str, port: int) -> tuple[str, str]:
    return hostname, with_port(hostname, port)


def _http_ports(service: Advertised, port: int) -> tuple[int, ...]:
    if port != ALL_PORTS:
        return (port,) if port in service.http_ports else ()
    return tuple(number for number in dict.fromkeys(service.ports) if number in service.http_ports)


def _addresses(service: Advertised, table: TablePort) -> Iterator[str]:
    for address in service.addresses:
        if table.ipv6 if ":" in address else table.ipv4:
            yield address


def _other_hosts(
    table: TablePort, services: tuple[Advertised, ...], index: RuleIndex, places: dict[Ref, int]
) -> Iterator[_Claim]:
    """The virtual hosts for hosts of rules that are no services of this port: on every port where the rule governs some
    service, and on port 80 anyway. They have one domain, the name as the rule says it."""
    by_host = {service.key.hostname: service for service in services}
    covered = _covered_by(index, by_host)
    claims: dict[tuple[str, int], list[Ref]] = {}
    for naming in index.order:
        hosts = [host for host in naming.hosts if host not in by_host and host not in covered]
        if not hosts:
            continue
        for port in _rule_ports(naming, table.port, by_host, covered, index):
            for host in hosts:
                rules = claims.setdefault((host, port), [])
                if naming.ref not in rules:
                    rules.append(naming.ref)
    for (host, port), rules in claims.items():
        domain = bracketed(host)
        # Where all ports meet, a name without a port means port 80.
        if table.port != ALL_PORTS or port == HTTP_PORT or ":" in domain:
            planned = PlannedHost(with_port(host, port), host, port, (domain,), tuple(rules))
            yield _Claim(planned, tuple(places[rule] for rule in rules), False, rules[0])


def _covered_by(index: RuleIndex, by_host: dict[str, Advertised]) -> dict[str, list[str]]:
    """The wildcards of rules that cover some service, each with the services that it alone governs."""
    covered: dict[str, list[str]] = {}
    for pattern in index.wildcard:
        if any(matches(hostname, pattern) for hostname in by_host):
            covered[pattern] = []
    if covered:
        for hostname in by_host:
            closest = None if hostname in index.exact else index.closest_wildcard(hostname)
            if closest is not None:
                covered[closest].append(hostname)
    return covered


def _rule_ports(
    naming: Naming,
    port: int,
    by_host: dict[str, Advertised],
    covered: dict[str, list[str]],
    index: RuleIndex,
) -> tuple[int, ...]:
    """The ports of the table on which a rule takes effect for hosts that are no services."""
    governed: list[str] = []
    for host in naming.hosts:
        if host in by_host:
            governed.append(host)
        elif index.wildcard.get(host) == naming.ref:
            governed += covered.get(host, ())
    ports = dict.fromkeys(number for host in governed for number in _http_ports(by_host[host], port))
    if not ports and port == HTTP_PORT:
        return (HTTP_PORT,)
    return tuple(sorted(ports))


def _report(db: Engine, domain: str, winner: _Claim, loser: _Claim) -> None:
    if winner.source == loser.source:
        return
    db.report(
        Diagnostic(
            severity=Severity.WARNING,
            code="duplicate-domain",
            ref=loser.source,
            message=f"requests for {domain} on port {loser.planned.port} go to {winner.planned.name} ({winner.source})",
            hint="give one of the two another host or address",
        )
    )
