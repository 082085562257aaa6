# SPDX-License-Identifier: Apache-2.0
"""The scale subresource: an `autoscaling/v1 Scale` that stands for the number of replicas of its object."""

from __future__ import annotations

import dataclasses
from typing import Any

from lateen.apiserver.operations.call import Call, Reply, json_reply
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.document import read_body
from lateen.apiserver.operations.metadata import key_of
from lateen.apiserver.operations.patching import MERGE_PATCH, STRATEGIC_PATCH, patched_document
from lateen.apiserver.operations.read import find
from lateen.apiserver.operations.write import store_replacement
from lateen.apiserver.registry.kind import Document, Scale
from lateen.apiserver.schema.builtin import kind_schema
from lateen.apiserver.schema.decode import DecodeError, decode
from lateen.apiserver.selectors import field_value
from lateen.apiserver.status import MODIFIED, bad_request, conflict, invalid, invalid_value, not_found
from lateen.apiserver.tables.columns import selector_text

_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


async def scale(cluster: Cluster, call: Call) -> Reply:
    """GET, PUT or PATCH of the scale. Raises ApiError."""
    place = call.kind.scale
    assert place is not None
    if call.verb == "get":
        return json_reply(200, _shown(place, find(cluster, call).document()))
    current = cluster.store.head(key_of(call.kind, call.namespace, call.name))
    if current is None:
        raise not_found(call.kind.plural, call.kind.group, call.name)
    document = current.document()
    if call.verb == "patch":
        media = call.content_type.partition(";")[0].strip()
        as_merge = MERGE_PATCH if media == STRATEGIC_PATCH else media
        given = patched_document(call, as_merge, _shown(place, document))
    else:
        given = read_body(call.body, call.content_type, kind_schema("autoscaling/v1", "Scale"))
    try:
        wanted, _ = decode(kind_schema("autoscaling/v1", "Scale"), given)
    except DecodeError as error:
        raise bad_request(f'Scale in version "v1" cannot be handled as a Scale: {error}') from None
    version = wanted.get("metadata", {}).get("resourceVersion")
    if version and version != document["metadata"]["resourceVersion"]:
        raise conflict(call.kind.plural, call.kind.group, call.name, MODIFIED)
    replicas = wanted.get("spec", {}).get("replicas", 0)
    if replicas < 0:
        detail = "must be greater than or equal to 0"
        raise invalid("autoscaling", "Scale", call.name, [invalid_value("spec.replicas", replicas, detail)])
    _set(document, place.replicas, replicas)
    document = {"apiVersion": call.api_version, "kind": call.kind.kind, **document}
    whole = dataclasses.replace(call, verb="patch")
    document, stored = await store_replacement(cluster, whole, document, current)
    return json_reply(200, _shown(place, document if call.dry_run else stored.document()))


def _shown(place: Scale, document: Document) -> Document:
    metadata = {key: document["metadata"][key] for key in _METADATA if key in document["metadata"]}
    spec: dict[str, Any] = {}
    replicas = _get(document, place.replicas)
    if replicas:
        spec["replicas"] = replicas
    status: dict[str, Any] = {"replicas": _get(document, place.status_replicas) or 0}
    if place.selector:
        selector = field_value(document, place.selector)
    else:
        selector = selector_text((document.get("spec") or {}).get("selector"))
    if selector:
        status["selector"] = selector
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status}


def _get(document: Any, path: str) -> int:
    for step in path.lstrip(".").split("."):
        document = document.get(step) if isinstance(document, dict) else None
    return document if isinstance(document, int) else 0


def _set(document: Document, path: str, value: int) -> None:
    *steps, last = path.lstrip(".").split(".")
    for step in steps:
        document = document.setdefault(step, {})
    document[last] = value
