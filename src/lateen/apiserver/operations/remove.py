# SPDX-License-Identifier: Apache-2.0
"""DELETE on an object and on a collection: at once, when finalizers are done, or when a pod has stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson

from lateen.apiserver.operations import metadata, present
from lateen.apiserver.operations.answer import written
from lateen.apiserver.operations.call import Call, Reply, json_reply, parse_dry_run
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.document import read_body
from lateen.apiserver.operations.metadata import FOREGROUND, ORPHAN, key_of
from lateen.apiserver.operations.read import selection
from lateen.apiserver.operations.write import put
from lateen.apiserver.operations.write import remove as take_away
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.schema import times
from lateen.apiserver.schema.builtin import type_schema
from lateen.apiserver.schema.decode import DecodeError, decode
from lateen.apiserver.status import bad_request, invalid, not_found, success, unsupported
from lateen.apiserver.store.revision import Stored

_POLICIES = ("Background", "Foreground", "Orphan")


async def delete(cluster: Cluster, call: Call) -> Reply:
    """Delete one object. Raises ApiError."""
    kind = call.kind
    options = read_options(call)
    current = cluster.store.head(key_of(kind, call.namespace, call.name))
    if current is None:
        raise not_found(kind.plural, kind.group, call.name)
    document, stored, gone = await _delete(cluster, call, current, options)
    if gone and not kind.strategy.returns_deleted:
        details = {"name": call.name, "group": kind.group, "kind": kind.plural, "uid": document["metadata"]["uid"]}
        return json_reply(200, success({key: value for key, value in details.items() if value}))
    return written(cluster, call, 200, document, stored)


async def delete_collection(cluster: Cluster, call: Call) -> Reply:
    """Delete every object that is selected; answers with the list of them. Raises ApiError."""
    options = read_options(call)
    matches = selection(call)
    found = [
        item
        for item in list(cluster.store.objects(call.kind.resource, call.namespace))
        if matches is None or matches(item)
    ]
    shown: list[Stored] = []
    for item in found:
        call.namespace, call.name = item.key.namespace, item.key.name
        current = cluster.store.head(item.key)
        if current is not None:
            document, stored, _ = await _delete(cluster, call, current, options)
            body = metadata.strip_type(dict(document))
            shown.append(stored or Stored(item.key, item.version, orjson.dumps(body)))
    listed = {"resourceVersion": str(cluster.store.version)}
    return Reply(200, present.list_of(call.kind, call.version, shown, listed))


def read_options(call: Call) -> dict[str, Any]:
    """DeleteOptions from the body, or from the query when there is no body. Raises ApiError."""
    options: dict[str, Any] = {}
    schema = type_schema("meta.v1.DeleteOptions")
    if call.body.strip():
        try:
            options, _ = decode(schema, read_body(call.body, call.content_type, schema))
        except DecodeError as error:
            raise bad_request(str(error)) from None
    query = call.query
    if "propagationPolicy" in query:
        options["propagationPolicy"] = query["propagationPolicy"]
    if "orphanDependents" in query:
        options["orphanDependents"] = call.flag("orphanDependents")
    if "gracePeriodSeconds" in query:
        try:
            options["gracePeriodSeconds"] = int(query["gracePeriodSeconds"])
        except ValueError:
            raise bad_request(f'strconv.ParseInt: parsing "{query["gracePeriodSeconds"]}": invalid syntax') from None
    if "dryRun" in query:
        options["dryRun"] = [query["dryRun"]]
    options["dryRun"] = parse_dry_run(list(options.get("dryRun") or ()))
    policy = options.get("propagationPolicy")
    if policy is not None and policy not in _POLICIES:
        raise invalid(
            "meta.k8s.io", "DeleteOptions", "", [unsupported("propagationPolicy", policy, (*_POLICIES, "nil"))]
        )
    return options


async def _delete(
    cluster: Cluster, call: Call, current: Stored, options: dict[str, Any]
) -> tuple[Document, Stored | None, bool]:
    """The object as it was or is now, its stored form, and whether it is gone."""
    kind = call.kind
    old = current.document()
    metadata.check_preconditions(kind, call.name, old, options.get("preconditions"))
    for admit in cluster.admission:
        admit(cluster, call, None, old)
    document = current.document()
    meta = document["metadata"]
    _finalizers(meta, options)
    for finalizer in kind.strategy.deletion_finalizers:
        if not meta.get("deletionTimestamp") and finalizer not in meta.setdefault("finalizers", []):
            meta["finalizers"].append(finalizer)
    grace = _grace(call, document, options)
    waits = bool(meta.get("finalizers")) or bool((document.get("spec") or {}).get("finalizers")) or grace > 0
    if not waits:
        if options["dryRun"]:
            return document, None, True
        return document, await take_away(cluster, current.key, document), True
    now = cluster.now()
    already = meta.get("deletionTimestamp")
    if not already or grace < meta.get("deletionGracePeriodSeconds", 0):
        meta["deletionTimestamp"] = times.time(now + timedelta(seconds=grace))
        meta["deletionGracePeriodSeconds"] = grace
        if kind.strategy.generation and not already and "generation" in meta:
            meta["generation"] += 1
    if kind.resource == "namespaces":
        document.setdefault("status", {})["phase"] = "Terminating"
        meta.pop("deletionGracePeriodSeconds", None)
    if document == old or options["dryRun"]:
        return document, None if options["dryRun"] else current, False
    return document, await put(cluster, current.key, document), False


def _finalizers(meta: dict[str, Any], options: dict[str, Any]) -> None:
    """Orphan and foreground deletion are finalizers that the garbage collector works off."""
    policy = options.get("propagationPolicy")
    if policy is None and options.get("orphanDependents") is not None:
        policy = "Orphan" if options["orphanDependents"] else "Background"
    if policy is None:
        return
    finalizers = [f for f in meta.get("finalizers") or () if f not in (ORPHAN, FOREGROUND)]
    if policy == "Orphan":
        finalizers.append(ORPHAN)
    elif policy == "Foreground":
        finalizers.append(FOREGROUND)
    if finalizers:
        meta["finalizers"] = finalizers
    else:
        meta.pop("finalizers", None)


def _grace(call: Call, document: Document, options: dict[str, Any]) -> int:
    """Seconds a pod has to stop; 0 for everything else and for pods that run nowhere."""
    if not call.kind.strategy.graceful:
        return 0
    spec = document.get("spec") or {}
    given = options.get("gracePeriodSeconds")
    grace = int(spec.get("terminationGracePeriodSeconds", 30) if given is None else given)
    if not spec.get("nodeName") or (document.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    return max(grace, 1) if grace < 0 else grace
