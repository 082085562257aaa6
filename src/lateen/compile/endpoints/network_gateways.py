# SPDX-License-Identifier: Apache-2.0
"""Gateways into other networks: Services labelled with the network that they lead to, and those of MeshNetworks."""

from __future__ import annotations

from math import lcm
from typing import NamedTuple

from lateen.compile.hosts import is_ip_address
from lateen.compile.mesh import domain
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
def gateways_configured(db: Engine) -> tuple[NetworkGateway, ...]:
    """The gateways that MeshNetworks names, by address or by the Service in front of them."""
    found = []
    for name, network in inputs.mesh_networks(db, None).networks.items():
        for gateway in network.gateways:
            port = gateway.port or DEFAULT_PORT
            addresses = (gateway.address or "", *_service_addresses(db, gateway.registry_service_name or ""))
            found += [NetworkGateway(name, address, port) for address in addresses if is_ip_address(address)]
    return tuple(found)


def _service_addresses(db: Engine, hostname: str) -> tuple[str, ...]:
    """The addresses by which a Service, of that host name, is reached from outside of the cluster."""
    name, _, namespace = hostname.removesuffix(f".svc.{domain(db)}").partition(".")
    service = inputs.service(db, Ref("Service", namespace, name))
    if service is None:
        return ()
    return (*(point.ip for point in service.status.load_balancer.ingress), *service.spec.external_ips)


@query
def network_gateways(db: Engine) -> tuple[NetworkGateway, ...]:
    """Every gateway into a network, sorted."""
    declared = (
        gateway
        for namespace in inputs.namespaces_of(db, "Service")
        for ref in inputs.refs_in(db, ("Service", namespace))
        for gateway in gateways_declared(db, ref)
    )
    return tuple(sorted({*declared, *gateways_configured(db)}))


def weight_scale(gateways: tuple[NetworkGateway, ...]) -> int:
    """What all weights are multiplied with, so that those of a network's endpoints divide evenly among its gateways."""
    counts: dict[str, int] = {}
    for gateway in gateways:
        counts[gateway.network] = counts.get(gateway.network, 0) + 1
    return lcm(*counts.values())
