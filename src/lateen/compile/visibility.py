# SPDX-License-Identifier: Apache-2.0
"""Who sees an object: `exportTo` of services, virtual services and destination rules."""

from __future__ import annotations

PRIVATE = 0
"""Seen because it is the client's own namespace's affair."""
NAMED = 1
"""Seen because it names the client's namespace."""
PUBLIC = 2
"""Seen by everybody."""


def export_rank(export_to: tuple[str, ...], owner: str, client: str, default: tuple[str, ...]) -> int | None:
    """How an object in namespace `owner` that says `exportTo` is seen from namespace `client`; None when it is not.

    `default` is the mesh's (`defaultServiceExportTo` and its like) for objects that say nothing; the mesh's own default
    is everybody. `*` among several entries makes the object public; `~` otherwise hides it from all. The ranks are also
    Istio's order of precedence among virtual services: PRIVATE, NAMED, PUBLIC.
    """
    names = export_to or default or ("*",)
    if "*" in names:
        return PUBLIC
    if "~" in names:
        return None
    if client == owner:
        return PRIVATE if "." in names or owner in names else None
    return NAMED if client in names else None


def exported(export_to: tuple[str, ...], owner: str, client: str, default: tuple[str, ...]) -> bool:
    """Whether an object of namespace `owner` that says `exportTo` is seen from namespace `client` (`export_rank`)."""
    return export_rank(export_to, owner, client, default) is not None
