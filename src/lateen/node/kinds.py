# SPDX-License-Identifier: Apache-2.0
"""The kinds that the node agent reads and writes."""

from __future__ import annotations

from lateen.kube.kind import Kind

POD = Kind("", "v1", "pods", "Pod")
NODE = Kind("", "v1", "nodes", "Node", namespaced=False)
SERVICE = Kind("", "v1", "services", "Service")
CONFIG_MAP = Kind("", "v1", "configmaps", "ConfigMap")
SECRET = Kind("", "v1", "secrets", "Secret")
SERVICE_ACCOUNT = Kind("", "v1", "serviceaccounts", "ServiceAccount")
EVENT = Kind("", "v1", "events", "Event")
SERVICE_ENTRY = Kind("networking.istio.io", "v1", "serviceentries", "ServiceEntry")
ENDPOINT_SLICE = Kind("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
