# SPDX-License-Identifier: Apache-2.0
"""What every forwarding route says."""

from envoy.config.route.v3.route_components_pb2 import RouteAction

from lateen.envoy.duration import duration_message


def set_timeout(action: RouteAction, timeout: int) -> None:
    """The time for the whole request in nanoseconds, 0 for no limit. gRPC's own deadline is held to the same."""
    action.timeout.CopyFrom(duration_message(timeout))
    action.max_grpc_timeout.CopyFrom(duration_message(timeout))
