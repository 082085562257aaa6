# SPDX-License-Identifier: Apache-2.0
"""The services that a scope imports: per egress listener, and all together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from lateen.compile.services.exports import exported_services, visible_services, visible_services_of
from lateen.compile.services.registry import Listed, service, services_listed
from lateen.compile.services.service import Registry, ServiceKey
from lateen.compile.sidecar_scope.destinations import destinations, ports_of, reachable
from lateen.compile.sidecar_scope.egress_listener import imports_of, listeners_of
from lateen.compile.sidecar_scope.virtual_services import imported_namings
from lateen.compile.workload import Role, Scope
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref


class ScopedService(NamedTuple):
    """A service as a scope sees it."""

    key: ServiceKey
    ports: tuple[int, ...] | None = None
    """The numbers of the ports that it sees; None for all."""
    kubernetes: bool = False
    """Whether a Kubernetes Service leads it: such a one takes precedence over ServiceEntries of the same host."""


class ScopedServices(Mapping[str, ScopedService]):
    """Services by host name, in Istio's order: the order counts when two of them claim one address or domain."""

    __slots__ = ("_items", "_values")

    def __init__(self, found: Iterable[tuple[str, ScopedService]] = ()) -> None:
        self._values = dict(found)
        self._items = tuple(self._values.items())

    def __getitem__(self, hostname: str) -> ScopedService:
        return self._values[hostname]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScopedServices) and self._items == other._items

    def __hash__(self) -> int:
        return hash(self._items)


def listener_services(db: Engine, scope: Scope, index: int) -> ScopedServices:
    """The services that egress listener `index` of a scope imports, one for each host name."""
    return imported_services(db, scope.namespace, scope.sidecar, index)


def scoped_services(db: Engine, scope: Scope) -> ScopedServices:
    """Every service that a scope knows: the union over its listeners; a gateway knows all that its namespace sees."""
    if scope.role is Role.ROUTER:
        return gateway_services(db, scope.namespace)
    return all_services(db, scope.namespace, scope.sidecar)


@query
def imported_services(db: Engine, namespace: str, sidecar: Ref | None, index: int) -> ScopedServices:
    """The services that listener `index` imports for proxies in `namespace`: of those with one host name the one in
    the proxies' own namespace, else the first, a Kubernetes Service before a ServiceEntry."""
    imports = imports_of(db, namespace, sidecar, index)
    port = listeners_of(db, sidecar)[index].matched_port
    chosen: dict[str, Listed] = {}
    scoped: dict[str, ScopedService] = {}
    owners = imports.owners
    candidates = visible_services(db, namespace) if owners is None else visible_services_of(db, owners, namespace)
    for listed in candidates:
        key = listed.key
        if not imports.service(key.namespace, key.hostname):
            continue
        narrowed = _on_port(db, listed, port) if port else ScopedService(key, None, listed.kubernetes)
        if narrowed is None:
            continue
        before = chosen.get(key.hostname)
        if before is None or _takes_over(listed, before, namespace):
            if before is not None and before.key.namespace != key.namespace:
                del scoped[key.hostname]  # the place in the order is that of the service that is taken
            chosen[key.hostname] = listed
            scoped[key.hostname] = narrowed
    return ScopedServices(scoped.items())


def _takes_over(new: Listed, before: Listed, namespace: str) -> bool:
    if new.key.namespace == before.key.namespace:
        return new.kubernetes and not before.kubernetes
    if new.key.namespace == namespace:
        return True
    return new.kubernetes and not before.kubernetes and before.key.namespace != namespace


def _on_port(db: Engine, listed: Listed, port: int) -> ScopedService | None:
    declared = service(db, listed.key)
    if declared is None or declared.port(port) is None:
        return None
    return ScopedService(listed.key, None if len(declared.ports) == 1 else (port,), listed.kubernetes)


@query
def services_behind_rules(
    db: Engine, namespace: str, sidecar: Ref | None, index: int
) -> tuple[tuple[str, ScopedService], ...]:
    """The services to which virtual services imported by listener `index` send, without those that it imports whole."""
    if imports_of(db, namespace, sidecar, index).everything and not hidden_services(db, namespace):
        return ()
    imported = imported_services(db, namespace, sidecar, index)
    port = listeners_of(db, sidecar)[index].matched_port
    found: dict[str, ScopedService] = {}
    for named in imported_namings(db, namespace, sidecar, index):
        for host, ports in destinations(db, named.ref, namespace):
            known = imported.get(host)
            if known is not None and known.ports is None:
                continue
            key = reachable(db, host, namespace)
            wanted = ports_of(db, key, (port,) if port else ports) if key is not None else ()
            declared = service(db, key) if key is not None else None
            if declared is not None and wanted != ():
                new = ScopedService(declared.key, wanted, declared.registry is Registry.KUBERNETES)
                found[host] = _merged(found.get(host), new)
    return tuple(found.items())


@query
def gateway_services(db: Engine, namespace: str) -> ScopedServices:
    """The services that gateways in `namespace` know: of those with one host name the first, a Kubernetes Service
    before a ServiceEntry; their own namespace has no precedence."""
    found: dict[str, ScopedService] = {}
    for listed in visible_services(db, namespace):
        new = ScopedService(listed.key, None, listed.kubernetes)
        found[listed.key.hostname] = _merged(found.get(listed.key.hostname), new)
    return ScopedServices(found.items())


@query
def hidden_services(db: Engine, namespace: str) -> bool:
    """Whether the namespace declares services that it does not see itself: these only rules can lead to."""
    return len(services_listed(db, namespace)) != len(exported_services(db, namespace, namespace))


@query
def all_services(db: Engine, namespace: str, sidecar: Ref | None) -> ScopedServices:
    """Every service that proxies in `namespace` know by a Sidecar: listener by listener what it imports, then what its
    virtual services send to."""
    found: dict[str, ScopedService] = {}
    for listener in listeners_of(db, sidecar):
        imported = imported_services(db, namespace, sidecar, listener.index)
        behind = services_behind_rules(db, namespace, sidecar, listener.index)
        if not found and not behind:
            found.update(imported)
            continue
        for hostname, scoped in (*imported.items(), *behind):
            found[hostname] = _merged(found.get(hostname), scoped)
    return ScopedServices(found.items())


def _merged(before: ScopedService | None, new: ScopedService) -> ScopedService:
    """The first service of a host name stays; another listener or rule may add ports of the same one."""
    if before is None:
        return new
    if before.key != new.key:
        return new if new.kubernetes and not before.kubernetes else before
    if before.ports is None or new.ports is None:
        return before if before.ports is None else new
    return before._replace(ports=(*before.ports, *(p for p in new.ports if p not in before.ports)))
