# SPDX-License-Identifier: Apache-2.0
"""Pods from templates (core/v1 PodTemplateSpec), and the hash that tells templates apart."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from lateen.controllers.owner import controller_reference
from lateen.kube.client import Object
from lateen.kube.kind import Kind

HASH_LABEL = "pod-template-hash"

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Kubernetes' safe letters: no vowels and nothing that looks like another, so that no hash is a word."""


def template_hash(template: Any, collisions: int = 0) -> str:
    """Ten safe letters that stand for the template's content; another `collisions` gives another hash."""
    digest = hashlib.blake2b(
        orjson.dumps(template, option=orjson.OPT_SORT_KEYS), digest_size=10, salt=collisions.to_bytes(16)
    )
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest.digest())


def same_template(left: Any, right: Any) -> bool:
    """Whether two templates are equal but for the hash label."""
    return bool(_without_hash(left) == _without_hash(right))


def _without_hash(template: Any) -> Any:
    meta = template.get("metadata") or {}
    labels = {k: v for k, v in (meta.get("labels") or {}).items() if k != HASH_LABEL}
    return {**template, "metadata": {**meta, "labels": labels}}


def pod_from_template(template: Any, owner: Object, kind: Kind, *, name: str = "") -> Object:
    """A pod of `owner`; without a name it gets one from the API (`generateName`)."""
    meta = template.get("metadata") or {}
    metadata: dict[str, Any] = {
        "namespace": owner["metadata"]["namespace"],
        "labels": dict(meta.get("labels") or {}),
        "annotations": dict(meta.get("annotations") or {}),
        "ownerReferences": [controller_reference(owner, kind)],
    }
    if meta.get("finalizers"):
        metadata["finalizers"] = list(meta["finalizers"])
    if name:
        metadata["name"] = name
    else:
        metadata["generateName"] = f"{owner['metadata']['name']}-"
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template.get("spec") or {}}
