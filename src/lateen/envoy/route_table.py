# SPDX-License-Identifier: Apache-2.0
"""Route tables (RouteConfiguration), and the names of the virtual hosts that are delivered apart from them (VHDS)."""

from __future__ import annotations

from collections.abc import Iterable

from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration, Vhds

from lateen.envoy.direct_response import MAX_BODY


def virtual_host_resource(table: str, virtual_host: str) -> str:
    """The name of a virtual host on the wire, as a resource and within it: `<table>/<virtual host>`.

    Envoy takes what stands before the last slash as the table, so slashes of the second part (`default/a.com:80`) are
    escaped, and removes a virtual host by the name within the resource, so both names are the same.
    """
    return f"{table}/{virtual_host.replace('%', '%25').replace('/', '%2F')}"


def virtual_host_of(resource: str) -> str:
    """Istio's name of the virtual host that is called `resource` on the wire."""
    return resource.rpartition("/")[2].replace("%2F", "/").replace("%25", "%")


def delivered_table(name: str) -> RouteConfiguration:
    """A table whose virtual hosts come by VHDS over the same stream."""
    table = _table(name)
    source = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3)
    # No answer is waited for with a limit: after one, Envoy would open the listener with an empty table.
    source.initial_fetch_timeout.SetInParent()
    table.vhds.CopyFrom(Vhds(config_source=source))
    return table


def inline_table(name: str, virtual_hosts: Iterable[VirtualHost]) -> RouteConfiguration:
    """The same table with its virtual hosts inside, under Istio's names."""
    table = _table(name)
    for virtual_host in virtual_hosts:
        inside = table.virtual_hosts.add()
        inside.CopyFrom(virtual_host)
        inside.name = virtual_host_of(virtual_host.name)
    table.virtual_hosts.sort(key=_order)
    return table


def _table(name: str) -> RouteConfiguration:
    table = RouteConfiguration(name=name, ignore_port_in_host_matching=True)
    table.validate_clusters.value = False
    table.max_direct_response_body_size_bytes.value = MAX_BODY
    return table


def _order(virtual_host: VirtualHost) -> tuple[bool, str]:
    """By name, the one for all other names last."""
    return ("*" in virtual_host.domains, virtual_host.name)
