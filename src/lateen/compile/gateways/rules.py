# SPDX-License-Identifier: Apache-2.0
"""The VirtualServices that are bound to a Gateway, in the order in which they count there."""

from __future__ import annotations

from lateen.compile.ingress.rules import ingress_rules_of
from lateen.compile.mesh import default_virtual_service_export_to
from lateen.compile.routing.virtual_service import qualified
from lateen.compile.visibility import export_rank
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref
from lateen.state import inputs


@query
def rule_hosts(db: Engine, ref: Ref) -> tuple[str, ...]:
    """The hosts of a rule, completed, in the letters in which they were written."""
    spec = qualified(db, ref)
    return spec.hosts if spec is not None else ()


@query
def _order(db: Engine, ref: Ref, client: str) -> tuple[int, str, str, str] | None:
    """Where a rule stands among those that a proxy in namespace `client` sees; None if it does not see it."""
    rule = inputs.virtual_service(db, ref)
    if rule is None:
        return None
    default = default_virtual_service_export_to(db)
    rank = export_rank(rule.spec.export_to, ref.namespace, client, default)
    return None if rank is None else (rank, rule.metadata.creation_timestamp, ref.name, ref.namespace)


@query
def bound(db: Engine, gateway: str) -> tuple[Ref, ...]:
    """The rules that name a Gateway (`namespace/name`)."""
    return tuple(rule.ref for rule in inputs.virtual_services_by_gateway(db, gateway))


@query
def rules_of(db: Engine, gateway: str, client: str) -> tuple[Ref, ...]:
    """The rules of a Gateway that a proxy in namespace `client` sees: private ones, those exported by name, public
    ones; within each the oldest first. Those made from Ingresses come first."""
    found = [(order, ref) for ref in bound(db, gateway) if (order := _order(db, ref, client)) is not None]
    return (*ingress_rules_of(db, gateway), *(ref for _, ref in sorted(found)))
