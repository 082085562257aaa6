# SPDX-License-Identifier: Apache-2.0
"""Subresources of pods that do something: binding to a node, eviction."""

from __future__ import annotations

import dataclasses
from typing import Any

import orjson

from lateen.apiserver.operations import remove
from lateen.apiserver.operations.call import Call, Reply, json_reply
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.document import read_body
from lateen.apiserver.operations.metadata import key_of
from lateen.apiserver.operations.write import put
from lateen.apiserver.schema import times
from lateen.apiserver.schema.builtin import kind_schema
from lateen.apiserver.status import bad_request, conflict, not_found

_CREATED = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


async def bind(cluster: Cluster, call: Call) -> Reply:
    """POST pods/NAME/binding: put a pod on a node, once. Raises ApiError."""
    binding = read_body(call.body, call.content_type, kind_schema("v1", "Binding"))
    node = (binding.get("target") or {}).get("name")
    if not isinstance(node, str) or not node:
        raise bad_request('Binding "" is invalid: target.name: Required value')
    current = cluster.store.head(key_of(call.kind, call.namespace, call.name))
    if current is None:
        raise not_found("pods", "", call.name)
    pod = current.document()
    if pod["metadata"].get("deletionTimestamp"):
        raise conflict("pods/binding", "", call.name, f"pod {call.name} is being deleted, cannot be assigned to a host")
    if pod["spec"].get("nodeName"):
        why = f'pod {call.name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise conflict("pods/binding", "", call.name, why)
    pod["spec"]["nodeName"] = node
    given: dict[str, Any] = binding.get("metadata") or {}
    for field in ("annotations", "labels"):
        if given.get(field):
            pod["metadata"][field] = {**(pod["metadata"].get(field) or {}), **given[field]}
    conditions = [c for c in pod["status"].get("conditions") or () if c.get("type") != "PodScheduled"]
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None}
    scheduled["lastTransitionTime"] = times.time(cluster.now())
    pod["status"]["conditions"] = [*conditions, scheduled]
    if not call.dry_run:
        await put(cluster, current.key, pod)
    return json_reply(201, _CREATED)


async def evict(cluster: Cluster, call: Call) -> Reply:
    """POST pods/NAME/eviction: delete a pod the gentle way. Raises ApiError."""
    eviction = read_body(call.body, call.content_type, kind_schema("policy/v1", "Eviction"))
    options = eviction.get("deleteOptions") or {}
    inner = dataclasses.replace(
        call, verb="delete", subresource="", body=orjson.dumps(options), content_type="application/json"
    )
    await remove.delete(cluster, inner)
    return json_reply(201, _CREATED)
