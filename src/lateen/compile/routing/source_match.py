# SPDX-License-Identifier: Apache-2.0
"""Conditions of a match that are decided while compiling: who asks, on which gateway, on which port."""

from __future__ import annotations

import msgspec

from lateen.compile.workload import Labels
from lateen.model.networking.http_match import HTTPMatchRequest
from lateen.model.networking.l4_route import L4MatchAttributes, TLSMatchAttributes

MESH = "mesh"
"""The gateway name that means every sidecar."""


class RouteClient(msgspec.Struct, frozen=True, cache_hash=True):
    """For whom and where routes are made."""

    namespace: str
    """The proxy's."""
    port: int
    """The port of the listener (sidecars: of the service) or the number of the Gateway's server; 0 on a Unix socket and
    for an HTTP proxy port."""
    gateways: tuple[str, ...] = (MESH,)
    """Names of the gateways as which the proxy acts here, `namespace/name`."""
    labels: Labels = ()
    """The proxy's labels; only those that some rule asks for need to be here."""


def http_match_applies(match: HTTPMatchRequest, client: RouteClient) -> bool:
    """Whether the match can hold for this client. With `gateways` set, the conditions on the source do not count."""
    if match.port and match.port != client.port:
        return False
    if match.gateways:
        return any(gateway in client.gateways for gateway in match.gateways)
    return _source_applies(match, client)


def l4_match_applies(match: L4MatchAttributes | TLSMatchAttributes, client: RouteClient) -> bool:
    """Whether the match can hold for this client. Here the conditions on gateway and source must all hold."""
    if match.port and match.port != client.port:
        return False
    if match.gateways and not any(gateway in client.gateways for gateway in match.gateways):
        return False
    return _source_applies(match, client)


def _source_applies(match: HTTPMatchRequest | L4MatchAttributes | TLSMatchAttributes, client: RouteClient) -> bool:
    if match.source_namespace and match.source_namespace != client.namespace:
        return False
    return not match.source_labels or match.source_labels.items() <= dict(client.labels).items()
