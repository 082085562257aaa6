# SPDX-License-Identifier: Apache-2.0
"""web.test in two versions, v1 and v2, and rules for it."""

from __future__ import annotations

from typing import Any

from tests.behaviour.backend import Backend, serve
from tests.compile.listeners.sidecars import document, entry
from tests.mesh_namespaces import Mesh, Pod

VERSIONS = ("v1", "v2")


async def two_versions(mesh: Mesh, **client: Any) -> tuple[Pod, Backend, Backend]:
    """A client, and the backends of the two versions."""
    found = await serve(mesh, *VERSIONS)
    ends = [
        {"address": pod.address, "ports": {"http": 8080}, "labels": {"version": name}}
        for name, (pod, _) in found.items()
    ]
    subsets = [{"name": version, "labels": {"version": version}} for version in VERSIONS]
    await mesh.apply(
        entry("web", "web.test", port=80, protocol="HTTP", resolution="STATIC", endpoints=ends),
        document("DestinationRule", "web", {"host": "web.test", "subsets": subsets}),
    )
    return await mesh.pod("client", **client), found["v1"][1], found["v2"][1]


def to(version: str, weight: int = 0) -> dict[str, Any]:
    """A destination."""
    destination = {"destination": {"host": "web.test", "subset": version}}
    return {**destination, "weight": weight} if weight else destination


def rules(*routes: dict[str, Any]) -> str:
    """A VirtualService for web.test."""
    return document("VirtualService", "web", {"hosts": ["web.test"], "http": list(routes)})
