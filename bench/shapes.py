# SPDX-License-Identifier: Apache-2.0
"""Meshes of the shapes that Istio's own benchmarks use, as model objects; sizes are parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from lateen.model.resource import Resource
from lateen.parse import documents

NETWORKING = "networking.istio.io/v1"


def _entry(index: int, protocol: str) -> dict[str, Any]:
    return {
        "apiVersion": NETWORKING,
        "kind": "ServiceEntry",
        "metadata": {"name": f"service-{index}", "namespace": "default"},
        "spec": {
            "hosts": [f"random-{index}.host.example"],
            "addresses": [f"240.{index >> 16 & 255}.{index >> 8 & 255}.{index & 255}"],
            "location": "MESH_INTERNAL",
            "resolution": "STATIC",
            "ports": [{"number": 80, "name": f"{protocol.lower()}-0", "protocol": protocol}],
            "endpoints": [{"address": f"1.{index >> 16 & 255}.{index >> 8 & 255}.{index & 255}"}],
        },
    }


def _rule(index: int, gateways: list[str], hosts: list[str]) -> dict[str, Any]:
    destination = f"random-{index}.host.example"
    return {
        "apiVersion": NETWORKING,
        "kind": "VirtualService",
        "metadata": {"name": f"rule-{index}", "namespace": "default"},
        "spec": {
            "hosts": hosts,
            "gateways": gateways,
            "http": [
                {
                    "match": [{"uri": {"prefix": "/v2"}, "headers": {"x-beta": {"exact": "1"}}}],
                    "route": [{"destination": {"host": destination}}],
                    "timeout": "5s",
                },
                {"route": [{"destination": {"host": destination}}]},
            ],
        },
    }


def _gateway(name: str, port: int) -> dict[str, Any]:
    return {
        "apiVersion": NETWORKING,
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "selector": {"istio": "ingressgateway"},
            "servers": [{"port": {"number": port, "name": f"http-{port}", "protocol": "HTTP"}, "hosts": ["*"]}],
        },
    }


def http(size: int) -> Iterator[dict[str, Any]]:
    """`size` services that speak HTTP."""
    return (_entry(i, "HTTP") for i in range(size))


def tcp(size: int) -> Iterator[dict[str, Any]]:
    """`size` services that speak TCP."""
    return (_entry(i, "TCP") for i in range(size))


def tls(size: int) -> Iterator[dict[str, Any]]:
    """`size` services that encrypt by themselves."""
    return (_entry(i, "TLS") for i in range(size))


def virtual_service(size: int) -> Iterator[dict[str, Any]]:
    """`size` services with a rule each."""
    for i in range(size):
        yield _entry(i, "HTTP")
        yield _rule(i, ["mesh"], [f"random-{i}.host.example"])


def gateways(size: int) -> Iterator[dict[str, Any]]:
    """`size` Gateways on ports of their own, with a rule each."""
    for i in range(size):
        yield _entry(i, "HTTP")
        yield _gateway(f"gateway-{i}", 1024 + i)
        yield _rule(i, [f"gateway-{i}"], [f"host-{i}.example"])


def gateways_shared(size: int) -> Iterator[dict[str, Any]]:
    """One Gateway with `size` rules."""
    yield _gateway("gateway", 8080)
    for i in range(size):
        yield _entry(i, "HTTP")
        yield _rule(i, ["gateway"], [f"host-{i}.example"])


def workload_entries(size: int) -> Iterator[dict[str, Any]]:
    """`size` services that select their endpoints among ten times as many workload entries."""
    for i in range(size):
        entry = _entry(i, "HTTP")
        del entry["spec"]["endpoints"]
        entry["spec"]["workloadSelector"] = {"labels": {"service": str(i)}}
        yield entry
    for j in range(size * 10):
        yield {
            "apiVersion": NETWORKING,
            "kind": "WorkloadEntry",
            "metadata": {"name": f"workload-{j}", "namespace": "default"},
            "spec": {"address": f"2.{j >> 16 & 255}.{j >> 8 & 255}.{j & 255}", "labels": {"service": str(j % size)}},
        }


SHAPES: dict[str, tuple[Callable[[int], Iterator[dict[str, Any]]], str]] = {
    "http": (http, "sidecar"),
    "tcp": (tcp, "sidecar"),
    "tls": (tls, "sidecar"),
    "virtualservice": (virtual_service, "sidecar"),
    "gateways": (gateways, "router"),
    "gateways-shared": (gateways_shared, "router"),
    "serviceentry-workloadentry": (workload_entries, "sidecar"),
}
"""Name in Istio's benchmarks -> generator, and the kind of proxy that it is for."""


def objects(generated: Iterator[dict[str, Any]]) -> list[Resource]:
    """The documents as the parser reads them. Raises AssertionError if it refuses any."""
    result = documents(b"\n".join(orjson.dumps(document) for document in generated), "bench")
    assert not result.diagnostics, result.diagnostics[0]
    return [parsed.object for parsed in result.objects]
