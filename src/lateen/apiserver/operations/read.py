# SPDX-License-Identifier: Apache-2.0
"""GET on an object and on a collection."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

import orjson

from lateen.apiserver.operations import present
from lateen.apiserver.operations.answer import shown
from lateen.apiserver.operations.call import Call, Reply
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.metadata import key_of
from lateen.apiserver.selectors import SelectorError, matches_fields, parse_fields, parse_labels
from lateen.apiserver.status import (
    ApiError,
    bad_request,
    forbidden_field,
    gone,
    invalid,
    not_found,
    too_new,
    unsupported,
)
from lateen.apiserver.store.revision import Stored


def get(cluster: Cluster, call: Call) -> Reply:
    """One object. Raises ApiError."""
    return shown(cluster, call, 200, find(cluster, call))


def find(cluster: Cluster, call: Call) -> Stored:
    """The published object a call names. Raises ApiError (404)."""
    stored = cluster.store.get(key_of(call.kind, call.namespace, call.name))
    if stored is None:
        raise not_found(call.kind.plural, call.kind.group, call.name)
    return stored


def list_objects(cluster: Cluster, call: Call) -> Reply:
    """A collection, or one page of it. Raises ApiError."""
    store = cluster.store
    wanted = asked_version(call)
    _check_match(call)
    if wanted > store.version:
        raise too_new(wanted, store.version)
    if call.query.get("resourceVersionMatch") == "Exact" and wanted != store.version:
        raise gone(f"The provided resource version is no longer available: {wanted}, current: {store.version}")
    items = list(store.objects(call.kind.resource, call.namespace))
    matches = selection(call)
    if matches is not None:
        items = [item for item in items if matches(item)]
    listed: dict[str, object] = {"resourceVersion": str(store.version)}
    items = _page(call, items, listed, selective=matches is not None)
    form, version, encoding = present.negotiate(call.accept)
    if form == present.TABLE:
        table = present.TableForm(call.kind, call.version, version, call.query.get("includeObject", ""), cluster.now())
        body = orjson.dumps(table.table(items, listed))
    elif form == present.METADATA_LIST:
        body = orjson.dumps(present.partial_list(call.kind, items, version, listed))
    else:
        body = present.list_of(call.kind, call.version, items, listed)
    return present.encoded(Reply(200, body), encoding)


def _check_match(call: Call) -> None:
    """`resourceVersionMatch` must make sense. Raises ApiError (422)."""
    match, version = call.query.get("resourceVersionMatch"), call.query.get("resourceVersion")
    field = "resourceVersionMatch"
    if not match:
        return
    if not version:
        cause = forbidden_field(field, "resourceVersionMatch is forbidden unless resourceVersion is provided")
    elif call.query.get("continue"):
        cause = forbidden_field(field, "resourceVersionMatch is forbidden when continue is provided")
    elif match not in ("Exact", "NotOlderThan"):
        cause = unsupported(field, match, ("Exact", "NotOlderThan", ""), ordered=True)
    elif match == "Exact" and version == "0":
        cause = forbidden_field(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    else:
        return
    raise invalid("meta.k8s.io", "ListOptions", "", [cause])


def _page(call: Call, items: list[Stored], listed: dict[str, object], *, selective: bool) -> list[Stored]:
    """Cut the list to `limit`, from where `continue` says; the position is a name, so later pages show later states."""
    token = call.query.get("continue")
    if token:
        after = _read_token(token)
        items = [item for item in items if (item.key.namespace, item.key.name) > after]
    try:
        limit = int(call.query.get("limit") or 0)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{call.query["limit"]}": invalid syntax') from None
    if limit and len(items) > limit:
        last = items[limit - 1].key
        listed["continue"] = base64.urlsafe_b64encode(orjson.dumps([last.namespace, last.name])).decode().rstrip("=")
        if not selective:
            listed["remainingItemCount"] = len(items) - limit
        return items[:limit]
    return items


def _read_token(token: str) -> tuple[str, str]:
    try:
        namespace, name = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return str(namespace), str(name)
    except (ValueError, TypeError, binascii.Error):
        raise bad_request("invalid continue token: continue key is not valid") from None


def asked_version(call: Call) -> int:
    """The `resourceVersion` parameter; 0 when it is absent. Raises ApiError."""
    text = call.query.get("resourceVersion", "")
    if not text:
        return 0
    if not text.isdecimal():
        raise bad_request(
            f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        )
    return int(text)


def selection(call: Call) -> Callable[[Stored], bool] | None:
    """The label and field selectors of a call as one test; None when everything is wanted. Raises ApiError."""
    try:
        labels = parse_labels(call.query.get("labelSelector", ""))
        fields = parse_fields(call.query.get("fieldSelector", ""))
    except SelectorError as error:
        raise bad_request(str(error)) from None
    for path, _, _ in fields:
        if not known_field(call, path):
            raise _unknown_field(call, path)
    if labels is None and not fields:
        return None

    def matches(stored: Stored) -> bool:
        if labels is None and all(path in ("metadata.name", "metadata.namespace") for path, _, _ in fields):
            key = stored.key
            return all(((key.name if p == "metadata.name" else key.namespace) == v) == eq for p, eq, v in fields)
        if labels is not None and not labels(stored.labels):
            return False
        return not fields or matches_fields(fields, stored.document())

    return matches


def _unknown_field(call: Call, path: str) -> ApiError:
    what = f"field label not supported: {path}"
    if call.kind.resource not in _FIELDS:
        what = f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'
    return bad_request(what)


_FIELDS = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "namespaces": ("status.phase",),
    "secrets": ("type",),
    "nodes": ("spec.unschedulable",),
    "replicasets.apps": ("status.replicas",),
    "services": ("spec.clusterIP", "spec.type"),
}


def known_field(call: Call, path: str) -> bool:
    """Can this kind be selected by that field?"""
    return path in ("metadata.name", "metadata.namespace") or path in _FIELDS.get(call.kind.resource, ())


def single_name(call: Call) -> str:
    """The name a field selector pins down (`metadata.name=x`); empty when it leaves the name open."""
    for path, equal, value in parse_fields(call.query.get("fieldSelector", "")):
        if path == "metadata.name" and equal:
            return value
    return ""
