# SPDX-License-Identifier: Apache-2.0
"""`Catalogue`: every kind that is served now, built in or installed, by group, version and resource."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lateen.apiserver.registry import access, apps, core, extensions, inert, istio, networking, rbac
from lateen.apiserver.registry.kind import Kind


def builtin_kinds() -> list[Kind]:
    """Every built-in kind, in the order of discovery."""
    return [
        *core.kinds(),
        *apps.kinds(),
        *access.kinds(),
        *networking.kinds(),
        *rbac.kinds(),
        *inert.kinds(),
        *extensions.kinds(),
        *istio.kinds(),
    ]


class Catalogue:
    """Installed kinds come and go with their definitions; `generation` counts those changes, for caches."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds: dict[tuple[str, str], Kind] = {(kind.group, kind.plural): kind for kind in kinds}
        self._builtin = frozenset(self._kinds)
        self.generation = 0

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        kind = self._kinds.get((group, plural))
        return kind if kind is not None and version in kind.versions else None

    def of_kind(self, group: str, name: str) -> Kind | None:
        """The kind called `name`, as an owner reference or an access review names it."""
        return next((k for k in self._kinds.values() if k.group == group and k.kind == name), None)

    def of_resource(self, resource: str) -> Kind | None:
        """The kind whose objects the store keeps under `resource`."""
        plural, _, group = resource.partition(".")
        return self._kinds.get((group, plural))

    def kinds(self) -> list[Kind]:
        return list(self._kinds.values())

    def groups(self) -> dict[str, list[str]]:
        """Group -> its versions, the preferred one first; the core group is the empty name."""
        found: dict[str, list[str]] = {}
        for kind in self._kinds.values():
            versions = found.setdefault(kind.group, [])
            versions += [version for version in kind.versions if version not in versions]
        return {group: sorted(versions, key=version_order) for group, versions in found.items()}

    def is_builtin(self, kind: Kind) -> bool:
        return (kind.group, kind.plural) in self._builtin

    def install(self, kind: Kind) -> None:
        """Serve a custom kind, or serve it differently. A built-in kind is never replaced."""
        if not self.is_builtin(kind):
            self._kinds[kind.group, kind.plural] = kind
            self.generation += 1

    def remove(self, group: str, plural: str) -> None:
        if (group, plural) not in self._builtin and (group, plural) in self._kinds:
            del self._kinds[group, plural]
            self.generation += 1


def version_order(version: str) -> tuple[int, int, int, str]:
    """Kubernetes' order of versions as a sort key: v2, v1, v1beta2, v1beta1, v1alpha1, then the rest by name."""

    match = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", version)
    if match is None:
        return (3, 0, 0, version)
    stage = {"": 0, "beta": 1, "alpha": 2}[match[2] or ""]
    return (stage, -int(match[1]), -int(match[3] or 0), "")
