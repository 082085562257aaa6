# SPDX-License-Identifier: Apache-2.0
"""The bootstrap of a proxy: who it is and where its configuration comes from. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

CONFIGURATION_CLUSTER = "xds-grpc"
SECRETS_CLUSTER = "sds-grpc"
"""Names that Istio's own resources refer to."""


class NodeId(msgspec.Struct, frozen=True):
    """Istio's node id, `type~ip~name.namespace~domain`.

    `role` is `sidecar` or `router`, `domain` the DNS domain of the namespace (`default.svc.cluster.local`).
    """

    role: str
    ip: str
    name: str
    namespace: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> NodeId:
        """Raises ValueError that says what the id should look like."""
        parts = text.split("~")
        if len(parts) == 4 and parts[0] in ("sidecar", "router"):
            name, dot, namespace = parts[2].rpartition(".")
            if dot and name and namespace:
                return cls(parts[0], parts[1], name, namespace, parts[3])
        raise ValueError(
            f"{text!r} is no node id; it is type~ip~name.namespace~domain with type sidecar or router, "
            "for example router~127.0.0.1~ingress.istio-system~istio-system.svc.cluster.local"
        )

    def __str__(self) -> str:
        return f"{self.role}~{self.ip}~{self.name}.{self.namespace}~{self.domain}"


def bootstrap(
    node: NodeId,
    *,
    configuration: str,
    secrets: str | None = None,
    labels: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    admin_port: int = 0,
) -> str:
    """The bootstrap as JSON.

    `configuration` and `secrets` are addresses, `HOST:PORT` or `unix:PATH`; secrets come from the same server unless
    told otherwise. `labels` select Gateways and the like; `metadata` is further metadata of Istio's. The admin port is
    on loopback; 0 lets the kernel choose.
    """
    facts: dict[str, Any] = {
        "NAME": node.name,
        "NAMESPACE": node.namespace,
        "CLUSTER_ID": "Kubernetes",
        "ISTIO_VERSION": "1.30.0",
        "INSTANCE_IPS": node.ip,
        "LABELS": dict(labels or {}),
        **(metadata or {}),
    }
    ads = {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}
    return json.dumps(
        {
            "node": {"id": str(node), "cluster": f"{node.name}.{node.namespace}", "metadata": facts},
            "admin": {"address": _address(f"127.0.0.1:{admin_port}")},
            "dynamic_resources": {
                "lds_config": ads,
                "cds_config": ads,
                "ads_config": {
                    "api_type": "DELTA_GRPC",
                    "transport_api_version": "V3",
                    "set_node_on_first_message_only": True,
                    "grpc_services": [{"envoy_grpc": {"cluster_name": CONFIGURATION_CLUSTER}}],
                },
            },
            "static_resources": {
                "clusters": [
                    _grpc_cluster(CONFIGURATION_CLUSTER, configuration),
                    _grpc_cluster(SECRETS_CLUSTER, secrets or configuration),
                ]
            },
            # An idle proxy spends its time on the watchdog; see the project's notes on Envoy.
            "watchdogs": {
                name: {"miss_timeout": "60s", "megamiss_timeout": "60s"}
                for name in ("main_thread_watchdog", "worker_watchdog")
            },
            "layered_runtime": {
                "layers": [
                    {
                        "name": "limits",
                        "static_layer": {
                            "re2.max_program_size.error_level": 32768,
                            "overload.global_downstream_max_connections": 2147483647,
                        },
                    }
                ]
            },
        },
        indent=1,
    )


def _address(address: str) -> dict[str, Any]:
    if address.startswith("unix:"):
        return {"pipe": {"path": address.removeprefix("unix:")}}
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host.strip("[]"), "port_value": int(port)}}


def _grpc_cluster(name: str, address: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {
                    "http2_protocol_options": {"connection_keepalive": {"interval": "30s", "timeout": "20s"}}
                },
            }
        },
        "circuit_breakers": {
            "thresholds": [
                {"priority": p, "max_connections": 100000, "max_pending_requests": 100000, "max_requests": 100000}
                for p in ("DEFAULT", "HIGH")
            ]
        },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(address)}}]}],
        },
    }
