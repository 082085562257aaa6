# SPDX-License-Identifier: Apache-2.0
"""PATCH with `application/apply-patch+yaml`: server-side apply, which creates what does not exist."""

from __future__ import annotations

from typing import Any

import yaml

from lateen.apiserver.apply.apply import apply
from lateen.apiserver.operations.answer import written
from lateen.apiserver.operations.call import Call, Reply
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.document import typed
from lateen.apiserver.operations.metadata import key_of
from lateen.apiserver.operations.write import name_mismatch, store_new, store_replacement
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.status import bad_request, conflict, invalid, not_found, required


async def apply_patch(cluster: Cluster, call: Call) -> Reply:
    """Apply a configuration. Raises ApiError."""
    kind = call.kind
    if not call.query.get("fieldManager"):
        raise invalid("meta.k8s.io", "PatchOptions", "", [required("fieldManager", "is required for apply patch")])
    config = _read(call)
    current = cluster.store.head(key_of(kind, call.namespace, call.name))
    if current is None and call.subresource:
        raise not_found(kind.plural, kind.group, call.name)
    if current is None and config["metadata"].get("uid"):
        uid = config["metadata"]["uid"]
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise conflict(kind.plural, kind.group, call.name, why)
    live = None
    if current is not None:
        live = {"apiVersion": call.api_version, "kind": kind.kind, **current.document()}
    merged = apply(call, cluster.now(), live, config, force=call.flag("force"))
    fields = merged["metadata"].pop("managedFields")
    document = typed(call, kind, call.version, merged)
    name_mismatch(call, document)
    document["metadata"]["managedFields"] = fields
    if current is None:
        document, created = await store_new(cluster, call, document, record=False)
        return written(cluster, call, 201, document, created)
    document, stored = await store_replacement(cluster, call, document, current, record=False)
    return written(cluster, call, 200, document, None if call.dry_run else stored)


def _read(call: Call) -> Document:
    """The configuration in the body. Raises ApiError."""
    try:
        config: Any = yaml.load(call.body, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise bad_request(f"error decoding YAML: {error}") from None
    if not isinstance(config, dict):
        raise bad_request("error decoding YAML: json: cannot unmarshal into Go value of type map[string]interface {}")
    if (config.get("apiVersion"), config.get("kind")) != (call.api_version, call.kind.kind):
        group, _, version = str(config.get("apiVersion", "")).rpartition("/")
        raise bad_request(f"invalid object type: {group}/{version}, Kind={config.get('kind', '')}")
    metadata = config.setdefault("metadata", {})
    if not isinstance(metadata, dict):
        raise bad_request("error decoding YAML: metadata is no object")
    if metadata.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    metadata.setdefault("name", call.name)
    if call.kind.namespaced:
        metadata.setdefault("namespace", call.namespace)
    return config
