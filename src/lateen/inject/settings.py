# SPDX-License-Identifier: Apache-2.0
"""What an installation decides about every sidecar (Istio: the Helm values of istiod, and the mesh's defaultConfig)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from lateen.model.mesh.proxy_defaults import ProxyDefaults
from lateen.model.message import FrozenMap

DEFAULT_RESOURCES: Final = FrozenMap(
    {
        "requests": FrozenMap({"cpu": "100m", "memory": "128Mi"}),
        "limits": FrozenMap({"cpu": "2000m", "memory": "1024Mi"}),
    }
)
"""What Istio's charts reserve for a proxy."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of injection; the defaults are those of Istio's charts."""

    image: str = "docker.io/istio/proxyv2:1.30.0"
    """The proxy's image, and that of istio-init."""
    image_pull_policy: str = ""
    """Kubernetes decides when empty."""
    image_pull_secrets: tuple[str, ...] = ()
    native_sidecars: bool = True
    """The sidecar is an init container with restartPolicy Always (Kubernetes 1.33 and later), else a container."""
    cni: bool = False
    """A node agent sets the redirection up, so that pods need no privilege: istio-validation replaces istio-init."""
    revision: str = "default"
    """The revision of the control plane that injects."""
    ignored_namespaces: frozenset[str] = frozenset(
        {"kube-system", "kube-public", "kube-node-lease", "local-path-storage"}
    )
    """Pods here are left alone, whatever the labels say."""

    system_namespace: str = "istio-system"
    """Where the control plane runs."""
    cluster_id: str = "Kubernetes"
    cluster_domain: str = "cluster.local"
    trust_domain: str = "cluster.local"
    mesh_id: str = ""
    """The trust domain when empty."""
    network: str = ""
    proxy_config: ProxyDefaults = ProxyDefaults()
    """defaultConfig of the mesh."""
    outbound_listener_port: int = 15001
    inbound_listener_port: int = 15006

    status_port: int = 15020
    """Where the proxy's agent answers for probes and metrics; 0 for not at all."""
    include_outbound_ip_ranges: str = "*"
    exclude_outbound_ip_ranges: str = ""
    include_outbound_ports: str = ""
    exclude_outbound_ports: str = ""
    include_inbound_ports: str = "*"
    exclude_inbound_ports: str = ""

    log_level: str = "warning"
    component_log_level: str = "misc:error"
    agent_log_level: str = "default:info"
    log_as_json: bool = False
    privileged: bool = False
    cap_net_bind_service: bool = False
    """The proxy may bind ports below 1024."""
    resources: Mapping[str, Mapping[str, str]] = DEFAULT_RESOURCES
    """Requests and limits of the proxy and of istio-init."""
    hold_application_until_proxy_starts: bool = False
    readiness_initial_delay_seconds: int = 0
    readiness_period_seconds: int = 15
    readiness_failure_threshold: int = 4
    startup_failure_threshold: int = 600
    """Seconds that a proxy may take to start; 0 for no startup probe."""
    rewrite_probes: bool = True
    """Probes of the application go through the proxy's agent, which is exempt from mutual TLS."""
    merge_prometheus: bool = True
    """The proxy's agent serves the application's metrics together with its own."""
    mount_mtls_certs: bool = False
    """Mount the Secret istio.SERVICEACCOUNT at /etc/certs/ in the proxy."""
