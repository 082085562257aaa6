# SPDX-License-Identifier: Apache-2.0
"""Which Gateways a proxy runs."""

from __future__ import annotations

from lateen.compile.ingress.gateways import ingress_gateways
from lateen.compile.workload import Labels
from lateen.incremental.engine import Engine, query
from lateen.model.networking.gateway import Gateway
from lateen.state import inputs

GATEWAY_SERVICE = "internal.istio.io/gateway-service"
"""Annotation with the host names, comma-separated, of the Services in front of a Gateway's proxies: these, not labels,
then tell which proxies run it. Gateways that stand for ones of the Kubernetes Gateway API have it."""


def services_of(gateway: Gateway) -> frozenset[str]:
    """The Services that a Gateway names; empty for one that selects proxies by their labels."""
    return frozenset(filter(None, gateway.metadata.annotations.get(GATEWAY_SERVICE, "").split(",")))


@query
def gateways_of(db: Engine, labels: Labels, services: frozenset[str]) -> tuple[Gateway, ...]:
    """The Gateways, of any namespace, that select a proxy with these labels behind these Services, oldest first. One
    without a selector selects every gateway proxy; those made from Ingresses have no age and come first."""
    present = set(labels)
    found = [*ingress_gateways(db), *inputs.gateways(db, "all")]
    chosen = [
        gateway
        for gateway in found
        if (services & named if (named := services_of(gateway)) else set(gateway.spec.selector.items()) <= present)
    ]
    return tuple(sorted(chosen, key=lambda g: (g.metadata.creation_timestamp, g.name, g.namespace)))
