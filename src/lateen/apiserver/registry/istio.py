# SPDX-License-Identifier: Apache-2.0
"""Istio's kinds in every version Istio serves, with its short names and printer columns."""

from __future__ import annotations

from lateen.apiserver.registry.kind import Kind, Strategy, Subresource
from lateen.apiserver.schema.structural import untyped
from lateen.apiserver.tables.printer_columns import PrinterColumn, table

_UNTYPED = untyped()
"""Fields are checked by `lateen.parse`, through admission."""
_AGE = PrinterColumn("Age", "date", ".metadata.creationTimestamp")


def _istio(
    package: str,
    kind: str,
    versions: tuple[str, ...],
    columns: tuple[PrinterColumn, ...] | None = (_AGE,),
    *,
    plural: str = "",
    short: tuple[str, ...] = (),
) -> Kind:
    shown = table(columns) if columns else table((_AGE,))
    return Kind(
        group=f"{package}.istio.io",
        versions=versions,
        kind=kind,
        plural=plural or f"{kind.lower()}s",
        singular=kind.lower(),
        short_names=short,
        categories=("istio-io", f"{package}-istio-io"),
        subresources=(Subresource("status", kind),),
        custom=True,
        schema=lambda _: _UNTYPED,
        table=lambda _: shown,
        strategy=Strategy(generation=True, unconditional_update=False),
    )


def kinds() -> list[Kind]:
    networking = ("v1", "v1beta1", "v1alpha3")
    security = ("v1", "v1beta1")
    hosts = PrinterColumn("Hosts", "string", ".spec.hosts")
    return [
        _istio(
            "networking",
            "DestinationRule",
            networking,
            (PrinterColumn("Host", "string", ".spec.host"), _AGE),
            short=("dr",),
        ),
        _istio("networking", "EnvoyFilter", ("v1alpha3",)),
        _istio("networking", "Gateway", networking, short=("gw",)),
        _istio("networking", "ProxyConfig", ("v1beta1",)),
        _istio(
            "networking",
            "ServiceEntry",
            networking,
            (
                hosts,
                PrinterColumn("Location", "string", ".spec.location"),
                PrinterColumn("Resolution", "string", ".spec.resolution"),
                _AGE,
            ),
            plural="serviceentries",
            short=("se",),
        ),
        _istio("networking", "Sidecar", networking),
        _istio(
            "networking",
            "VirtualService",
            networking,
            (PrinterColumn("Gateways", "string", ".spec.gateways"), hosts, _AGE),
            short=("vs",),
        ),
        _istio(
            "networking",
            "WorkloadEntry",
            networking,
            (_AGE, PrinterColumn("Address", "string", ".spec.address")),
            plural="workloadentries",
            short=("we",),
        ),
        _istio("networking", "WorkloadGroup", networking, short=("wg",)),
        _istio(
            "security",
            "AuthorizationPolicy",
            security,
            (PrinterColumn("Action", "string", ".spec.action"), _AGE),
            plural="authorizationpolicies",
            short=("ap",),
        ),
        _istio(
            "security",
            "PeerAuthentication",
            security,
            (PrinterColumn("Mode", "string", ".spec.mtls.mode"), _AGE),
            short=("pa",),
        ),
        _istio("security", "RequestAuthentication", security, short=("ra",)),
        _istio("telemetry", "Telemetry", ("v1", "v1alpha1"), plural="telemetries", short=("telemetry",)),
        _istio("extensions", "WasmPlugin", ("v1alpha1",)),
        _istio(
            "config",
            "RouteRule",
            ("v1alpha2",),
            (PrinterColumn("Destination", "string", ".spec.destination.name"), _AGE),
        ),
        _istio(
            "config",
            "EgressRule",
            ("v1alpha2",),
            (PrinterColumn("Destination", "string", ".spec.destination.service"), _AGE),
        ),
    ]
