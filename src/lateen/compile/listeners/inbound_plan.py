# SPDX-License-Identifier: Apache-2.0
"""Which ports a sidecar serves, by the services in front of its workload or by the `ingress` of its Sidecar."""

from __future__ import annotations

import msgspec

from lateen.compile.clusters.client import Families
from lateen.compile.listeners.bind import METRICS_PORT, STATUS_PORT, Capture, wildcards
from lateen.compile.listeners.outbound_plan import reserved_ports
from lateen.compile.security.peer_authentication import peer_policies
from lateen.compile.services.instances import ServiceTarget, workload_services
from lateen.compile.services.protocol import parse_protocol
from lateen.compile.services.registry import service
from lateen.compile.services.service import Protocol
from lateen.compile.workload import Interception, Labels
from lateen.envoy.names import INBOUND_PASSTHROUGH, inbound_cluster
from lateen.incremental.engine import Engine, query
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.networking.sidecar import CaptureMode, IstioIngressListener
from lateen.model.ref import Ref
from lateen.model.security.peer_authentication import MutualTLSMode
from lateen.state import inputs


class InboundPort(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """What happens on one port of the workload. `number` 0 stands for every port that has none of its own."""

    number: int
    protocol: Protocol
    mode: MutualTLSMode
    cluster: str
    binds: tuple[str, ...] = ()
    """Where it listens if it opens a real port; otherwise it gives the chains their name."""
    bind_to_port: bool = False
    host: str = ""
    """The service's host name, for spans."""
    service_port: int = 0
    """The port of the service, for names and spans."""
    sidecar: Ref | None = None
    """The Sidecar that declares it."""

    @property
    def passthrough(self) -> bool:
        """Whether no service and no Sidecar declares the port."""
        return self.cluster == INBOUND_PASSTHROUGH


@query
def ingress_of(db: Engine, sidecar: Ref | None) -> tuple[IstioIngressListener, ...]:
    """The ingress part of a Sidecar."""
    found = inputs.sidecar(db, sidecar) if sidecar is not None else None
    return found.spec.ingress if found is not None else ()


@query
def inbound_ports(
    db: Engine,
    namespace: str,
    labels: Labels,
    ips: tuple[str, ...],
    capture: Capture,
    sidecar: Ref | None,
) -> tuple[InboundPort, ...]:
    """The ports of a workload, each once, in order."""
    if ingress_of(db, sidecar):
        return _declared(db, namespace, labels, ips, capture, sidecar)
    if not capture.redirected:
        # Real ports for its services would be those that the workload itself listens on.
        return ()
    return _of_services(db, namespace, labels, ips, capture.families)


def _of_services(
    db: Engine, namespace: str, labels: Labels, ips: tuple[str, ...], families: Families
) -> tuple[InboundPort, ...]:
    policies = peer_policies(db, namespace)
    reserved = reserved_ports(db)
    found: dict[int, InboundPort] = {}
    for target in workload_services(db, namespace, labels, ips):
        number = target.target_port
        if number in reserved:
            continue
        if number in found:
            # Of two services on one port of the workload the older one says what it speaks.
            if found[number].protocol is not target.port.protocol:
                _report(db, target, found[number])
            continue
        found[number] = InboundPort(
            number=number,
            protocol=target.port.protocol,
            mode=policies.mode_on(labels, number),
            cluster=inbound_cluster(number),
            binds=wildcards(families),
            host=target.key.hostname,
            service_port=target.port.number,
        )
    return tuple(found[number] for number in sorted(found))


def _report(db: Engine, newer: ServiceTarget, older: InboundPort) -> None:
    declared = service(db, newer.key)
    db.report(
        Diagnostic(
            severity=Severity.WARNING,
            code="inbound-conflict",
            message=(
                f"its port {newer.port.number} says that the workload's port {older.number} speaks "
                f"{newer.port.protocol.value}, {older.host} says {older.protocol.value}, and is older"
            ),
            hint="name the ports of both services alike",
            ref=declared.source if declared is not None else None,
        )
    )


def _declared(
    db: Engine, namespace: str, labels: Labels, ips: tuple[str, ...], capture: Capture, sidecar: Ref | None
) -> tuple[InboundPort, ...]:
    policies = peer_policies(db, namespace)
    found: dict[int, InboundPort] = {}
    for listener in ingress_of(db, sidecar):
        port = listener.port
        if port is None or sidecar is None or port.number in found:
            continue
        if listener.bind == wildcards(capture.families)[0] and port.number in (STATUS_PORT, METRICS_PORT):
            continue
        binds = (listener.bind,) if listener.bind else ips[:1] or wildcards(capture.families)
        real = capture.interception is Interception.NONE
        if listener.capture_mode is not CaptureMode.DEFAULT:
            real = listener.capture_mode is CaptureMode.NONE
        found[port.number] = InboundPort(
            number=port.number,
            protocol=parse_protocol(port.protocol),
            mode=policies.mode_on(labels, port.number),
            cluster=inbound_cluster(port.number),
            binds=binds,
            bind_to_port=real,
            host=f"{sidecar.name}.{sidecar.namespace}",
            service_port=port.number,
            sidecar=sidecar,
        )
    return tuple(found[number] for number in sorted(found))


@query
def passthrough_ports(db: Engine, namespace: str, labels: Labels, declared: frozenset[int]) -> tuple[InboundPort, ...]:
    """What happens on ports that nobody declares: the rule for all of them, then each that a PeerAuthentication names;
    `declared` are the numbers of the others."""
    policies = peer_policies(db, namespace)
    policy = policies.policy_for(labels)
    named = sorted(number for number, _ in policy.ports if number not in declared) if policy is not None else []
    return tuple(
        InboundPort(
            number=number,
            protocol=Protocol.UNSUPPORTED,
            mode=policies.mode_on(labels, number),
            cluster=INBOUND_PASSTHROUGH,
        )
        for number in (0, *named)
    )
