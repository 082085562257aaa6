# SPDX-License-Identifier: Apache-2.0
"""Who owns what: controller references and label selectors (meta/v1 OwnerReference, LabelSelector)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lateen.kube.client import Object
from lateen.kube.kind import Kind


def controller_of(body: Object) -> dict[str, Any] | None:
    """The reference to the one controller that manages the object."""
    for reference in body["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return dict(reference)
    return None


def controlled_by(body: Object, owner: Object) -> bool:
    """Whether `owner` (that very object, by uid) manages `body`."""
    reference = controller_of(body)
    return reference is not None and reference["uid"] == owner["metadata"]["uid"]


def controller_reference(owner: Object, kind: Kind) -> dict[str, Any]:
    """The reference that an object managed by `owner` carries."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str] | None) -> bool:
    """Whether a LabelSelector selects these labels. No selector selects nothing, an empty one everything."""
    if selector is None:
        return False
    labels = labels or {}
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(expression, labels) for expression in selector.get("matchExpressions") or ())


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False
