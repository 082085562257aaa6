# SPDX-License-Identifier: Apache-2.0
"""`apiextensions.k8s.io/v1`: the kind that makes kinds."""

from __future__ import annotations

from lateen.apiserver.registry.builtin import builtin
from lateen.apiserver.registry.kind import Kind, Subresource
from lateen.apiserver.strategy.definition import STRATEGY


def kinds() -> list[Kind]:
    return [
        builtin(
            "apiextensions.k8s.io",
            "v1",
            "CustomResourceDefinition",
            namespaced=False,
            short_names=("crd", "crds"),
            categories=("api-extensions",),
            subresources=(Subresource("status", "CustomResourceDefinition"),),
            strategy=STRATEGY,
        )
    ]
