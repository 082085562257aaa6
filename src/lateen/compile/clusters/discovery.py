# SPDX-License-Identifier: Apache-2.0
"""How a cluster finds its endpoints, by the service's resolution."""

from __future__ import annotations

import enum

from lateen.compile.services.service import MeshService, Resolution
from lateen.compile.workload import Role
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref
from lateen.state import inputs

CONNECT_STRATEGY = "istio.io/connect-strategy"
RACE = "RACE_FIRST_TCP_CONNECT"
"""Annotation of a ServiceEntry: connections race over the addresses of both families."""


class Discovery(enum.Enum):
    """How a cluster finds its endpoints."""

    EDS = "sent by the control plane"
    STRICT_DNS = "all addresses of names"
    LOGICAL_DNS = "the first address of a name"
    ORIGINAL_DST = "the address that the client dialled"
    DYNAMIC_FORWARD_PROXY = "the address of the name in the request"


@query
def races_connections(db: Engine, source: Ref) -> bool:
    """Whether the object that declared a service asks that connections race."""
    entry = inputs.service_entry(db, source)
    return entry is not None and entry.metadata.annotations.get(CONNECT_STRATEGY) == RACE


def discovery_of(db: Engine, service: MeshService, role: Role) -> Discovery:
    """The way of a service for a role: what a gateway's client dialled is the gateway, so it has no ORIGINAL_DST."""
    match service.resolution:
        case Resolution.DNS:
            return Discovery.LOGICAL_DNS if races_connections(db, service.source) else Discovery.STRICT_DNS
        case Resolution.DNS_ROUND_ROBIN:
            return Discovery.LOGICAL_DNS
        case Resolution.DYNAMIC_DNS:
            return Discovery.DYNAMIC_FORWARD_PROXY
        case Resolution.PASSTHROUGH if role is Role.SIDECAR:
            return Discovery.ORIGINAL_DST
    return Discovery.EDS
