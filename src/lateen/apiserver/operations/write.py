# SPDX-License-Identifier: Apache-2.0
"""The steps every write shares: validate a new object, or replace an old one, and put it into the store."""

from __future__ import annotations

import copy

from lateen.apiserver.apply import managers
from lateen.apiserver.operations import metadata
from lateen.apiserver.operations.call import Call
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.document import check_custom
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.status import (
    MODIFIED,
    Cause,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    internal,
    invalid,
    invalid_value,
    not_found,
)
from lateen.apiserver.store.memory import JournalError
from lateen.apiserver.store.revision import Key, Stored


async def store_new(
    cluster: Cluster, call: Call, document: Document, *, record: bool = True
) -> tuple[Document, Stored | None]:
    """Create a decoded object; gives it as it is now and, unless this was a dry run, as it is stored. Raises ApiError.

    `record` is false when the caller keeps the managed fields itself (server-side apply).
    """
    kind, strategy = call.kind, call.kind.strategy
    dry_run = call.dry_run
    open_namespace(cluster, call)
    metadata.begin(cluster, call, document)
    if kind.has_status and kind.custom:
        document.pop("status", None)
    strategy.default(document)
    if record:
        # Nobody owns what the server adds from here on.
        managers.record_update(call, cluster.now(), document, None)
    strategy.prepare(document)
    for admit in cluster.admission:
        admit(cluster, call, document, None)
    name = document["metadata"].get("name", "")
    causes = metadata.causes(kind, document) + strategy.validate(document)
    if causes:
        raise invalid(kind.group, kind.kind, name, causes)
    if kind.custom:
        check_custom(kind, call.version, document)
    for review in cluster.reviewers:
        review(cluster, call, document, None)
    call.warnings += strategy.warnings(document)
    key = metadata.key_of(kind, call.namespace, name)
    if cluster.store.head(key) is not None:
        raise already_exists(kind.plural, kind.group, name)
    if kind.resource == "services":
        cluster.addresses.allocate(call, key, document, dry_run=dry_run)
    if dry_run:
        return document, None
    stored = await put(cluster, key, metadata.strip_type(dict(document)))
    return document, stored


async def store_replacement(
    cluster: Cluster, call: Call, new: Document, current: Stored, *, record: bool = True
) -> tuple[Document, Stored]:
    """Replace `current` by a decoded object of the same name; `record` as in `store_new`. Raises ApiError."""
    kind, strategy = call.kind, call.kind.strategy
    dry_run = call.dry_run
    old = current.document()
    name = current.key.name
    given = new["metadata"].get("resourceVersion")
    if given and given != old["metadata"]["resourceVersion"]:
        raise conflict(kind.plural, kind.group, name, MODIFIED)
    if not given and not strategy.unconditional_update and call.verb == "update":
        detail = "must be specified for an update"
        raise invalid(
            kind.group,
            kind.kind,
            name,
            [Cause("FieldValueInvalid", f"Invalid value: 0: {detail}", "metadata.resourceVersion")],
        )
    metadata.place(call, new)
    uid = new["metadata"].get("uid")
    if uid and uid != old["metadata"]["uid"]:
        if call.verb == "patch":
            raise invalid(kind.group, kind.kind, name, [invalid_value("metadata.uid", uid, "field is immutable")])
        raise conflict(
            kind.plural,
            kind.group,
            name,
            f"Precondition failed: UID in precondition: {uid}, UID in object meta: {old['metadata']['uid']}",
        )
    metadata.carry(new, old)
    strategy.default(new)
    if record:
        managers.record_update(call, cluster.now(), new, old)
    if call.subresource == "status":
        keep_all_but_status(new, old)
    elif kind.has_status and kind.custom:
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
        strategy.prepare_update(new, old)
    else:
        strategy.prepare_update(new, old)
    for admit in cluster.admission:
        admit(cluster, call, new, old)
    causes = metadata.causes(kind, new) + _finalizer_causes(new, old) + strategy.validate(new)
    if call.subresource != "status":
        causes += strategy.validate_update(new, old)
    if causes:
        raise invalid(kind.group, kind.kind, name, causes)
    if kind.custom:
        check_custom(kind, call.version, new)
    for review in cluster.reviewers:
        review(cluster, call, new, old)
    if call.subresource != "status":
        call.warnings += strategy.warnings(new)
    if strategy.generation and metadata.is_new_generation(strategy, new, old):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
    if kind.resource == "services" and call.subresource != "status":
        cluster.addresses.allocate(call, current.key, new, dry_run=dry_run)
    new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
    body = metadata.strip_type(dict(new))
    if _same(body, old):
        new["metadata"] = old["metadata"]
        return new, current
    if dry_run:
        return new, current
    if _finished(new):
        return new, await remove(cluster, current.key, body)
    return new, await put(cluster, current.key, body)


def _same(new: Document, old: Document) -> bool:
    """Nothing but the times in managed fields differs: such a write is not made."""
    if new == old:
        return True
    first, second = new["metadata"].get("managedFields"), old["metadata"].get("managedFields")
    if first == second or not first or not second or len(first) != len(second):
        return False
    if any({**a, "time": ""} != {**b, "time": ""} for a, b in zip(first, second, strict=True)):
        return False
    a, b = copy.copy(new), copy.copy(old)
    a["metadata"] = {**new["metadata"], "managedFields": None}
    b["metadata"] = {**old["metadata"], "managedFields": None}
    return a == b


def _finished(document: Document) -> bool:
    """Was this the last finalizer of an object that is being deleted?"""
    meta = document["metadata"]
    if not meta.get("deletionTimestamp") or meta.get("finalizers"):
        return False
    if (document.get("spec") or {}).get("finalizers"):
        return False
    return not meta.get("deletionGracePeriodSeconds")


def _finalizer_causes(new: Document, old: Document) -> list[Cause]:
    """No finalizer may join once deletion has begun."""
    if not old["metadata"].get("deletionTimestamp"):
        return []
    added = set(new["metadata"].get("finalizers") or ()) - set(old["metadata"].get("finalizers") or ())
    if not added:
        return []
    detail = f"no new finalizers can be added if the object is being deleted, found new finalizers {_go_strings(added)}"
    return [Cause("FieldValueForbidden", f"Forbidden: {detail}", "metadata.finalizers")]


def _go_strings(texts: set[str]) -> str:
    return "[]string{" + ", ".join(f'"{text}"' for text in sorted(texts)) + "}"


def keep_all_but_status(new: Document, old: Document) -> None:
    """A write of the status changes nothing else but managed fields."""
    status, resource_version = new.get("status"), new["metadata"].get("resourceVersion")
    fields = new["metadata"].get("managedFields")
    for key in [key for key in new if key not in ("apiVersion", "kind", "status")]:
        del new[key]
    new.update({key: copy.deepcopy(value) for key, value in old.items() if key != "status"})
    if status is not None:
        new["status"] = status
    else:
        new.pop("status", None)
    if resource_version:
        new["metadata"]["resourceVersion"] = resource_version
    if fields is not None:
        new["metadata"]["managedFields"] = fields


def open_namespace(cluster: Cluster, call: Call) -> None:
    """Nothing is created in a namespace that is absent or going away. Raises ApiError."""
    if not call.kind.namespaced:
        return
    found = cluster.store.head(Key("namespaces", "", call.namespace))
    if found is None:
        raise not_found("namespaces", "", call.namespace)
    if b'"deletionTimestamp"' in found.body and found.document()["metadata"].get("deletionTimestamp"):
        error = forbidden(
            call.kind.plural,
            call.kind.group,
            call.name or "",
            f"unable to create new content in namespace {call.namespace} because it is being terminated",
        )
        error.body.setdefault("details", {})["causes"] = [
            {
                "reason": "NamespaceTerminating",
                "message": f"namespace {call.namespace} is being terminated",
                "field": "metadata.namespace",
            }
        ]
        raise error


async def put(cluster: Cluster, key: Key, document: Document) -> Stored:
    try:
        return await cluster.store.put(key, document)
    except JournalError as error:
        raise internal(f"the store cannot be written: {error}") from None


async def remove(cluster: Cluster, key: Key, document: Document) -> Stored:
    try:
        return await cluster.store.delete(key, document)
    except JournalError as error:
        raise internal(f"the store cannot be written: {error}") from None


def name_mismatch(call: Call, document: Document) -> None:
    """The name in the body must be that of the path. Raises ApiError."""
    given = document["metadata"].setdefault("name", call.name)
    if given != call.name:
        raise bad_request(f"the name of the object ({given}) does not match the name on the URL ({call.name})")
