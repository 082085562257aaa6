# SPDX-License-Identifier: Apache-2.0
"""Merging a part of a pod onto a pod, as Kubernetes' strategic merge patch does.

Objects merge field by field, null removes a field, lists of named things merge thing by thing, other lists are
replaced. (https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/)
"""

from __future__ import annotations

import copy
from typing import Any, Final

from lateen.inject.document import Document

_MERGE_KEYS: Final = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "env": "name",
    "ports": "containerPort",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "hostAliases": "ip",
}
"""Field of a pod -> the field that tells its things apart (patchMergeKey of the API's types)."""


def merge(original: Document, patch: Document) -> Document:
    """`original` with `patch` on top; neither is changed, nor shared with the result."""
    result = copy.deepcopy(original)
    for field, value in patch.items():
        before = result.get(field)
        if value is None:
            result.pop(field, None)
        elif isinstance(value, dict) and isinstance(before, dict):
            result[field] = merge(before, value)
        elif isinstance(value, list) and isinstance(before, list) and field in _MERGE_KEYS:
            result[field] = _merge_lists(before, value, _MERGE_KEYS[field])
        else:
            result[field] = copy.deepcopy(value)
    return result


def _merge_lists(original: list[Any], patch: list[Any], key: str) -> list[Any]:
    """Things of the patch, in its order; between them those that only the original has, which keep their places."""
    places = {_key(item, key): place for place, item in reversed(list(enumerate(original)))}
    patched = {_key(item, key) for item in patch}
    merged = [_merge_item(original, places.get(_key(item, key)), item) for item in patch]
    untouched = [item for item in original if _key(item, key) not in patched]
    result: list[Any] = []
    while merged and untouched:
        place = places.get(_key(merged[0], key))
        before = place is not None and places[_key(untouched[0], key)] < place
        result.append((untouched if before else merged).pop(0))
    return result + merged + untouched


def _merge_item(original: list[Any], place: int | None, item: Any) -> Any:
    before = original[place] if place is not None else None
    return merge(before, item) if isinstance(before, dict) and isinstance(item, dict) else copy.deepcopy(item)


def _key(item: Any, key: str) -> str:
    return repr(item.get(key)) if isinstance(item, dict) else repr(item)
