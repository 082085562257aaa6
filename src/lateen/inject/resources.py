# SPDX-License-Identifier: Apache-2.0
"""What is reserved for the proxy, and its limits."""

from __future__ import annotations

from typing import Final

from lateen.inject import annotation
from lateen.inject.document import Document
from lateen.inject.target import Target

_ANNOTATIONS: Final = (
    ("requests", "cpu", annotation.PROXY_CPU),
    ("requests", "memory", annotation.PROXY_MEMORY),
    ("limits", "cpu", annotation.PROXY_CPU_LIMIT),
    ("limits", "memory", annotation.PROXY_MEMORY_LIMIT),
)


def proxy_resources(target: Target) -> Document:
    """Those of the annotations; as soon as there is one of them, the installation's count no more."""
    own: Document = {}
    for kind, resource, name in _ANNOTATIONS:
        if name in target.annotations:
            own.setdefault(kind, {})[resource] = target.annotations[name]
    return own or {kind: dict(amounts) for kind, amounts in target.settings.resources.items()}
