# SPDX-License-Identifier: Apache-2.0
"""Whether a gateway forwards the mesh's TLS unopened, by the service that its server name spells out."""

from __future__ import annotations

from lateen.compile.workload import Labels, Role, Scope
from lateen.incremental.engine import Engine, query
from lateen.model.networking.server_tls import ServerTLSMode
from lateen.state import inputs


@query
def _selectors(db: Engine) -> tuple[frozenset[tuple[str, str]], ...]:
    """The selectors of the Gateways with an AUTO_PASSTHROUGH server."""
    return tuple(
        frozenset(gateway.spec.selector.items())
        for gateway in inputs.gateways(db, "all")
        if any(s.tls is not None and s.tls.mode is ServerTLSMode.AUTO_PASSTHROUGH for s in gateway.spec.servers)
    )


@query
def selected_to_forward(db: Engine, labels: Labels) -> bool:
    """Whether a proxy with these labels is selected by a Gateway with an AUTO_PASSTHROUGH server."""
    return any(selector <= set(labels) for selector in _selectors(db))


def forwards_tls(db: Engine, scope: Scope) -> bool:
    """Whether a scope's proxies are gateways that forward the mesh's TLS."""
    return scope.role is Role.ROUTER and selected_to_forward(db, scope.labels)
