# SPDX-License-Identifier: Apache-2.0
"""The services of a route table: those that an egress listener imports and that have the table's port."""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.routing.aliases import aliases_of
from lateen.compile.services.address_allocation import allocated_address
from lateen.compile.services.kubernetes_service import UNSPECIFIED
from lateen.compile.services.registry import service
from lateen.compile.services.service import MeshService, Registry, Resolution, ServiceKey
from lateen.compile.sidecar_scope.services import imported_services
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref

ALL_PORTS = 0
"""In place of a port: tables of Unix sockets and of the HTTP proxy port, where requests for all ports meet."""


class Advertised(NamedTuple):
    """What route tables say about a service: nothing that its endpoints or policies could change."""

    key: ServiceKey
    ports: tuple[int, ...]
    """In the order of the object."""
    http_ports: frozenset[int]
    """Those that carry HTTP, or are not declared and sniffed."""
    addresses: tuple[str, ...]
    aliases: tuple[str, ...]
    """Host names of ExternalName services that point here."""
    any_pod: bool
    """Headless, so that its pods have names below its own."""
    target: str
    """For an ExternalName service the host name that it points to."""
    source: Ref

    def on(self, ports: tuple[int, ...]) -> Advertised:
        """The service as one sees it who sees only some of its ports."""
        return self._replace(ports=tuple(p for p in self.ports if p in ports), http_ports=self.http_ports & set(ports))


@query
def advertised(db: Engine, key: ServiceKey) -> Advertised | None:
    """The service `key` as route tables need it."""
    found = service(db, key)
    return _advertised(found, key, aliases_of(db, key.hostname)) if found is not None else None


@query
def advertisements(db: Engine, key: ServiceKey, dns: bool) -> tuple[Advertised, ...]:
    """The service `key` once for each object that declares it, for each brings its own addresses and ports.
    `dns`: clients resolve hosts without addresses to allocated ones."""
    found = service(db, key)
    if found is None:
        return ()
    aliases = aliases_of(db, key.hostname)
    seen = tuple(_advertised(one, key, aliases) for one in found.declarations)
    if not dns or found.registry is Registry.KUBERNETES:
        return seen
    allocated = tuple(address for address in allocated_address(db, key.namespace, key.hostname) if address)
    return tuple(one if one.addresses else one._replace(addresses=allocated) for one in seen)


def _advertised(found: MeshService, key: ServiceKey, aliases: tuple[str, ...]) -> Advertised:
    return Advertised(
        key=key,
        ports=tuple(port.number for port in found.ports),
        http_ports=frozenset(p.number for p in found.ports if p.protocol.is_http or p.protocol.is_sniffed),
        addresses=tuple(address for address in found.addresses if address != UNSPECIFIED),
        aliases=aliases,
        any_pod=found.resolution is Resolution.PASSTHROUGH and found.registry is Registry.KUBERNETES,
        target=found.alias_of,
        source=found.source,
    )


@query
def services_by_port(
    db: Engine, namespace: str, sidecar: Ref | None, index: int, dns: bool
) -> dict[int, tuple[Advertised, ...]]:
    """The services that egress listener `index` imports, by port number; all of them under ALL_PORTS. Where several
    objects declare a host, the last one that has the port speaks for it."""
    found: dict[int, dict[ServiceKey, Advertised]] = {ALL_PORTS: {}}
    for scoped in imported_services(db, namespace, sidecar, index).values():
        for seen in advertisements(db, scoped.key, dns):
            narrowed = seen if scoped.ports is None else seen.on(scoped.ports)
            for port in (ALL_PORTS, *narrowed.ports):
                found.setdefault(port, {})[scoped.key] = narrowed
    return {port: tuple(services.values()) for port, services in found.items()}


@query
def services_on_port(
    db: Engine, namespace: str, sidecar: Ref | None, index: int, port: int, dns: bool
) -> tuple[Advertised, ...]:
    """The services of the table for `port`, in Istio's order."""
    return services_by_port(db, namespace, sidecar, index, dns).get(port, ())
