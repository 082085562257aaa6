# SPDX-License-Identifier: Apache-2.0
"""The mesh's settings as queries: the whole, and narrow pieces, so that a change of one setting stays with its readers."""

from __future__ import annotations

from typing import Any

from lateen.incremental.engine import Engine, query
from lateen.model.networking.sidecar import OutboundTrafficPolicyMode
from lateen.state import inputs


@query
def domain(db: Engine) -> str:
    """The cluster's DNS domain."""
    return inputs.domain(db, None)


@query
def mesh(db: Engine) -> Any:
    """The MeshConfig, Istio's defaults included. Read a narrower query where there is one."""
    return inputs.mesh_config(db, None)


@query
def root_namespace(db: Engine) -> str:
    """The namespace whose objects apply to the whole mesh."""
    config = mesh(db)
    return (config.root_namespace if config is not None else "") or "istio-system"


@query
def trust_domain(db: Engine) -> str:
    """The trust domain of the mesh's identities."""
    config = mesh(db)
    return (config.trust_domain if config is not None else "") or "cluster.local"


@query
def default_service_export_to(db: Engine) -> tuple[str, ...]:
    """`exportTo` of services that say nothing; empty means everybody."""
    config = mesh(db)
    return tuple(config.default_service_export_to) if config is not None else ()


@query
def default_virtual_service_export_to(db: Engine) -> tuple[str, ...]:
    """`exportTo` of virtual services that say nothing; empty means everybody."""
    config = mesh(db)
    return tuple(config.default_virtual_service_export_to) if config is not None else ()


@query
def default_destination_rule_export_to(db: Engine) -> tuple[str, ...]:
    """`exportTo` of destination rules that say nothing; empty means everybody."""
    config = mesh(db)
    return tuple(config.default_destination_rule_export_to) if config is not None else ()


@query
def default_outbound_policy(db: Engine) -> OutboundTrafficPolicyMode:
    """The mesh's outboundTrafficPolicy.mode; ALLOW_ANY unless it says otherwise."""
    config = mesh(db)
    said = config.outbound_traffic_policy if config is not None else None
    return OutboundTrafficPolicyMode(said.mode.value) if said is not None else OutboundTrafficPolicyMode.ALLOW_ANY
