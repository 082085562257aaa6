# SPDX-License-Identifier: Apache-2.0
"""Which kinds an API serves, from its discovery documents: each kind once, in its preferred version."""

from __future__ import annotations

from typing import Any

from lateen.kube.client import KubeClient
from lateen.kube.kind import Kind

VERBS = {"list", "delete", "watch"}
"""What a kind must offer to be collected."""


async def served_kinds(client: KubeClient) -> list[Kind]:
    """Every kind whose objects can be listed, watched and deleted."""
    found = _kinds("", "v1", await client.read("/api/v1"))
    for group in (await client.read("/apis")).get("groups") or ():
        seen: set[str] = set()
        preferred = group["preferredVersion"]["version"]
        for version in sorted((v["version"] for v in group["versions"]), key=lambda v: v != preferred):
            for kind in _kinds(group["name"], version, await client.read(f"/apis/{group['name']}/{version}")):
                if kind.plural not in seen:
                    seen.add(kind.plural)
                    found.append(kind)
    return found


def _kinds(group: str, version: str, document: dict[str, Any]) -> list[Kind]:
    return [
        Kind(group, version, entry["name"], entry["kind"], entry["namespaced"])
        for entry in document.get("resources") or ()
        if "/" not in entry["name"] and set(entry["verbs"]) >= VERBS
    ]
