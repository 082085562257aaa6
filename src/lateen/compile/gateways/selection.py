# SPDX-License-Identifier: Apache-2.0
"""Which Gateways a proxy runs."""

from __future__ import annotations

from lateen.compile.ingress.gateways import ingress_gateways
from lateen.compile.workload import Labels
from lateen.incremental.engine import Engine, query
from lateen.model.networking.gateway import Gateway
from lateen.state import inputs


@query
def gateways_of(db: Engine, labels: Labels) -> tuple[Gateway, ...]:
    """The Gateways, of any namespace, that select a proxy with these labels, oldest first. One without a selector
    selects every gateway proxy; those made from Ingresses have no age and come first."""
    present = set(labels)
    found = [*ingress_gateways(db), *inputs.gateways(db, "all")]
    chosen = [gateway for gateway in found if set(gateway.spec.selector.items()) <= present]
    return tuple(sorted(chosen, key=lambda g: (g.metadata.creation_timestamp, g.name, g.namespace)))
