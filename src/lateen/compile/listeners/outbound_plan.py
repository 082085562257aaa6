# SPDX-License-Identifier: Apache-2.0
"""Which outbound listeners a sidecar has, and which services share one.

A service port that speaks HTTP shares the listener of its port on the unspecified address with all others: a route
table tells them apart. Any other port has a listener on the service's own address where it has one, and shares the
unspecified address where it has none or is a block of addresses; there HTTP and bytes of different services meet, and
are told apart by their first bytes, destination blocks and server names. The first service in Istio's order wins a
contest; only MongoDB and MySQL, whose servers speak first, never share with anything else.

Sidecars may name ports and addresses themselves; what an egress listener with a port has taken is closed to the
listener that covers everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from lateen.compile.listeners.bind import METRICS_PORT, STATUS_PORT, Capture, loopbacks, wildcards
from lateen.compile.listeners.outbound_entry import HttpPart, OutboundEntry, Part, TcpPart
from lateen.compile.listeners.service_face import ServiceFace, endpoint_addresses, service_faces
from lateen.compile.mesh import mesh
from lateen.compile.services.protocol import parse_protocol
from lateen.compile.services.service import Protocol, ServiceKey
from lateen.compile.sidecar_scope.egress_listener import EgressListener, listeners_of
from lateen.compile.sidecar_scope.services import ScopedServices, imported_services
from lateen.compile.workload import Interception
from lateen.envoy.address import UNIX_PREFIX, UNSPECIFIED_V4
from lateen.envoy.listener import listener_name
from lateen.incremental.engine import Engine, query
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.networking.sidecar import CaptureMode
from lateen.model.ref import Ref

Imported: TypeAlias = tuple[tuple[EgressListener, ScopedServices], ...]
"""The egress listeners of a scope, each with the services that it imports."""

_SERVER_FIRST = (Protocol.MONGO, Protocol.MYSQL)


@query
def reserved_ports(db: Engine) -> frozenset[int]:
    """Ports on the unspecified address that listeners of the proxy itself have."""
    config = mesh(db)
    return frozenset((config.proxy_listen_port, config.proxy_inbound_listen_port, STATUS_PORT, METRICS_PORT))


class OutboundPlan(NamedTuple):
    """The outbound listeners of some proxies."""

    entries: Mapping[str, OutboundEntry]
    """By name."""
    pods: frozenset[str]
    """The addresses of pods that have a listener of their own, for they are behind headless services."""


@query
def outbound_plan(
    db: Engine, namespace: str, sidecar: Ref | None, capture: Capture, own_address: str
) -> Mapping[str, OutboundEntry]:
    """The outbound listeners, by name, of sidecars in `namespace` to which the Sidecar `sidecar` applies.

    `own_address` is the proxy's own when a headless service has it among its endpoints: a pod needs no listener for
    itself. Otherwise it is empty, so that proxies share the plan.
    """
    return plan_of(db, _imported(db, namespace, sidecar), capture, own_address).entries


@query
def headless_addresses(db: Engine, namespace: str, sidecar: Ref | None, capture: Capture) -> frozenset[str]:
    """The addresses of pods that have an outbound listener of their own."""
    return plan_of(db, _imported(db, namespace, sidecar), capture, "").pods


def _imported(db: Engine, namespace: str, sidecar: Ref | None) -> Imported:
    listeners = listeners_of(db, sidecar)
    return tuple((listener, imported_services(db, namespace, sidecar, listener.index)) for listener in listeners)


@query
def plan_of(db: Engine, imported: Imported, capture: Capture, own_address: str) -> OutboundPlan:
    """The listeners for these egress listeners with the services that each imports: in most meshes the same for every
    namespace."""
    plan = _Plan(capture, reserved_ports(db))
    pods: set[str] = set()
    for listener, services in imported:
        seen = [
            (scoped.key, face.on(scoped.ports))
            for scoped in services.values()
            for face in service_faces(db, scoped.key, capture.dns)
            if not face.alias_of
        ]
        binds, bind_to_port = _binding(listener, capture)
        if listener.port is not None:
            protocol = parse_protocol(listener.port.protocol)
            for key, face in seen:
                plan.add(key, face, listener.index, binds, bind_to_port, listener.port.number, protocol)
            continue
        plan.lock()
        for key, face in seen:
            for number, protocol in face.ports:
                if binds or not face.passthrough or not _per_endpoint(face, protocol, capture):
                    plan.add(key, face, listener.index, binds, bind_to_port, number, protocol)
                    continue
                for address in _endpoints(db, key, face, number):
                    if address:
                        pods.add(address)
                    if address != own_address or not address:
                        at = (address,) if address else ()
                        plan.add(key, face, listener.index, at, bind_to_port, number, protocol)
    for source, message in plan.conflicts:
        db.report(
            Diagnostic(
                severity=Severity.WARNING,
                code="listener-conflict",
                message=message,
                hint="give it another port, or an address of its own",
                ref=source,
            )
        )
    return OutboundPlan(plan.entries(), frozenset(pods))


def _binding(listener: EgressListener, capture: Capture) -> tuple[tuple[str, ...], bool]:
    """The addresses that an egress listener is on (none: those of its services), and whether it opens real ports."""
    real = (
        capture.interception is Interception.NONE
        or listener.capture_mode is CaptureMode.NONE
        or listener.bind.startswith(UNIX_PREFIX)
    )
    if listener.bind:
        return (listener.bind,), real
    return loopbacks(capture.families) if real else (), real


def _per_endpoint(face: ServiceFace, protocol: Protocol, capture: Capture) -> bool:
    """Whether the service has no address and clients go to its endpoints' own, which are told apart as bytes only."""
    return (
        face.passthrough
        and face.own_addresses(capture.families)[0] == UNSPECIFIED_V4
        and (protocol.is_tcp or protocol.is_sniffed)
    )


def _endpoints(db: Engine, key: ServiceKey, face: ServiceFace, number: int) -> tuple[str, ...]:
    """The addresses of the pods behind a headless service's port; an empty one stands for any address."""
    addresses = endpoint_addresses(db, key, number)
    if addresses is not None:
        return addresses
    # No endpoints: a Service, or an entry with a selector, may get some and has nothing to offer until then.
    return ("",) if face.external and not face.selects else ()


class _Draft:
    """A listener in the making. `protocol` is what it speaks as a whole: sniffed once HTTP and bytes share it."""

    def __init__(
        self, binds: tuple[str, ...], port: int, bind_to_port: bool, protocol: Protocol, parts: list[Part]
    ) -> None:
        self.binds = binds
        self.port = port
        self.bind_to_port = bind_to_port
        self.protocol = protocol
        self.parts = parts
        self.locked = False


class _Plan:
    """The listeners so far, by primary address and port."""

    def __init__(self, capture: Capture, reserved: frozenset[int]) -> None:
        self._families = capture.families
        self._wildcards = wildcards(capture.families)
        self._wildcard = self._wildcards[0]
        self._reserved = reserved
        self._drafts: dict[tuple[str, int], _Draft] = {}
        self.conflicts: dict[tuple[Ref, str], None] = {}
        """What had to be left out: the object behind it, and why."""

    def lock(self) -> None:
        """Close what is there to what comes."""
        for draft in self._drafts.values():
            draft.locked = True

    def entries(self) -> dict[str, OutboundEntry]:
        """The outcome, by listener name. A further address belongs to the oldest listener that has it."""
        taken = set(self._drafts)
        found = {}
        for (bind, port), draft in self._drafts.items():
            others = tuple(other for other in draft.binds[1:] if (other, port) not in taken)
            taken.update((other, port) for other in others)
            found[listener_name(bind, port)] = OutboundEntry(
                binds=(bind, *others), port=draft.port, bind_to_port=draft.bind_to_port, parts=tuple(draft.parts)
            )
        return dict(sorted(found.items()))

    def add(
        self,
        key: ServiceKey,
        face: ServiceFace,
        egress_listener: int,
        binds: tuple[str, ...],
        bind_to_port: bool,
        port: int,
        protocol: Protocol,
    ) -> None:
        """Add a service on a port, at `binds` or where it belongs when that is empty."""
        if protocol is Protocol.HTTP and not binds:
            shared = self._drafts.get((self._wildcard, port))
            if shared is not None and (shared.locked or shared.protocol is Protocol.UNSUPPORTED):
                # One table serves all: in a large mesh nearly every port ends here.
                return
        if not (protocol.is_http or protocol.is_tcp or protocol.is_sniffed):
            return
        if self._is_reserved(binds, port, protocol):
            self._leave_out(face, f"port {port} belongs to the proxy itself, no listener was made for it")
            return
        addresses = face.listen_addresses(self._families)
        for at, cidrs in self._places(addresses, binds, protocol):
            current = self._drafts.get((at[0], port))
            if current is not None and current.locked:
                continue
            parts: list[Part] = []
            if not protocol.is_http:
                parts.append(
                    TcpPart(
                        service=key,
                        source=face.source,
                        egress_listener=egress_listener,
                        port=port,
                        cluster_port=face.cluster_port(port),
                        tls=protocol.is_tls,
                        by_name=bool(cidrs) or "/" in addresses[0] or (addresses[0] == self._wildcard == at[0]),
                        cidrs=cidrs,
                        mongo=protocol is Protocol.MONGO,
                    )
                )
            if not protocol.is_tcp:
                parts.append(self._http_part(key, at[0], port, protocol))
            if not self._join(current, _Draft(at, port, bind_to_port, self._overall(protocol, at[0]), parts), protocol):
                where = listener_name(at[0], port)
                reason = f"{protocol.value} cannot share listener {where} with what an older service speaks there"
                self._leave_out(face, reason)

    def _places(
        self, addresses: tuple[str, ...], binds: tuple[str, ...], protocol: Protocol
    ) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        """Where a service goes: addresses to listen on, with the blocks by which it is told apart there. Blocks among
        the addresses of a service are matched on the unspecified address, for nobody can listen on a block."""
        if binds:
            return ((binds, ()),)
        if protocol.is_http:
            return ((self._wildcards, ()),)
        if "/" in addresses[0]:
            return ((self._wildcards, addresses),)
        single = tuple(address for address in addresses if "/" not in address)
        blocks = tuple(address for address in addresses if "/" in address)
        return ((single, ()), (self._wildcards, blocks)) if blocks else ((single, ()),)

    def _leave_out(self, face: ServiceFace, reason: str) -> None:
        self.conflicts[face.source, reason] = None

    def _http_part(self, key: ServiceKey, bind: str, port: int, protocol: Protocol) -> HttpPart:
        sniffed = protocol.is_sniffed or (bind == self._wildcard and protocol is not Protocol.HTTP_PROXY)
        if port == 0:
            routes = bind
        elif protocol.is_sniffed and bind != self._wildcard:
            routes = f"{key.hostname}:{port}"
        else:
            routes = str(port)
        return HttpPart(routes, sniffed, protocol is Protocol.GRPC_WEB)

    def _overall(self, protocol: Protocol, bind: str) -> Protocol:
        """HTTP on the unspecified address leaves room for bytes, so that listener counts as sniffed."""
        if protocol.is_http and protocol is not Protocol.HTTP_PROXY and bind == self._wildcard:
            return Protocol.UNSUPPORTED
        return protocol

    def _join(self, current: _Draft | None, new: _Draft, protocol: Protocol) -> bool:
        """Put a service's draft beside, into or in place of the one that is there; False if the two do not go
        together."""
        at = (new.binds[0], new.port)
        if current is None or protocol is Protocol.HTTP_PROXY:
            self._drafts[at] = new
            return True
        if not protocol.is_tcp and not current.protocol.is_tcp:
            # HTTP is there already, in one table for all; only a sniffed port adds something to plain HTTP.
            if protocol.is_sniffed and current.protocol.is_http:
                self._drafts[at] = new
            return True
        if protocol != current.protocol and (protocol in _SERVER_FIRST or current.protocol in _SERVER_FIRST):
            return False
        current.parts += new.parts
        if not (protocol.is_tcp and not current.protocol.is_http):
            current.protocol = Protocol.UNSUPPORTED
        return True

    def _is_reserved(self, binds: tuple[str, ...], port: int, protocol: Protocol) -> bool:
        on_wildcard = binds[0] == self._wildcard if binds else protocol.is_http
        return on_wildcard and port in self._reserved
