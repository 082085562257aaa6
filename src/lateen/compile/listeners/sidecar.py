# SPDX-License-Identifier: Apache-2.0
"""All listeners of a sidecar, in layers: most proxies share most of them."""

from __future__ import annotations

from collections.abc import Mapping

from lateen.compile.clusters.client import Families
from lateen.compile.listeners.bind import Capture, capture_of
from lateen.compile.listeners.catch_all import catch_all
from lateen.compile.listeners.http_proxy import http_proxy_listener
from lateen.compile.listeners.inbound_listener import inbound_listener, virtual_inbound
from lateen.compile.listeners.inbound_plan import InboundPort, inbound_ports, passthrough_ports
from lateen.compile.listeners.l4_rules import L4Rules, l4_rules
from lateen.compile.listeners.outbound_entry import OutboundEntry, TcpPart
from lateen.compile.listeners.outbound_listener import Rules, outbound_listener
from lateen.compile.listeners.outbound_plan import headless_addresses, outbound_plan
from lateen.compile.listeners.tcp_route import Client
from lateen.compile.listeners.virtual_outbound import virtual_outbound
from lateen.compile.sidecar_scope.egress_listener import listeners_of
from lateen.compile.workload import Interception, Labels, Scope, Workload
from lateen.envoy.blob import Blob
from lateen.envoy.listener import VIRTUAL_INBOUND, listener_name
from lateen.envoy.snapshot import Layer
from lateen.incremental.engine import Engine, collection, query
from lateen.incremental.table import Table
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.ref import Ref


@collection(outbound_listener)
def outbound_listeners_of(
    db: Engine, client: Client, capture: Capture, own_address: str
) -> Mapping[str, tuple[Client, Families, OutboundEntry, Rules]]:
    """The listeners of the plan, by name."""
    plan = outbound_plan(db, client.namespace, client.sidecar, capture, own_address)
    # Asked for here, once, and not by each listener: an edit of a rule then does not put all of them in question.
    known = [l4_rules(db, client.namespace, client.sidecar, e.index) for e in listeners_of(db, client.sidecar)]
    return {name: (client, capture.families, entry, _rules(entry, known)) for name, entry in plan.items()}


def _rules(entry: OutboundEntry, known: list[L4Rules]) -> Rules:
    found = tuple(
        known[part.egress_listener].for_host(part.service.hostname) if isinstance(part, TcpPart) else ()
        for part in entry.parts
    )
    return found if any(found) else ()


@query
def proxy_listeners_of(db: Engine, client: Client, capture: Capture) -> Layer:
    """The outbound listeners that serve no service of their own: virtualOutbound and the HTTP proxy."""
    blobs: list[Blob] = []
    proxy = http_proxy_listener(db, capture.families)
    if proxy is not None:
        blobs.append(proxy)
    if capture.redirected:
        transparent = capture.interception is Interception.TPROXY
        blobs.append(virtual_outbound(db, capture.families, transparent, catch_all(db, client.sidecar)))
    return Table({blob.name: blob for blob in blobs})


@collection(inbound_listener)
def inbound_listeners_of(
    db: Engine, namespace: str, labels: Labels, ips: tuple[str, ...], capture: Capture, sidecar: Ref | None
) -> Mapping[str, tuple[InboundPort]]:
    """The inbound listeners on ports of their own, by name. One that an outbound listener has already is left out: of
    two with the same name Envoy refuses both, and all others with them."""
    ports = [p for p in inbound_ports(db, namespace, labels, ips, capture, sidecar) if p.bind_to_port]
    found = {listener_name(port.binds[0], port.number): (port,) for port in ports}
    for name in sorted(found.keys() & outbound_plan(db, namespace, sidecar, capture, "").keys()) if found else ():
        del found[name]
        db.report(
            Diagnostic(
                severity=Severity.WARNING,
                code="listener-conflict",
                message=f"ingress and egress both need the listener {name}; the ingress listener was left out",
                hint="bind the ingress listener to the address of the pod",
                ref=sidecar,
            )
        )
    return found


@query
def virtual_inbound_of(
    db: Engine, namespace: str, labels: Labels, ips: tuple[str, ...], capture: Capture, sidecar: Ref | None
) -> Layer:
    """virtualInbound, where connections are redirected. Workloads with the same ports and policies share it."""
    if not capture.redirected:
        return Table({})
    ports = inbound_ports(db, namespace, labels, ips, capture, sidecar)
    others = passthrough_ports(db, namespace, labels, frozenset(port.number for port in ports))
    captured = tuple(port for port in ports if not port.bind_to_port)
    transparent = capture.interception is Interception.TPROXY
    return Table({VIRTUAL_INBOUND: virtual_inbound(db, (*others, *captured), capture.families, transparent)})


def sidecar_listeners(db: Engine, workload: Workload, scope: Scope) -> tuple[Layer, ...]:
    """The listeners of `workload`'s sidecar, whose scope is `scope`."""
    capture = capture_of(scope)
    client = Client(scope.namespace, scope.labels, scope.sidecar, capture.families)
    shared = headless_addresses(db, scope.namespace, scope.sidecar, capture)
    own = workload.ips[0] if workload.ips and workload.ips[0] in shared else ""
    workload_side = (workload.namespace, workload.labels, workload.ips, capture, scope.sidecar)
    return (
        outbound_listeners_of(db, client, capture, own),
        proxy_listeners_of(db, client, capture),
        inbound_listeners_of(db, *workload_side),
        virtual_inbound_of(db, *workload_side),
    )
