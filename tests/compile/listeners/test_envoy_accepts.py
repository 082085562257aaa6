# SPDX-License-Identifier: Apache-2.0
"""The real Envoy takes every listener that is generated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from envoy.config.listener.v3.listener_pb2 import Listener

from lateen.compile.listeners.sidecar import sidecar_listeners
from lateen.compile.scope import scope_of
from lateen.compile.workload import Interception, Role
from lateen.envoy.blob import Blob
from tests.compile.listeners.sidecars import blobs, document, endpoints, entry, service, state, workload
from tests.conformance.compiled import workload_of
from tests.conformance.documents import load
from tests.envoy_validation import refusal

EVERYTHING = [
    service("web", "10.96.0.1", ("http", 80), ("grpc-web", 81), ("", 82), ("mongo", 83), ("https", 84)),
    service("peers", "None", ("tcp", 7000)),
    endpoints("peers", "tcp", 7000, "10.1.0.7"),
    entry("raw", "raw.com", port=80, protocol="TCP"),
    entry("wide", "wide.com", port=9000, protocol="TLS", addresses=("10.8.0.0/16", "fd01::/64"), resolution="NONE"),
    document(
        "PeerAuthentication",
        "p",
        {
            "selector": {"matchLabels": {"app": "web"}},
            "mtls": {"mode": "STRICT"},
            "portLevelMtls": {"5": {"mode": "DISABLE"}},
        },
    ),
    document(
        "VirtualService",
        "v",
        {
            "hosts": ["wide.com"],
            "tls": [
                {
                    "match": [{"sniHosts": ["wide.com"], "destinationSubnets": ["10.8.1.0/24"]}],
                    "route": [{"destination": {"host": "raw.com"}}],
                },
                {"match": [{"sniHosts": ["wide.com"]}], "route": [{"destination": {"host": "wide.com"}}]},
            ],
        },
    ),
]

MESHES = (
    None,
    "outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}",
    "proxyHttpPort: 15002\nprotocolDetectionTimeout: 1s\nenableEnvoyAccessLogService: true\n"
    "pathNormalization: {normalization: DECODE_AND_MERGE_SLASHES}\nmeshMTLS: {minProtocolVersion: TLSV1_3}\n"
    "defaultConfig: {proxyMetadata: {ISTIO_META_HTTP10: '1'}, proxyHeaders: {preserveHttp1HeaderCase: true}}",
)


def messages(found: dict[tuple[str, str], Blob]) -> list[Any]:
    parsed = []
    for blob in found.values():
        parsed.append(Listener())
        parsed[-1].ParseFromString(blob.body)
    return parsed


@pytest.mark.parametrize("ips", [("10.1.0.5",), ("10.1.0.5", "fd00::5"), ("fd00::5",)], ids=["IPv4", "both", "IPv6"])
def test_listeners_of_every_form(tmp_path: Path, ips: tuple[str, ...]) -> None:
    found: dict[tuple[str, str], Blob] = {}
    for mesh in MESHES:
        loaded = state(*EVERYTHING, mesh=mesh)
        for interception in Interception:
            for app in ("web", "client"):
                for name, blob in blobs(loaded, workload(app, *ips, interception=interception)).items():
                    found[name, blob.version] = blob
    assert len(found) > 30
    assert refusal(tmp_path, messages(found)) == ""


def test_what_envoy_refuses_is_noticed(tmp_path: Path) -> None:
    (broken,) = messages({("", ""): blobs(state(*EVERYTHING))["virtualOutbound"]})
    broken.filter_chains.append(broken.filter_chains[1])
    assert "same matching rules" in refusal(tmp_path, [broken])
    del broken.filter_chains[2:]
    for names in (("a.com", "b.com"), ("b.com", "c.com")):
        chain = broken.filter_chains.add()
        chain.CopyFrom(broken.filter_chains[1])
        chain.filter_chain_match.server_names.extend(names)
    assert "overlapping matching rules" in refusal(tmp_path, [broken])


TOPICS = ("external", "sidecar", "traffic-policy")
"""Those whose cases vary listeners most."""


def test_listeners_of_the_reference_cases(shared: Path, tmp_path: Path) -> None:
    world = (shared / "reference/worlds/shop.yaml").read_text()
    proxies = [workload_of(row) for row in json.loads((shared / "reference/worlds/shop.json").read_text())]
    found: dict[tuple[str, str], Blob] = {}
    for case in sorted(path for topic in TOPICS for path in (shared / "reference" / topic).glob("*/config.yaml")):
        mesh = case.parent / "mesh.yaml"
        loaded = load(f"{world}\n---\n{case.read_text()}", mesh.read_text() if mesh.exists() else None)
        for proxy in proxies:
            if proxy.role is Role.SIDECAR:
                for layer in sidecar_listeners(loaded.db, proxy, scope_of(loaded.db, proxy)):
                    found.update({(name, blob.version): blob for name, blob in layer.items()})
    assert len(found) > 150
    assert refusal(tmp_path, messages(found)) == ""
