# SPDX-License-Identifier: Apache-2.0
"""What of a service decides which listeners its clients have: an edit of anything else leaves them alone."""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.clusters.client import Families
from lateen.compile.listeners.bind import supports
from lateen.compile.services.address_allocation import allocated_address
from lateen.compile.services.instances import endpoints_of
from lateen.compile.services.registry import service
from lateen.compile.services.service import MeshService, Protocol, Registry, Resolution, ServiceKey
from lateen.envoy.address import UNSPECIFIED_V4, UNSPECIFIED_V6, is_ip
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref


class ServiceFace(NamedTuple):
    """A service as listeners see it."""

    ports: tuple[tuple[int, Protocol], ...]
    address: str
    addresses: tuple[str, ...]
    passthrough: bool
    """Clients connect to the address that they resolved, not to a virtual one."""
    alias_of: str
    """The host name that this one is another name for (ExternalName); empty otherwise."""
    external: bool
    """Declared by a ServiceEntry."""
    selects: bool
    """Has a selector, so that it may get endpoints later."""
    source: Ref
    """The object that declares it."""

    def on(self, ports: tuple[int, ...] | None) -> ServiceFace:
        """The service as one sees it who sees only some of its ports (None: all)."""
        return self if ports is None else self._replace(ports=tuple(p for p in self.ports if p[0] in ports))

    def own_addresses(self, families: Families) -> tuple[str, ...]:
        """The addresses and CIDR blocks of the service in these families; `0.0.0.0` when it has none at all."""
        return tuple(a for a in self.addresses if supports(families, a)) or (self.address,)

    def listen_addresses(self, families: Families) -> tuple[str, ...]:
        """The addresses and CIDR blocks by which proxies of these families reach the service; the first decides the
        listener. An entry without addresses has the unspecified ones of the families."""
        own = self.own_addresses(families)
        if own != (UNSPECIFIED_V4,) or not self.external or families is Families.V4:
            return own
        return (UNSPECIFIED_V4, UNSPECIFIED_V6) if families is Families.DUAL else (UNSPECIFIED_V6,)

    def cluster_port(self, number: int) -> int:
        """The port of the cluster behind a listener on port `number`: the service's only port, where it has one."""
        return self.ports[0][0] if len(self.ports) == 1 else number


@query
def service_faces(db: Engine, key: ServiceKey, dns: bool) -> tuple[ServiceFace, ...]:
    """The faces of one service: one for each object that declares it, for each brings its own addresses and ports.
    `dns`: clients resolve hosts without addresses to allocated ones."""
    found = service(db, key)
    if found is None:
        return ()
    faces = tuple(map(_face, found.declarations))
    return tuple(_with_allocated(db, face, key) for face in faces) if dns else faces


def _with_allocated(db: Engine, face: ServiceFace, key: ServiceKey) -> ServiceFace:
    if not face.external or face.addresses:
        return face
    addresses = tuple(address for address in allocated_address(db, key.namespace, key.hostname) if address)
    return face._replace(address=addresses[0], addresses=addresses) if addresses else face


@query
def service_face(db: Engine, key: ServiceKey) -> ServiceFace | None:
    """The face of the service as a whole."""
    found = service(db, key)
    return _face(found) if found is not None else None


def _face(found: MeshService) -> ServiceFace:
    return ServiceFace(
        ports=tuple((port.number, port.protocol) for port in found.ports),
        address=found.address,
        addresses=found.addresses,
        passthrough=found.resolution is Resolution.PASSTHROUGH,
        alias_of=found.alias_of if found.resolution is Resolution.ALIAS else "",
        external=found.registry is Registry.EXTERNAL,
        selects=bool(found.selector),
        source=found.source,
    )


@query
def endpoint_addresses(db: Engine, key: ServiceKey, port: int) -> tuple[str, ...] | None:
    """The IP addresses behind one port of a service, in their order; None when there is no endpoint at all, not even
    one with a host name or socket for an address."""
    endpoints = endpoints_of(db, key, port)
    return tuple(dict.fromkeys(e.address for e in endpoints if is_ip(e.address))) if endpoints else None
