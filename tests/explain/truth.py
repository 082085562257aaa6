# SPDX-License-Identifier: Apache-2.0
"""What the truth tests share: a static Envoy from the very resources that the engine is asked about."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from lateen.explain import Resources
from tests.envoy_process import EnvoyProcess, StartEnvoy

Json = dict[str, Any]

MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
ANSWER = "type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config"
LISTENER_FILTERS = "type.googleapis.com/envoy.extensions.filters.listener."


class Truth:
    """A running Envoy with static listeners and clusters, and the same resources as the engine reads them.

    Listeners may be bound to port 0; `resources` has the ports that they got.
    """

    def __init__(self, envoy: EnvoyProcess, ports: Mapping[str, int], resources: Resources) -> None:
        self.envoy = envoy
        self.ports = ports
        self.resources = resources

    @classmethod
    async def start(cls, start_envoy: StartEnvoy, listeners: Sequence[Json], clusters: Sequence[Json] = ()) -> Truth:
        """Start Envoy, wait until it is ready, and learn its ports."""
        envoy = await start_envoy({"static_resources": {"listeners": list(listeners), "clusters": list(clusters)}})
        await envoy.wait_ready()
        statuses = (await envoy.get("/listeners?format=json")).json().get("listener_statuses", [])
        bound = {s["name"]: s["local_address"]["socket_address"]["port_value"] for s in statuses}
        placed = {}
        ports = {}
        for listener in listeners:
            listener = copy.deepcopy(listener)
            socket = listener["address"]["socket_address"]
            socket["port_value"] = socket["port_value"] or bound[listener["name"]]
            ports[listener["name"]] = socket["port_value"]
            placed[listener["name"]] = listener
        resources = Resources(listeners=placed, routes={}, clusters={c["name"]: c for c in clusters}, endpoints={})
        return cls(envoy, ports, resources)


def listener(name: str, *, port: int = 0, address: str = "127.0.0.1", **fields: Any) -> Json:
    """A listener at a loopback address."""
    return {
        "name": name,
        "address": {"socket_address": {"address": address, "port_value": port}},
        **fields,
    }


def http_chain(route_config: Json, **manager: Any) -> Json:
    """A filter chain with an HTTP connection manager and an inline route table."""
    config = {
        "@type": MANAGER,
        "stat_prefix": "truth",
        "route_config": {"validate_clusters": False, **route_config},
        "http_filters": [{"name": "router", "typed_config": {"@type": ROUTER}}],
        **manager,
    }
    return {"filters": [{"name": "manager", "typed_config": config}]}


def answering_chain(name: str, **fields: Any) -> Json:
    """A filter chain that writes its own name to every connection, whatever comes."""
    config = {"@type": ANSWER, "response": {"inline_string": name}}
    return {"name": name, "filters": [{"name": "answer", "typed_config": config}], **fields}


def listener_filter(kind: str, message: str, **fields: Any) -> Json:
    """A listener filter, by its package (`tls_inspector`) and message (`TlsInspector`)."""
    return {"name": kind, "typed_config": {"@type": f"{LISTENER_FILTERS}{kind}.v3.{message}", **fields}}


def static_cluster(name: str, *addresses: tuple[str, int], **fields: Any) -> Json:
    """A static cluster with these endpoints."""
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}} for host, port in addresses
    ]
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        **fields,
    }
