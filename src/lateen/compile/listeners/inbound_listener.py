# SPDX-License-Identifier: Apache-2.0
"""virtualInbound, which gets all redirected incoming connections, and inbound listeners on ports of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any as Message

from lateen.compile.clusters.client import Families
from lateen.compile.listeners.bind import wildcards
from lateen.compile.listeners.inbound_chain import KIND, inbound_chains
from lateen.compile.listeners.inbound_plan import InboundPort
from lateen.compile.listeners.logs import listener_access_log
from lateen.compile.listeners.proxy_metadata import proxy_switches
from lateen.compile.mesh import mesh
from lateen.envoy.blob import Blob, blob
from lateen.envoy.filter_chain import TLS, ChainMatch, filter_chain
from lateen.envoy.listener import INBOUND, VIRTUAL_INBOUND, listener, listener_name
from lateen.envoy.listener_filter import http_inspector, original_destination, original_source, tls_inspector
from lateen.envoy.names import BLACK_HOLE
from lateen.envoy.tcp_proxy import tcp_proxy
from lateen.incremental.engine import Engine, query


@query
def virtual_inbound(db: Engine, ports: tuple[InboundPort, ...], families: Families, transparent: bool) -> Blob:
    """The listener of workloads with these ports, those that nobody declares included; `transparent` for TPROXY."""
    config = mesh(db)
    own_port = config.proxy_inbound_listen_port
    # Connections to the port itself would come back here for ever.
    chains = [
        filter_chain(
            [tcp_proxy([(BLACK_HOLE, 0)], stat_prefix=BLACK_HOLE)],
            match=ChainMatch(destination_port=own_port),
            name="virtualInbound-blackhole",
        )
    ]
    for port in ports:
        chains += inbound_chains(db, port)
    message = listener(
        VIRTUAL_INBOUND,
        wildcards(families),
        own_port,
        direction=INBOUND,
        filter_chains=chains,
        listener_filters=[
            original_destination(),
            *((original_source(),) if transparent else ()),
            *_inspectors(chains),
        ],
        filters_timeout=config.protocol_detection_timeout,
        continue_on_timeout=True,
        transparent=transparent,
        exact_balance=proxy_switches(db).inbound_exact_balance,
        access_log=listener_access_log(db, KIND),
    )
    return blob(VIRTUAL_INBOUND, message)


@query
def inbound_listener(db: Engine, port: InboundPort) -> Blob | None:
    """The listener of a port that a Sidecar has opened for real."""
    name = listener_name(port.binds[0], port.number)
    chains = inbound_chains(db, port)
    message = listener(
        name,
        port.binds,
        port.number,
        direction=INBOUND,
        filter_chains=chains,
        listener_filters=_inspectors(chains),
        filters_timeout=mesh(db).protocol_detection_timeout,
        continue_on_timeout=True,
        exact_balance=proxy_switches(db).inbound_exact_balance,
        access_log=listener_access_log(db, KIND),
    )
    return blob(name, message)


def _inspectors(chains: Iterable[Message]) -> list[Message]:
    """The inspectors that the chains need, on the ports that need them: others would wait for bytes in vain where the
    server speaks first. Port 0 stands for all ports without a chain of their own."""
    tls: dict[int, bool] = {}
    http: dict[int, bool] = {}
    for chain in chains:
        match = chain.filter_chain_match
        port = match.destination_port.value
        tls[port] = tls.get(port, False) or match.transport_protocol == TLS
        http[port] = http.get(port, False) or "h2c" in match.application_protocols
    found = []
    if any(tls.values()):
        found.append(
            tls_inspector(disabled_on=_ports(tls, False)) if tls.get(0) else tls_inspector(only_on=_ports(tls, True))
        )
    if any(http.values()):
        found.append(http_inspector(disabled_on=_ports(http, False)))
    return found


def _ports(needed: dict[int, bool], wanted: bool) -> list[int]:
    return sorted(port for port, needs in needed.items() if port and needs is wanted)
