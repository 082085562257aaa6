# SPDX-License-Identifier: Apache-2.0
"""Where the destinations of rules lead, for clients of one scope: to which cluster, hashed by what."""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.routing.hash_key import destination_hash_key, service_hash_key
from lateen.compile.routing.http_routes import Target
from lateen.compile.routing.table_services import Advertised, advertised
from lateen.compile.services.registry import service as declared_service
from lateen.compile.services.service import ServiceKey
from lateen.compile.services.strict_egress import authority_port
from lateen.compile.sidecar_scope.services import listener_services, scoped_services
from lateen.compile.traffic_policy.destination_rule import destination_rule
from lateen.compile.workload import Scope
from lateen.envoy.names import ClusterName, outbound_cluster
from lateen.incremental.engine import Engine, query
from lateen.model.networking.destination import Destination
from lateen.model.networking.load_balancer import ConsistentHashLB


class Directions(NamedTuple):
    """Finds the way from a listener to destinations.

    `port`: the listener's, or that of a Gateway's server; 0 where requests for all ports meet. `listener`: the index of
    the sidecar's egress listener, whose services alone, and of them only the listener's port, can stand in for a port
    that a destination leaves out; None on gateways, where every service in scope can.
    """

    scope: Scope
    port: int
    listener: int | None = None

    def http_target(self, db: Engine, destination: Destination) -> Target:
        """The way of requests to `destination`."""
        cluster = self.cluster(db, destination)
        return Target(cluster, self._hash_key(db, destination), self._authority_port(db, cluster))

    def cluster(self, db: Engine, destination: Destination) -> str:
        """The cluster of `destination`, which need not exist: then the requests fail, not the rule.

        A port left out is the service's only one, otherwise the listener's.
        """
        service, ports = self._service(db, destination.host)
        port = self.port
        if destination.port is not None:
            port = destination.port.number
        elif len(ports) == 1:
            port = ports[0]
        host = service.target if service is not None and service.target else destination.host
        return outbound_cluster(port, destination.subset, host)

    def _service(self, db: Engine, host: str) -> tuple[Advertised | None, tuple[int, ...]]:
        """The service of that host name if it counts here, and which of its ports do."""
        scope = self.scope
        services = scoped_services(db, scope) if self.listener is None else listener_services(db, scope, self.listener)
        scoped = services.get(host)
        found = advertised(db, scoped.key) if scoped is not None else None
        if found is None or scoped is None:
            return None, ()
        ports = found.ports if scoped.ports is None else tuple(port for port in found.ports if port in scoped.ports)
        if self.listener is not None and self.port:
            return (found, (self.port,)) if self.port in ports else (None, ())
        return found, ports

    def _authority_port(self, db: Engine, cluster: str) -> int:
        name = ClusterName.parse(cluster)
        scoped = scoped_services(db, self.scope).get(name.host) if name is not None else None
        return service_authority_port(db, scoped.key, name.port) if name is not None and scoped is not None else 0

    def _hash_key(self, db: Engine, destination: Destination) -> ConsistentHashLB | None:
        scoped = scoped_services(db, self.scope).get(destination.host)
        if scoped is None:
            return None
        scope = self.scope
        rule = destination_rule(db, scope.namespace, scope.labels, destination.host, scoped.key.namespace)
        return destination_hash_key(rule, destination)


@query
def service_authority_port(db: Engine, service: ServiceKey, port: int) -> int:
    """The port that requests to a service must name beside its host; 0 if they may name any."""
    return authority_port(declared_service(db, service), port)


def default_hash_key(db: Engine, scope: Scope, service: ServiceKey, port: int) -> ConsistentHashLB | None:
    """What requests to a service are hashed by where no VirtualService governs it."""
    rule = destination_rule(db, scope.namespace, scope.labels, service.hostname, service.namespace)
    return service_hash_key(rule, port)
