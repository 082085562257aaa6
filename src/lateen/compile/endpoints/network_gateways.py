# SPDX-License-Identifier: Apache-2.0
"""Gateways into other networks: Services labelled with the network that they lead to."""

from __future__ import annotations

from math import lcm
from typing import NamedTuple

from lateen.compile.hosts import is_ip_address
from lateen.compile.services.locality import NETWORK_LABEL
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref
from lateen.state import inputs

PORT_LABEL = "networking.istio.io/gatewayPort"
DEFAULT_PORT = 15443


class NetworkGateway(NamedTuple):
    """One address at which a network takes mutual TLS from others."""

    network: str
    address: str
    port: int


@query
def gateways_declared(db: Engine, ref: Ref) -> tuple[NetworkGateway, ...]:
    """The addresses of the Service `ref` if it leads to a network. Names are left out: endpoints must be addresses."""
    service = inputs.service(db, ref)
    network = service.metadata.labels.get(NETWORK_LABEL, "") if service is not None else ""
    if service is None or not network:
        return ()
    port = service.metadata.labels.get(PORT_LABEL, "")
    addresses = (*(point.ip for point in service.status.load_balancer.ingress), *service.spec.external_ips)
    return tuple(
        NetworkGateway(network, address, int(port) if port.isdecimal() else DEFAULT_PORT)
        for address in addresses
        if is_ip_address(address)
    )


@query
def network_gateways(db: Engine) -> tuple[NetworkGateway, ...]:
    """Every gateway into a network, sorted."""
    return tuple(
        sorted(
            gateway
            for namespace in inputs.namespaces_of(db, "Service")
            for ref in inputs.refs_in(db, ("Service", namespace))
            for gateway in gateways_declared(db, ref)
        )
    )


def weight_scale(gateways: tuple[NetworkGateway, ...]) -> int:
    """What all weights are multiplied with, so that those of a network's endpoints divide evenly among its gateways."""
    counts: dict[str, int] = {}
    for gateway in gateways:
        counts[gateway.network] = counts.get(gateway.network, 0) + 1
    return lcm(*counts.values())
