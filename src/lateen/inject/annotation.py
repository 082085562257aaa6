# SPDX-License-Identifier: Apache-2.0
"""The annotations and labels of pods that injection reads and writes (https://istio.io/latest/docs/reference/config/)."""

from __future__ import annotations

from typing import Final

INJECT: Final = "sidecar.istio.io/inject"
"""Label, or annotation of older days: whether the pod gets a sidecar."""
REVISION: Final = "istio.io/rev"
TEMPLATES: Final = "inject.istio.io/templates"
STATUS: Final = "sidecar.istio.io/status"
"""What injection has added, as JSON."""
OVERRIDES: Final = "proxy.istio.io/overrides"
"""What the user had written into containers that injection adds, as JSON."""
PROXY_CONFIG: Final = "proxy.istio.io/config"
NATIVE_SIDECAR: Final = "sidecar.istio.io/nativeSidecar"
BEFORE_PROXY: Final = "sidecar.istio.io/init-containers-before-proxy"

INTERCEPTION_MODE: Final = "sidecar.istio.io/interceptionMode"
INCLUDE_OUTBOUND_IP_RANGES: Final = "traffic.sidecar.istio.io/includeOutboundIPRanges"
EXCLUDE_OUTBOUND_IP_RANGES: Final = "traffic.sidecar.istio.io/excludeOutboundIPRanges"
INCLUDE_INBOUND_PORTS: Final = "traffic.sidecar.istio.io/includeInboundPorts"
EXCLUDE_INBOUND_PORTS: Final = "traffic.sidecar.istio.io/excludeInboundPorts"
INCLUDE_OUTBOUND_PORTS: Final = "traffic.sidecar.istio.io/includeOutboundPorts"
EXCLUDE_OUTBOUND_PORTS: Final = "traffic.sidecar.istio.io/excludeOutboundPorts"
REROUTE_VIRTUAL_INTERFACES: Final = "istio.io/reroute-virtual-interfaces"
KUBEVIRT_INTERFACES: Final = "traffic.sidecar.istio.io/kubevirtInterfaces"
EXCLUDE_INTERFACES: Final = "traffic.sidecar.istio.io/excludeInterfaces"

PROXY_IMAGE: Final = "sidecar.istio.io/proxyImage"
PROXY_IMAGE_TYPE: Final = "sidecar.istio.io/proxyImageType"
PROXY_CPU: Final = "sidecar.istio.io/proxyCPU"
PROXY_CPU_LIMIT: Final = "sidecar.istio.io/proxyCPULimit"
PROXY_MEMORY: Final = "sidecar.istio.io/proxyMemory"
PROXY_MEMORY_LIMIT: Final = "sidecar.istio.io/proxyMemoryLimit"
LOG_LEVEL: Final = "sidecar.istio.io/logLevel"
COMPONENT_LOG_LEVEL: Final = "sidecar.istio.io/componentLogLevel"
AGENT_LOG_LEVEL: Final = "sidecar.istio.io/agentLogLevel"
CAP_NET_BIND_SERVICE: Final = "sidecar.istio.io/capNetBindService"
USER_VOLUME: Final = "sidecar.istio.io/userVolume"
USER_VOLUME_MOUNT: Final = "sidecar.istio.io/userVolumeMount"
BOOTSTRAP_OVERRIDE: Final = "sidecar.istio.io/bootstrapOverride"

STATUS_PORT: Final = "status.sidecar.istio.io/port"
READINESS_INITIAL_DELAY: Final = "readiness.status.sidecar.istio.io/initialDelaySeconds"
READINESS_PERIOD: Final = "readiness.status.sidecar.istio.io/periodSeconds"
READINESS_FAILURE_THRESHOLD: Final = "readiness.status.sidecar.istio.io/failureThreshold"
REWRITE_PROBES: Final = "sidecar.istio.io/rewriteAppHTTPProbers"
MERGE_PROMETHEUS: Final = "prometheus.istio.io/merge-metrics"

DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"
DEFAULT_LOGS_CONTAINER: Final = "kubectl.kubernetes.io/default-logs-container"

TLS_MODE: Final = "security.istio.io/tlsMode"
CANONICAL_NAME: Final = "service.istio.io/canonical-name"
CANONICAL_REVISION: Final = "service.istio.io/canonical-revision"
WORKLOAD_NAME: Final = "service.istio.io/workload-name"
NETWORK: Final = "topology.istio.io/network"
