# SPDX-License-Identifier: Apache-2.0
"""The identity of an API object."""

import msgspec


class Ref(msgspec.Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """Which object: kind, namespace (empty for cluster-scoped kinds), name and API group (empty for the core group)."""

    kind: str
    namespace: str
    name: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"
