# SPDX-License-Identifier: Apache-2.0
"""What becomes of traffic to destinations that no service names: the Sidecar's word, else the mesh's."""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.mesh import default_outbound_policy, dynamic_dns
from lateen.compile.workload import Role, Scope
from lateen.incremental.engine import Engine, query
from lateen.model.networking.destination import Destination
from lateen.model.networking.sidecar import OutboundTrafficPolicyMode
from lateen.model.ref import Ref
from lateen.state import inputs


class OutboundPolicy(NamedTuple):
    """Refuse (REGISTRY_ONLY) or pass on (ALLOW_ANY) unknown traffic, or send it to `egress_proxy`."""

    mode: OutboundTrafficPolicyMode
    egress_proxy: Destination | None = None
    dynamic_dns: bool = False
    """Whether plain HTTP that is passed on goes to the address that the proxy looks up for its host."""


@query
def policy_of(db: Engine, sidecar: Ref | None) -> OutboundPolicy:
    """The policy of a Sidecar; one that says `{}` refuses."""
    found = inputs.sidecar(db, sidecar) if sidecar is not None else None
    said = found.spec.outbound_traffic_policy if found is not None else None
    if said is None:
        return OutboundPolicy(default_outbound_policy(db), dynamic_dns=dynamic_dns(db))
    return OutboundPolicy(said.mode, said.egress_proxy)


def outbound_traffic_policy(db: Engine, scope: Scope) -> OutboundPolicy:
    """The policy of a scope. Gateways refuse what they do not know."""
    if scope.role is Role.ROUTER:
        return OutboundPolicy(OutboundTrafficPolicyMode.REGISTRY_ONLY)
    return policy_of(db, scope.sidecar)
