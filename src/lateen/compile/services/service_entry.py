# SPDX-License-Identifier: Apache-2.0
"""The hosts of a ServiceEntry as services of the mesh."""

from __future__ import annotations

import ipaddress

import msgspec

from lateen.compile.services.kubernetes_service import TRAFFIC_DISTRIBUTION, UNSPECIFIED
from lateen.compile.services.protocol import parse_protocol
from lateen.compile.services.service import MeshPort, MeshService, Registry, Resolution
from lateen.compile.workload import labels_of
from lateen.model.networking.service_entry import Location, ServiceEntry
from lateen.model.networking.service_entry import Resolution as Declared

_RESOLUTIONS = {
    Declared.NONE: Resolution.PASSTHROUGH,
    Declared.STATIC: Resolution.CLIENT_SIDE,
    Declared.DNS: Resolution.DNS,
    Declared.DNS_ROUND_ROBIN: Resolution.DNS_ROUND_ROBIN,
    Declared.DYNAMIC_DNS: Resolution.DYNAMIC_DNS,
}


def entry_service(entry: ServiceEntry, host: str) -> MeshService:
    """The service that `entry` declares under `host`, one of its hosts."""
    spec = entry.spec
    addresses = tuple(a for a in (virtual_address(text) for text in spec.addresses) if a)
    return MeshService(
        hostname=host,
        namespace=entry.namespace,
        name=entry.name,
        ports=tuple(
            MeshPort(
                name=port.name,
                number=port.number,
                protocol=parse_protocol(port.protocol),
                target_port=port.target_port,
            )
            for port in spec.ports
        ),
        address=addresses[0] if addresses else UNSPECIFIED,
        addresses=addresses,
        registry=Registry.EXTERNAL,
        resolution=_RESOLUTIONS[spec.resolution],
        external=spec.location is Location.MESH_EXTERNAL,
        export_to=tuple(sorted(set(spec.export_to))),
        labels=labels_of(entry.metadata.labels),
        selector=labels_of(spec.workload_selector.labels) if spec.workload_selector is not None else (),
        created=entry.metadata.creation_timestamp,
        source=entry.ref,
        subject_alt_names=spec.subject_alt_names,
        traffic_distribution=entry.metadata.annotations.get(TRAFFIC_DISTRIBUTION, ""),
    )


def virtual_address(text: str) -> str:
    """An address or CIDR block as listeners write it; a block of one is that address. Empty if it is neither."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return ""
    if network.prefixlen == network.max_prefixlen:
        return text.partition("/")[0]
    return text


def merge(parts: tuple[MeshService, ...], variant: str) -> MeshService:
    """Several declarations of one host in one namespace as one service, the first of them the leading one.

    Kubernetes' own is never merged. Others add the ports that are missing, if they agree with the first in resolution,
    labels and selector, else nothing. `parts` holds all of them either way; for `variant` see `ServiceKey`.
    """
    first = parts[0]
    ports = {port.number: port for port in first.ports}
    if first.registry is Registry.EXTERNAL:
        for other in parts[1:]:
            if (other.resolution, other.labels, other.selector) == (first.resolution, first.labels, first.selector):
                for port in other.ports:
                    ports.setdefault(port.number, port)
    return msgspec.structs.replace(first, ports=tuple(ports.values()), parts=parts, variant=variant)
