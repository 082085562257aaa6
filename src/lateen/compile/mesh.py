# SPDX-License-Identifier: Apache-2.0
"""The mesh's settings as queries: the whole, and narrow pieces, so that a change of one stays with its readers."""

from __future__ import annotations

from lateen.incremental.engine import Engine, query
from lateen.model.mesh_config import MeshConfig, MeshOutboundTrafficPolicyMode
from lateen.model.networking.http_policy import HTTPRetry
from lateen.model.networking.sidecar import OutboundTrafficPolicyMode
from lateen.state import inputs


@query
def domain(db: Engine) -> str:
    """The cluster's DNS domain."""
    return inputs.domain(db, None)


@query
def mesh(db: Engine) -> MeshConfig:
    """The MeshConfig, Istio's defaults included. Read a narrower query where there is one."""
    return inputs.mesh_config(db, None)


@query
def root_namespace(db: Engine) -> str:
    """The namespace whose objects apply to the whole mesh."""
    return mesh(db).root_namespace or "istio-system"


@query
def trust_domain(db: Engine) -> str:
    """The trust domain of the mesh's identities."""
    return mesh(db).trust_domain or "cluster.local"


@query
def default_service_export_to(db: Engine) -> tuple[str, ...]:
    """`exportTo` of services that say nothing; empty means everybody."""
    return mesh(db).default_service_export_to


@query
def default_virtual_service_export_to(db: Engine) -> tuple[str, ...]:
    """`exportTo` of virtual services that say nothing; empty means everybody."""
    return mesh(db).default_virtual_service_export_to


@query
def default_destination_rule_export_to(db: Engine) -> tuple[str, ...]:
    """`exportTo` of destination rules that say nothing; empty means everybody."""
    return mesh(db).default_destination_rule_export_to


@query
def default_outbound_policy(db: Engine) -> OutboundTrafficPolicyMode:
    """The mesh's outboundTrafficPolicy.mode; ALLOW_ANY unless it says otherwise."""
    said = mesh(db).outbound_traffic_policy
    refuses = said is not None and said.mode is MeshOutboundTrafficPolicyMode.REGISTRY_ONLY
    return OutboundTrafficPolicyMode.REGISTRY_ONLY if refuses else OutboundTrafficPolicyMode.ALLOW_ANY


@query
def dynamic_dns(db: Engine) -> bool:
    """Whether unknown hosts of plain HTTP are looked up by the proxy (ALLOW_ANY_DYNAMIC_DNS)."""
    said = mesh(db).outbound_traffic_policy
    return said is not None and said.mode is MeshOutboundTrafficPolicyMode.ALLOW_ANY_DYNAMIC_DNS


@query
def default_retries(db: Engine) -> HTTPRetry | None:
    """The retry policy of routes that have none."""
    return mesh(db).default_http_retry_policy


@query
def attempt_count(db: Engine) -> bool:
    """Whether upstreams are told how often a request was tried (proxyHeaders.attemptCount)."""
    headers = mesh(db).default_config.proxy_headers
    return headers is None or headers.attempt_count is None or not headers.attempt_count.disabled


@query
def http_proxy_port(db: Engine) -> int:
    """The port on which sidecars serve as HTTP proxies; 0 for none."""
    return mesh(db).proxy_http_port
