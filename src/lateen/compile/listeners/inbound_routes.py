# SPDX-License-Identifier: Apache-2.0
"""The routes of an inbound chain: every request to the workload's own port."""

from __future__ import annotations

from typing import Any as Message

from envoy.config.route.v3 import route_components_pb2, route_pb2

from lateen.compile.mesh import mesh
from lateen.envoy.retry import retry_policy
from lateen.incremental.engine import Engine, query
from lateen.model.networking.http_policy import HTTPRetry

_RETRY_ON = "reset-before-request"
"""The connection broke before the workload saw the request, as when it has just closed an idle one."""
_RETRIES = 2


@query
def inbound_retries(db: Engine) -> HTTPRetry:
    """The retry policy towards the workload; retries of the same endpoint, for there is no other."""
    said = mesh(db).default_inbound_http_retry_policy
    if said is None:
        return HTTPRetry(attempts=_RETRIES, retry_on=_RETRY_ON)
    return said if said.retry_on else HTTPRetry(attempts=said.attempts, retry_on=_RETRY_ON, backoff=said.backoff)


def inbound_routes(db: Engine, cluster: str, host: str, port: int, *, retries: bool = True) -> Message:
    """The table, inside of its chain. `host` and `port` are the service's, for names and spans only. gRPC goes without
    `retries`, as in Istio: its clients have their own."""
    route = route_components_pb2.Route(
        name="default",
        match={"prefix": "/"},
        route={
            "cluster": cluster,
            "timeout": {},
            # No limit, whatever `grpc-timeout` says: time is the client's proxy's affair.
            "max_stream_duration": {"max_stream_duration": {}, "grpc_timeout_header_max": {}},
        },
        decorator={"operation": f"{host}:{port}/*"},
    )
    policy = retry_policy(inbound_retries(db), hashed=True) if retries else None
    if policy is not None:
        policy.ClearField("host_selection_retry_max_attempts")
        route.route.retry_policy.CopyFrom(policy)
    virtual_host = route_components_pb2.VirtualHost(name=f"inbound|http|{port}", domains=["*"], routes=[route])
    return route_pb2.RouteConfiguration(name=cluster, virtual_hosts=[virtual_host], validate_clusters={"value": False})
