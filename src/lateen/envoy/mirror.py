# SPDX-License-Identifier: Apache-2.0
"""VirtualService `mirror` and `mirrors` as Envoy's mirror policies."""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import RouteAction
from envoy.type.v3.percent_pb2 import FractionalPercent
from google.protobuf.wrappers_pb2 import BoolValue

from lateen.envoy.percent import ALL, fraction, runtime, whole_percent
from lateen.model.networking.http_policy import HTTPMirrorPolicy
from lateen.model.networking.http_route import HTTPRoute


def mirror_share(route: HTTPRoute) -> FractionalPercent | None:
    """The share of requests that the route's `mirror` gets; None when an explicit 0 turns it off."""
    if route.mirror_percentage is not None:
        return fraction(route.mirror_percentage) if route.mirror_percentage.value > 0 else None
    if route.mirror_percent is not None:
        return whole_percent(route.mirror_percent) if route.mirror_percent > 0 else None
    return ALL


def policy_share(policy: HTTPMirrorPolicy) -> FractionalPercent | None:
    """The share of requests that one of the route's `mirrors` gets; None when an explicit 0 turns it off."""
    if policy.percentage is not None:
        return fraction(policy.percentage) if policy.percentage.value > 0 else None
    return ALL


def mirror_policy(cluster: str, share: FractionalPercent) -> RouteAction.RequestMirrorPolicy:
    """Copies of `share` of the requests go to `cluster`, with the Host header as it is and without a trace."""
    return RouteAction.RequestMirrorPolicy(
        cluster=cluster,
        runtime_fraction=runtime(share),
        trace_sampled=BoolValue(value=False),
        disable_shadow_host_suffix_append=True,
    )
