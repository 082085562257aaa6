# SPDX-License-Identifier: Apache-2.0
"""The client status discovery service (envoy.service.status.v3): what each connected proxy holds, for tools.

One ClientConfig per proxy. Its generic configs are one entry for the proxy as a whole (name `*`), with its state in
words, and one for each resource that Envoy refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from envoy.admin.v3.config_dump_shared_pb2 import UpdateFailureState
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.status.v3.csds_pb2 import ClientConfig, ClientStatusResponse, ConfigStatus

from lateen.xds.status import Sync

if TYPE_CHECKING:
    from lateen.xds.server import ProxyStatus

SERVICE = "envoy.service.status.v3.ClientStatusDiscoveryService"
FETCH = "FetchClientStatus"
WHOLE = "*"
"""The name of the entry that speaks of the proxy as a whole."""

_STATES = {
    Sync.SYNCED: ConfigStatus.SYNCED,
    Sync.WARMING: ConfigStatus.STALE,
    Sync.STALE: ConfigStatus.STALE,
    Sync.REJECTED: ConfigStatus.ERROR,
}


def client_status(statuses: Iterable[ProxyStatus]) -> bytes:
    """The serialised response for these proxies, in the order of their node ids."""
    response = ClientStatusResponse()
    for proxy in sorted(statuses, key=lambda entry: entry.node.id):
        config = response.config.add(node=Node(id=proxy.node.id, cluster=proxy.node.cluster))
        status = proxy.status
        config.generic_xds_configs.add(
            name=WHOLE, config_status=_STATES[status.sync], error_state=UpdateFailureState(details=str(status))
        )
        for rejection in status.rejections:
            details = f"{rejection.reason} ({rejection.origin})" if rejection.origin else rejection.reason
            config.generic_xds_configs.add(
                type_url=rejection.type_url,
                name=rejection.name,
                version_info=rejection.version,
                config_status=ConfigStatus.ERROR,
                error_state=UpdateFailureState(details=details, version_info=rejection.version),
            )
    return bytes(response.SerializeToString(deterministic=True))


def states(response: bytes) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """What a response says: node id, the proxy's state in words, and (type, name, reason) of what it refused."""
    found = []
    for config in ClientStatusResponse.FromString(response).config:
        whole, refused = "", []
        for entry in config.generic_xds_configs:
            if entry.name == WHOLE and not entry.type_url:
                whole = entry.error_state.details
            else:
                refused.append((_short(entry), entry.name, entry.error_state.details))
        found.append((config.node.id, whole, refused))
    return found


def _short(entry: ClientConfig.GenericXdsConfig) -> str:
    return str(entry.type_url).rpartition(".")[2]
