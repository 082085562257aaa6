# SPDX-License-Identifier: Apache-2.0
"""A pod's Envoy: which container it is, its bootstrap, and what of the pod's traffic it captures. Pure."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping
from typing import Any

from lateen.node.bootstrap import NodeId, bootstrap
from lateen.node.image_catalogue import split
from lateen.node.netns import DNS_ADDRESS
from lateen.node.redirection import MARK, Capture

CONTAINER = "istio-proxy"
NETWORK_SET_UP = ("istio-init", "istio-validation")
"""Init containers whose work the node does itself."""
BOOTSTRAP = "/etc/istio/proxy/envoy-rev.json"
XDS_FOLDER = "/var/run/lateen/xds"
XDS_SOCKET = "xds.sock"
ADMIN_PORT = 15000
READY_PORT = 15021
METRICS_PORT = 15090

_LISTS = {
    "-b": "inbound_ports",
    "--istio-inbound-ports": "inbound_ports",
    "-d": "inbound_ports_excluded",
    "--istio-local-exclude-ports": "inbound_ports_excluded",
    "-q": "outbound_ports",
    "--istio-outbound-ports": "outbound_ports",
    "-o": "outbound_ports_excluded",
    "--istio-local-outbound-ports-exclude": "outbound_ports_excluded",
    "-i": "outbound_ranges",
    "--istio-service-cidr": "outbound_ranges",
    "-x": "outbound_ranges_excluded",
    "--istio-service-exclude-cidr": "outbound_ranges_excluded",
    "-k": "virtual_interfaces",
    "-c": "interfaces_excluded",
}
_ANNOTATIONS = {
    "traffic.sidecar.istio.io/includeInboundPorts": "inbound_ports",
    "traffic.sidecar.istio.io/excludeInboundPorts": "inbound_ports_excluded",
    "traffic.sidecar.istio.io/includeOutboundPorts": "outbound_ports",
    "traffic.sidecar.istio.io/excludeOutboundPorts": "outbound_ports_excluded",
    "traffic.sidecar.istio.io/includeOutboundIPRanges": "outbound_ranges",
    "traffic.sidecar.istio.io/excludeOutboundIPRanges": "outbound_ranges_excluded",
    "traffic.sidecar.istio.io/kubevirtInterfaces": "virtual_interfaces",
    "traffic.sidecar.istio.io/excludeInterfaces": "interfaces_excluded",
}
_ALWAYS_EXCLUDED = ("15090", "15021", "15020")


def is_proxy(container: Mapping[str, Any]) -> bool:
    """Whether a container is Istio's proxy."""
    return split(container.get("image", ""))[0].rpartition("/")[2].startswith("proxyv2") or (
        container["name"] == CONTAINER and container.get("image", "") == "auto"
    )


def proxy_of(pod: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The container of the pod's Envoy."""
    spec = pod["spec"]
    every = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    return next((c for c in every if c["name"] not in NETWORK_SET_UP and is_proxy(c)), None)


def is_router(container: Mapping[str, Any]) -> bool:
    """Whether a proxy is a gateway."""
    return "router" in (container.get("args") or ())


def capture_of(pod: Mapping[str, Any]) -> Capture | None:
    """What is captured: what the arguments of `istio-init` say, or the annotations; None for pods without a sidecar."""
    init = next((c for c in pod["spec"].get("initContainers") or () if c["name"] == NETWORK_SET_UP[0]), None)
    proxy = proxy_of(pod)
    if init is not None:
        return capture_from_arguments([*(init.get("args") or ())])
    if proxy is None or is_router(proxy):
        return None
    annotations = pod["metadata"].get("annotations") or {}
    if annotations.get("sidecar.istio.io/interceptionMode") == "NONE":
        return None
    fields: dict[str, Any] = {
        field: _words(annotations[name]) for name, field in _ANNOTATIONS.items() if name in annotations
    }
    fields["inbound_ports_excluded"] = (*_ALWAYS_EXCLUDED, *fields.get("inbound_ports_excluded", ()))
    return Capture(**fields)


def capture_from_arguments(arguments: list[str]) -> Capture | None:
    """The settings in the arguments of `istio-iptables`; None where the mode is NONE."""
    fields: dict[str, Any] = {}
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if name in _LISTS:
            fields[_LISTS[name]] = _words(value if equals else next(words, ""))
        elif name in ("-m", "--istio-inbound-interception-mode"):
            if (value if equals else next(words, "")) == "NONE":
                return None
        elif name == "--redirect-dns":
            fields["dns"] = value in ("", "true")
            fields["dns_servers"] = (DNS_ADDRESS,)
    return Capture(**fields)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def sidecar_bootstrap(pod: Mapping[str, Any], container: Mapping[str, Any], address: str, domain: str) -> str:
    """The bootstrap of a pod's Envoy as JSON."""
    meta, spec = pod["metadata"], pod["spec"]
    namespace = meta.get("namespace", "default")
    role = "router" if is_router(container) else "sidecar"
    node = NodeId(role, address, meta["name"], namespace, f"{namespace}.svc.{domain}")
    owner = next((o for o in meta.get("ownerReferences") or () if o.get("controller")), None)
    variables = {v["name"]: v.get("value", "") for v in container.get("env") or ()}
    facts: dict[str, Any] = {
        "SERVICE_ACCOUNT": spec.get("serviceAccountName", "default"),
        "NODE_NAME": spec.get("nodeName", ""),
        "ANNOTATIONS": dict(meta.get("annotations") or {}),
        "WORKLOAD_NAME": variables.get("ISTIO_META_WORKLOAD_NAME") or _workload(meta, owner),
        "APP_CONTAINERS": ",".join(c["name"] for c in spec.get("containers") or () if c is not container),
    }
    # As Istio's agent does: variables ISTIO_META_X are metadata X.
    for name, value in variables.items():
        if name.startswith("ISTIO_META_") and value:
            facts.setdefault(name.removeprefix("ISTIO_META_"), value)
    text = json.loads(
        bootstrap(
            node,
            configuration=f"unix:{XDS_FOLDER}/{XDS_SOCKET}",
            labels=meta.get("labels") or {},
            metadata=facts,
            admin_port=ADMIN_PORT,
        )
    )
    if role == "sidecar":
        # By this mark the redirection tells the sidecar's own connections from the application's.
        mark = {"level": socket.SOL_SOCKET, "name": socket.SO_MARK, "int_value": MARK, "state": "STATE_PREBIND"}
        text["cluster_manager"] = {"upstream_bind_config": {"socket_options": [mark]}}
    static = text["static_resources"]
    static["clusters"].append(_admin_cluster())
    static["listeners"] = [
        _listener("agent", READY_PORT, (("/healthz/ready", "/ready"),)),
        _listener("prometheus", METRICS_PORT, (("/stats/prometheus", "/stats/prometheus"),)),
    ]
    return json.dumps(text)


def _workload(meta: Mapping[str, Any], owner: Mapping[str, Any] | None) -> str:
    if owner is None:
        return str(meta["name"])
    suffix = (meta.get("labels") or {}).get("pod-template-hash")
    name = str(owner["name"])
    return name.removesuffix(f"-{suffix}") if suffix else name


def _admin_cluster() -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": ADMIN_PORT}}
    return {
        "name": "prometheus_stats",
        "type": "STATIC",
        "connect_timeout": "0.250s",
        "load_assignment": {
            "cluster_name": "prometheus_stats",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }


def _listener(name: str, port: int, paths: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A listener that answers some paths from the admin API."""
    prefix = "type.googleapis.com/envoy.extensions.filters"
    routes = [
        {"match": {"prefix": path}, "route": {"cluster": "prometheus_stats", "prefix_rewrite": target}}
        for path, target in paths
    ]
    manager = {
        "@type": f"{prefix}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"virtual_hosts": [{"name": "backend", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{prefix}.http.router.v3.Router"},
            }
        ],
    }
    return {
        "name": name,
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}},
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
