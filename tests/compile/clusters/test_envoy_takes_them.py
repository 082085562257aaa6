# SPDX-License-Identifier: Apache-2.0
"""The real Envoy takes every cluster that is generated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster

from lateen.compile.clusters.layers import forwarding_clusters, outbound_clusters
from lateen.compile.clusters.unnamed import unnamed_clusters
from lateen.compile.proxy import snapshot
from lateen.compile.scope import scope_of
from lateen.compile.workload import Role
from lateen.envoy.blob import Blob
from tests.compile.mesh_documents import client, entry, mesh_of, rule, service
from tests.conformance.compiled import workload_of
from tests.conformance.documents import load
from tests.envoy_validation import refusal

POLICIES: dict[str, dict[str, Any]] = {
    "random": {"loadBalancer": {"simple": "RANDOM"}},
    "passthrough": {"loadBalancer": {"simple": "PASSTHROUGH"}},
    "warm": {"loadBalancer": {"warmup": {"duration": "30s", "minimumPercent": 0, "aggression": 1}}},
    "warm-old": {"loadBalancer": {"simple": "ROUND_ROBIN", "warmupDurationSecs": "30s"}},
    "ring": {"loadBalancer": {"consistentHash": {"httpHeaderName": "x", "minimumRingSize": 8388608}}},
    "ring-new": {"loadBalancer": {"consistentHash": {"useSourceIp": True, "ringHash": {"minimumRingSize": 1}}}},
    "maglev": {"loadBalancer": {"consistentHash": {"useSourceIp": True, "maglev": {"tableSize": 10007}}}},
    "maglev-small": {"loadBalancer": {"consistentHash": {"useSourceIp": True, "maglev": {"tableSize": 2}}}},
    "distribute": {
        "loadBalancer": {"localityLbSetting": {"distribute": [{"from": "*", "to": {"r1/*": 70, "r2/*": 30}}]}}
    },
    "outlier": {
        "outlierDetection": {
            "consecutive5xxErrors": 0,
            "consecutiveGatewayErrors": 1,
            "splitExternalLocalOriginErrors": True,
            "consecutiveLocalOriginFailures": 2,
            "interval": "1ms",
            "baseEjectionTime": "1ms",
            "maxEjectionPercent": 100,
            "minHealthPercent": 100,
            "outlierDetectionHttpErrorCodes": [404, 503],
        }
    },
    "pool": {
        "connectionPool": {
            "tcp": {
                "maxConnections": 1,
                "connectTimeout": "1ms",
                "maxConnectionDuration": "1ms",
                "idleTimeout": "0s",
                "tcpKeepalive": {"probes": 1, "time": "1s", "interval": "1s"},
            },
            "http": {
                "http1MaxPendingRequests": 1,
                "http2MaxRequests": 1,
                "maxRequestsPerConnection": 1,
                "maxRetries": 1,
                "maxConcurrentStreams": 1,
                "http2KeepAlive": {"interval": "1ms", "timeout": "1ms"},
            },
        },
        "retryBudget": {"percent": 0, "minRetryConcurrency": 1, "budgetInterval": "1s"},
    },
    "client-protocol": {"connectionPool": {"http": {"useClientProtocol": True}}},
    "upgrade": {"connectionPool": {"http": {"h2UpgradePolicy": "UPGRADE", "maxConcurrentStreams": 5}}},
    "plain": {"tls": {"mode": "DISABLE"}},
    "mesh": {"tls": {"mode": "ISTIO_MUTUAL"}},
    "simple": {"tls": {"mode": "SIMPLE"}},
    "unverified": {"tls": {"mode": "SIMPLE", "insecureSkipVerify": True}},
    "mutual": {"tls": {"mode": "MUTUAL", "clientCertificate": "/c", "privateKey": "/k", "caCrl": "/crl"}},
    "config-map": {"tls": {"mode": "SIMPLE", "credentialName": "configmap://default/ca", "sni": "a.example"}},
    "proxy-protocol": {"proxyProtocol": {"version": "V2"}},
    "proxy-protocol-tls": {"proxyProtocol": {}, "tls": {"mode": "SIMPLE"}},
}
PODS: dict[str, dict[str, Any]] = {"10.1.0.1": {}}
PORTS = {"http": 8080, "grpc": 9090, "tcp": 9000, "": 7070}
ENTRY_PORTS = [
    {"number": 80, "name": "http", "protocol": "HTTP", "targetPort": 443},
    {"number": 50051, "name": "grpc", "protocol": "GRPC"},
    {"number": 443, "name": "tls", "protocol": "TLS"},
]


def messages(*layers: Any) -> list[Any]:
    found = []
    for layer in layers:
        for blob in layer.values():
            found.append(Cluster())
            found[-1].ParseFromString(blob.body)
    return found


@pytest.mark.parametrize("role", list(Role))
def test_every_kind_of_service_under_every_policy(role: Role, tmp_path: Path) -> None:
    documents: list[Any] = []
    for name, policy in POLICIES.items():
        documents += [
            service(name, PODS, ports=PORTS),
            service(f"{name}-headless", PODS, ports=PORTS, clusterIP="None"),
        ]
        hosts = [f"{name}.default.svc.cluster.local", f"{name}-headless.default.svc.cluster.local"]
        for resolution in ("STATIC", "DNS", "DNS_ROUND_ROBIN", "NONE", "DYNAMIC_DNS"):
            host = f"{resolution.lower().replace('_', '-')}.{name}.example"
            host = f"*.{host}" if resolution == "DYNAMIC_DNS" else host
            listed = [{"address": "192.0.2.1"}] if resolution == "STATIC" else []
            documents.append(
                entry(f"{name}-{resolution.lower().replace('_', '-')}", host, resolution=resolution, ports=ENTRY_PORTS)
            )
            documents[-1]["spec"]["endpoints"] = listed
            hosts.append(host)
        for at, host in enumerate(hosts):
            documents.append(rule(f"{name}-{at}", host, trafficPolicy=policy, subsets=[{"name": "v1"}]))
    state = mesh_of(*documents)
    scope = scope_of(state.db, client(role=role))
    layers = [outbound_clusters(state.db, scope), unnamed_clusters(state.db, scope)]
    if role is Role.ROUTER:
        layers.append(forwarding_clusters(state.db, scope))
    found = messages(*layers)
    assert len(found) > 25 * len(POLICIES)
    assert refusal(tmp_path, clusters=found) == ""


@pytest.mark.parametrize("topic", ["traffic-policy", "external"])
def test_the_reference_cases(topic: str, shared: Path, tmp_path: Path) -> None:
    folder = shared / "reference"
    world = (folder / "worlds" / "shop.yaml").read_text()
    rows = [r for r in json.loads((folder / "worlds" / "shop.json").read_text()) if r["name"] in ("sleep", "ingress")]
    blobs: dict[tuple[str, str], Blob] = {}
    for case in sorted((folder / topic).iterdir()):
        mesh = case / "mesh.yaml"
        config = mesh.read_text() if mesh.exists() else None
        state = load(f"{world}\n---\n{(case / 'config.yaml').read_text()}", config)
        for row in rows:
            for layer in snapshot(state.db, workload_of(row)).clusters:
                blobs.update({(name, blob.version): blob for name, blob in layer.items()})
    assert refusal(tmp_path, clusters=messages(blobs)) == ""
