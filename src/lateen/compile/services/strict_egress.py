# SPDX-License-Identifier: Apache-2.0
"""Egress that holds: the operator names where traffic may go, and nothing that a client says changes it.

A ServiceEntry with resolution NONE sends connections to the address that the client dialled, whatever Host header or
server name say, and a wildcard entry only compares names. The annotation `lateen.dev/strict-egress: "true"` on the
entry, or on the root namespace for the whole mesh, makes the address come from the name: that of the entry, or for a
wildcard the one in the request, looked up by the proxy and on the entry's own port. What names nothing that could be
looked up (plain TCP to a wildcard) is left out. A name under a wildcard may have the address of any server but those
that only the machine itself can reach; with the value `public` instead of `true` only addresses of the internet.
"""

from __future__ import annotations

import msgspec

from lateen.compile.mesh import root_namespace
from lateen.compile.services.service import MeshPort, MeshService, Reach, Resolution
from lateen.incremental.engine import Engine, query
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.host import is_wildcard
from lateen.model.networking.service_entry import ServiceEntry
from lateen.model.resource import Resource
from lateen.state import inputs

ANNOTATION = "lateen.dev/strict-egress"
_REACH = {"false": Reach.ANYWHERE, "true": Reach.NETWORK, "public": Reach.PUBLIC}


@query
def mesh_reach(db: Engine) -> Reach:
    """How far traffic of the whole mesh may go, by the annotation of the root namespace."""
    root = inputs.namespace(db, root_namespace(db))
    return Reach.ANYWHERE if root is None else _annotated(db, root)


def reach_of(db: Engine, entry: ServiceEntry) -> Reach:
    """How far traffic of `entry` may go. An entry cannot take itself out of what holds for the mesh."""
    own = _annotated(db, entry)
    return own if own is Reach.PUBLIC else mesh_reach(db) or own


def is_strict(db: Engine, entry: ServiceEntry) -> bool:
    """Whether `entry` decides alone where its traffic goes."""
    return reach_of(db, entry) is not Reach.ANYWHERE


def strict_resolution(declared: Resolution, host: str) -> Resolution:
    """How addresses are found where the client's choice does not count."""
    if declared is not Resolution.PASSTHROUGH:
        return declared
    return Resolution.DYNAMIC_DNS if is_wildcard(host) else Resolution.DNS


def strict_form(db: Engine, service: MeshService, reach: Reach) -> MeshService:
    """`service` as strict egress has it."""
    resolution = strict_resolution(service.resolution, service.hostname)
    ports = service.ports
    if resolution is Resolution.DYNAMIC_DNS:
        ports = tuple(port for port in ports if _names_its_host(port))
        for port in service.ports:
            if port not in ports:
                _report(db, service, port)
    return msgspec.structs.replace(service, resolution=resolution, ports=ports, reach=reach)


def authority_port(service: MeshService | None, port: int) -> int:
    """The port that a request must name beside its host to be sent to `port` of a service; 0 where any will do, for the
    name does not decide the address."""
    if service is None or not service.strict or service.resolution is not Resolution.DYNAMIC_DNS:
        return 0
    found = service.port(port)
    target = found.target_port if found is not None and isinstance(found.target_port, int) else 0
    return target or port


def _annotated(db: Engine, resource: Resource) -> Reach:
    text = resource.metadata.annotations.get(ANNOTATION, "false")
    found = _REACH.get(text)
    if found is None:
        db.report(
            Diagnostic(
                severity=Severity.WARNING,
                code="strict-egress",
                message=f"{text!r} is no value of the annotation {ANNOTATION}; taken for 'true'",
                hint="write 'true', 'public' or 'false'",
                ref=resource.ref,
            )
        )
    return Reach.NETWORK if found is None else found


def _names_its_host(port: MeshPort) -> bool:
    return port.protocol.is_http or port.protocol.is_tls


def _report(db: Engine, service: MeshService, port: MeshPort) -> None:
    db.report(
        Diagnostic(
            severity=Severity.WARNING,
            code="strict-egress",
            message=f"port {port.number} ({port.protocol.value}) of {service.hostname} is left out: "
            "its connections do not say which host they are for",
            hint="declare the port as HTTP or TLS, or name the hosts without a wildcard",
            ref=service.source,
        )
    )
