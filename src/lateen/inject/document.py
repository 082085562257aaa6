# SPDX-License-Identifier: Apache-2.0
"""Reading pods as the plain data that they come in, where any part may be absent or of another type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

Document = dict[str, Any]
"""A Kubernetes object, or a part of one, as JSON has it."""

PROXY: Final = "istio-proxy"
INIT: Final = "istio-init"
VALIDATION: Final = "istio-validation"


def strings(value: object) -> dict[str, str]:
    """A map of strings, such as labels; entries of other types are passed over."""
    if not isinstance(value, Mapping):
        return {}
    return {key: item for key, item in value.items() if isinstance(key, str) and isinstance(item, str)}


def mapping(value: object) -> Document:
    """The value, if it is an object."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Document]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def annotations_of(pod: Document) -> dict[str, str]:
    """The pod's annotations."""
    return strings(mapping(pod.get("metadata")).get("annotations"))


def labels_of(pod: Document) -> dict[str, str]:
    """The pod's labels."""
    return strings(mapping(pod.get("metadata")).get("labels"))


def containers(pod: Document, field: str) -> list[Document]:
    """The pod's `containers` or `initContainers`."""
    return objects(mapping(pod.get("spec")).get(field))


def named(items: Iterable[Document], name: str) -> Document | None:
    """The first object of that name."""
    return next((item for item in items if item.get("name") == name), None)


def sidecar_of(pod: Document) -> Document | None:
    """The proxy's container, in either of its forms."""
    return named([*containers(pod, "containers"), *containers(pod, "initContainers")], PROXY)
