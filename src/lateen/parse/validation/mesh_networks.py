# SPDX-License-Identifier: Apache-2.0
"""What Istio checks of the networks of a mesh."""

from lateen.model.mesh.networks import MeshNetworks
from lateen.parse.text.field_path import key
from lateen.parse.validation import names
from lateen.parse.validation.findings import Findings


def check(findings: Findings, networks: MeshNetworks) -> None:
    """The networks of a mesh."""
    for name, network in networks.networks.items():
        place = f"networks{key(name)}"
        for index, endpoints in enumerate(network.endpoints):
            if endpoints.from_cidr is not None:
                findings.expect(f"{place}.endpoints[{index}].fromCidr", names.subnet(endpoints.from_cidr))
            if endpoints.from_registry is not None and not names.is_label(endpoints.from_registry):
                message = f"invalid registry name: {endpoints.from_registry}"
                findings.error(f"{place}.endpoints[{index}].fromRegistry", message)
        for index, gateway in enumerate(network.gateways):
            where = f"{place}.gateways[{index}]"
            if gateway.registry_service_name is not None:
                findings.expect(f"{where}.registryServiceName", names.fqdn(gateway.registry_service_name))
            address = gateway.address
            if address is not None and not names.is_ip(address) and names.fqdn(address) is not None:
                findings.error(f"{where}.address", f"{address} is not a valid IP address or DNS name")
            findings.expect(f"{where}.port", names.port(gateway.port))
