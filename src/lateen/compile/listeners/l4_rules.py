# SPDX-License-Identifier: Apache-2.0
"""Which VirtualServices have tcp or tls routes for a host, by names only: rules for HTTP play no part here."""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.hosts import covering_wildcards, is_wildcard, subset_of
from lateen.compile.sidecar_scope.virtual_services import imported_namings
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref
from lateen.state import inputs


class L4Rules(NamedTuple):
    """The imported VirtualServices with tcp or tls routes."""

    order: tuple[Ref, ...]
    """In Istio's order of precedence."""
    by_host: dict[str, frozenset[Ref]]
    """By host as written, wildcards included."""

    def for_host(self, hostname: str) -> tuple[Ref, ...]:
        """The rules with a host that covers `hostname`, or that `hostname` covers, in order."""
        if not self.order:
            return ()
        found: set[Ref] = set(self.by_host.get(hostname, ()))
        for pattern in covering_wildcards(hostname):
            found |= self.by_host.get(pattern, frozenset())
        if is_wildcard(hostname):
            for host, refs in self.by_host.items():
                if subset_of(host, hostname):
                    found |= refs
        return tuple(ref for ref in self.order if ref in found)


@query
def has_l4_routes(db: Engine, ref: Ref) -> bool:
    """Whether a VirtualService routes anything but HTTP."""
    found = inputs.virtual_service(db, ref)
    return found is not None and bool(found.spec.tcp or found.spec.tls)


@query
def l4_rules(db: Engine, namespace: str, sidecar: Ref | None, index: int) -> L4Rules:
    """The VirtualServices with tcp or tls routes that egress listener `index` imports."""
    order: list[Ref] = []
    by_host: dict[str, set[Ref]] = {}
    for naming in imported_namings(db, namespace, sidecar, index):
        if has_l4_routes(db, naming.ref):
            order.append(naming.ref)
            for host in naming.hosts:
                by_host.setdefault(host, set()).add(naming.ref)
    return L4Rules(tuple(order), {host: frozenset(refs) for host, refs in by_host.items()})
