# SPDX-License-Identifier: Apache-2.0
"""Which VirtualServices name a host, for one egress listener: by names only, whatever the rules say."""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.hosts import covering_wildcards, is_wildcard
from lateen.compile.sidecar_scope.virtual_services import Naming, imported_namings
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref


class RuleIndex(NamedTuple):
    """The imported VirtualServices by host; each in Istio's order of precedence."""

    order: tuple[Naming, ...]
    exact: dict[str, tuple[Ref, ...]]
    wildcard: dict[str, Ref]
    """Of several rules with one wildcard the first alone counts, even if it has no route for the client."""

    def for_service(self, hostname: str) -> tuple[Ref, ...]:
        """The rules that may govern a service, in order: those that name it, else the one with the closest wildcard."""
        named = self.exact.get(hostname, ())
        if named:
            return named
        pattern = self.closest_wildcard(hostname)
        return (self.wildcard[pattern],) if pattern is not None else ()

    def closest_wildcard(self, hostname: str) -> str | None:
        """The most specific wildcard of any rule that covers `hostname`."""
        if not self.wildcard:
            return None
        return next((pattern for pattern in covering_wildcards(hostname) if pattern in self.wildcard), None)


@query
def rule_index(db: Engine, namespace: str, sidecar: Ref | None, index: int) -> RuleIndex:
    """The VirtualServices that egress listener `index` imports, by host."""
    order = imported_namings(db, namespace, sidecar, index)
    exact: dict[str, list[Ref]] = {}
    wildcard: dict[str, Ref] = {}
    for naming in order:
        for host in naming.hosts:
            if is_wildcard(host):
                wildcard.setdefault(host, naming.ref)
            elif naming.ref not in (refs := exact.setdefault(host, [])):
                refs.append(naming.ref)
    return RuleIndex(order, {host: tuple(refs) for host, refs in exact.items()}, wildcard)
