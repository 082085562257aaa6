# SPDX-License-Identifier: Apache-2.0
"""The kinds of networking.k8s.io, discovery.k8s.io and coordination.k8s.io."""

from __future__ import annotations

from lateen.apiserver.registry.builtin import builtin
from lateen.apiserver.registry.kind import Kind, Strategy, Subresource
from lateen.apiserver.strategy import endpoint_slice, ingress
from lateen.apiserver.tables import network


def kinds() -> list[Kind]:
    return [
        builtin("coordination.k8s.io", "v1", "Lease", table=network.LEASE, strategy=Strategy(create_on_update=True)),
        builtin(
            "discovery.k8s.io",
            "v1",
            "EndpointSlice",
            table=network.ENDPOINT_SLICE,
            strategy=endpoint_slice.STRATEGY,
        ),
        builtin(
            "networking.k8s.io",
            "v1",
            "IngressClass",
            namespaced=False,
            table=network.INGRESS_CLASS,
            strategy=ingress.INGRESS_CLASS,
        ),
        builtin(
            "networking.k8s.io",
            "v1",
            "Ingress",
            short_names=("ing",),
            subresources=(Subresource("status", "Ingress"),),
            table=network.INGRESS,
            strategy=ingress.INGRESS,
        ),
        builtin(
            "networking.k8s.io",
            "v1",
            "NetworkPolicy",
            short_names=("netpol",),
            table=network.NETWORK_POLICY,
            strategy=ingress.NETWORK_POLICY,
        ),
    ]
