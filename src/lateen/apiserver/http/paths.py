# SPDX-License-Identifier: Apache-2.0
"""What a request path means: group, version, resource, namespace, name, subresource."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResourcePath:
    group: str
    version: str
    namespace: str
    plural: str
    name: str
    subresource: str
    rest: str = ""
    """What follows a subresource (`proxy/some/path`)."""


def parse(path: str) -> ResourcePath | None:
    """A path below `/api/v1` or `/apis/GROUP/VERSION` that names a resource; None for every other path."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 2:
        group, version, parts = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, parts = parts[1], parts[2], parts[3:]
    else:
        return None
    if parts[0] == "watch":
        return None
    namespace = ""
    # A namespace is a place and an object: `/namespaces/x/pods` is below it, `/namespaces/x/status` is the object's.
    if parts[0] == "namespaces" and len(parts) > 2 and (group or parts[2] not in ("status", "finalize")):
        namespace, parts = parts[1], parts[2:]
    parts += [""] * (3 - len(parts))
    return ResourcePath(group, version, namespace, parts[0], parts[1], parts[2], "/".join(parts[3:]))
