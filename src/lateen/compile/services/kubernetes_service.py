# SPDX-License-Identifier: Apache-2.0
"""A Kubernetes Service as a `MeshService`."""

from __future__ import annotations

from lateen.compile.services.identity import spiffe_identity
from lateen.compile.services.protocol import select_protocol
from lateen.compile.services.service import MeshPort, MeshService, Registry, Resolution
from lateen.compile.workload import labels_of
from lateen.model.core.service import Service
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.ref import Ref

EXPORT_TO = "networking.istio.io/exportTo"
"""Annotation with the namespaces that see a Service, comma-separated (a Service has no exportTo field)."""
TRAFFIC_DISTRIBUTION = "networking.istio.io/traffic-distribution"
CANONICAL_ACCOUNTS = "alpha.istio.io/canonical-serviceaccounts"
"""Annotation: identities, comma-separated, under which workloads outside of Kubernetes serve it."""
KUBERNETES_ACCOUNTS = "alpha.istio.io/kubernetes-serviceaccounts"
"""Annotation: service accounts of its namespace, comma-separated, under which virtual machines serve it."""

LARGEST_PORT = 65535

UNSPECIFIED = "0.0.0.0"
"""The address of a service that has none of its own."""


def service_hostname(name: str, namespace: str, domain: str) -> str:
    """The fully qualified host name of a Kubernetes Service."""
    return f"{name}.{namespace}.svc.{domain}"


def service_ref(hostname: str, namespace: str, domain: str) -> Ref | None:
    """The Kubernetes Service in `namespace` that would have this host name; None for names of another form."""
    name = hostname.removesuffix(f".{namespace}.svc.{domain}")
    return Ref("Service", namespace, name) if name != hostname and "." not in name else None


def kubernetes_service(service: Service, domain: str, trust: str) -> MeshService:
    """Convert `service`. Headless Services are passed through, ExternalName ones are an alias of their target. Ports
    that no API server would accept are left out (see `impossible_ports`). `trust` is the mesh's trust domain."""
    spec, meta = service.spec, service.metadata
    resolution = Resolution.CLIENT_SIDE
    alias_of = ""
    addresses = spec.cluster_ips or ((spec.cluster_ip,) if spec.cluster_ip else ())
    if spec.type == "ExternalName" and spec.external_name:
        resolution, alias_of = Resolution.ALIAS, spec.external_name
    if spec.cluster_ip == "None" or "None" in addresses:
        resolution, addresses = Resolution.PASSTHROUGH, ()
    return MeshService(
        hostname=service_hostname(meta.name, meta.namespace, domain),
        namespace=meta.namespace,
        name=meta.name,
        ports=tuple(
            MeshPort(
                name=port.name,
                number=port.port,
                protocol=select_protocol(port.port, port.name, port.protocol, port.app_protocol),
                target_port=port.target_port or 0,
            )
            for port in spec.ports
            if 0 < port.port <= LARGEST_PORT
        ),
        address=addresses[0] if addresses else UNSPECIFIED,
        addresses=tuple(addresses),
        registry=Registry.KUBERNETES,
        resolution=resolution,
        external=bool(alias_of),
        export_to=_listed(meta.annotations.get(EXPORT_TO, "")),
        labels=labels_of(meta.labels),
        selector=labels_of(spec.selector or {}),
        created=meta.creation_timestamp,
        source=service.ref,
        alias_of=alias_of,
        subject_alt_names=_identities(service, trust),
        node_local=spec.internal_traffic_policy == "Local",
        traffic_distribution=meta.annotations.get(TRAFFIC_DISTRIBUTION, "") or spec.traffic_distribution,
    )


def impossible_ports(service: Service) -> tuple[Diagnostic, ...]:
    """What is wrong with the port numbers of `service`, for documents are not always checked by an API server."""
    return tuple(
        Diagnostic(
            severity=Severity.ERROR,
            code="invalid-port",
            ref=service.ref,
            field=f"spec.ports[{index}].port",
            message=f"there is no port {port.port}: it is left out",
            hint=f"use a number from 1 to {LARGEST_PORT}",
        )
        for index, port in enumerate(service.spec.ports)
        if not 0 < port.port <= LARGEST_PORT
    )


def _identities(service: Service, trust: str) -> tuple[str, ...]:
    meta = service.metadata
    accounts = _listed(meta.annotations.get(KUBERNETES_ACCOUNTS, ""))
    found = {spiffe_identity(trust, meta.namespace, account) for account in accounts}
    return tuple(sorted(found.union(_listed(meta.annotations.get(CANONICAL_ACCOUNTS, "")))))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(sorted({name.strip() for name in text.split(",")})) if text else ()
