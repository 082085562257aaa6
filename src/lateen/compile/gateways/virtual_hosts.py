# SPDX-License-Identifier: Apache-2.0
"""The route tables of a gateway, and their virtual hosts."""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import VirtualHost

from lateen.compile.gateways.host_plan import PlannedHost, host_plan
from lateen.compile.gateways.merge import merged_gateways
from lateen.compile.mesh import attempt_count
from lateen.compile.routing.rule_routes import ResolvedRule, resolve_rule, translate_rule
from lateen.compile.routing.targets import Directions
from lateen.compile.services.instances import ServiceTarget
from lateen.compile.workload import Scope
from lateen.envoy.blob import Blob, blob
from lateen.envoy.route_match import is_catch_all
from lateen.envoy.route_table import virtual_host_resource
from lateen.envoy.snapshot import Layer
from lateen.envoy.virtual_host import virtual_host
from lateen.incremental.engine import Engine, collection, query


@query
def table_names(db: Engine, scope: Scope, targets: tuple[ServiceTarget, ...]) -> tuple[str, ...]:
    """The names of the route tables of a gateway behind these Service ports."""
    return tuple(sorted(merged_gateways(db, scope.labels, targets).tables))


@query
def joined_host(
    db: Engine, table: str, planned: PlannedHost, resolved: tuple[ResolvedRule, ...], attempts: bool
) -> Blob:
    """A virtual host with the routes of its rules one after the other, those that take every request at the end."""
    routes = [route for rule in resolved for route in translate_rule(db, rule)]
    routes.sort(key=lambda route: is_catch_all(route.match))
    resource = virtual_host_resource(table, planned.name)
    message = virtual_host(resource, planned.domains, routes, attempt_count=attempts)
    if planned.redirect:
        message.require_tls = VirtualHost.ALL
    return blob(resource, message)


@query
def gateway_host(db: Engine, scope: Scope, table: str, planned: PlannedHost) -> Blob | None:
    """One virtual host of a gateway's table."""
    resolved = []
    for contribution in planned.contributions:
        directions = Directions(scope, contribution.client.port)
        rule = resolve_rule(db, contribution.rule, contribution.client, directions, tls=contribution.tls)
        if rule is not None:
            resolved.append(rule)
    # The 404 of an unknown host carries no count of attempts.
    attempts = attempt_count(db) and bool(planned.contributions or planned.redirect)
    return joined_host(db, table, planned, tuple(resolved), attempts)


@collection(gateway_host)
def gateway_hosts(
    db: Engine, scope: Scope, targets: tuple[ServiceTarget, ...], table: str
) -> dict[str, tuple[Scope, str, PlannedHost]]:
    """The virtual hosts of one table."""
    servers = merged_gateways(db, scope.labels, targets).tables.get(table)
    if servers is None:
        return {}
    plan = host_plan(db, scope.namespace, scope.labels, servers)
    return {virtual_host_resource(table, name): (scope, table, planned) for name, planned in plan.items()}


@query
def layers_of_table(
    db: Engine, scope: Scope, targets: tuple[ServiceTarget, ...], table: str
) -> tuple[Layer, ...] | None:
    """The virtual hosts of one table, in layers."""
    return (gateway_hosts(db, scope, targets, table),)


@collection(layers_of_table)
def hosts_by_table(
    db: Engine, scope: Scope, targets: tuple[ServiceTarget, ...]
) -> dict[str, tuple[Scope, tuple[ServiceTarget, ...], str]]:
    """The virtual hosts of a gateway's tables, by table."""
    return {name: (scope, targets, name) for name in table_names(db, scope, targets)}
