# SPDX-License-Identifier: Apache-2.0
"""VirtualService `directResponse` as Envoy's direct response action."""

from envoy.config.route.v3.route_components_pb2 import DirectResponseAction

from lateen.model.networking.http_route import HTTPDirectResponse

MAX_BODY = 1024 * 1024
"""Bytes of the longest body; what the validation allows. Envoy's own default is 4 KiB, so each route table says it."""


def direct_response_action(response: HTTPDirectResponse) -> DirectResponseAction:
    """The answer that the proxy itself gives."""
    action = DirectResponseAction(status=response.status)
    if response.body is not None:
        if response.body.string is not None:
            action.body.inline_string = response.body.string
        elif response.body.bytes is not None:
            action.body.inline_bytes = response.body.bytes
    return action
