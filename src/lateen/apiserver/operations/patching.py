# SPDX-License-Identifier: Apache-2.0
"""PATCH on an object or on its status: all four kinds of patch."""

from __future__ import annotations

from typing import Any

import orjson
import yaml

from lateen.apiserver.operations.answer import written
from lateen.apiserver.operations.applying import apply_patch
from lateen.apiserver.operations.call import Call, Reply
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.document import NotOfKindError, typed
from lateen.apiserver.operations.metadata import key_of
from lateen.apiserver.operations.write import store_replacement
from lateen.apiserver.patch import json_patch, merge_patch, strategic
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.status import (
    ApiError,
    bad_request,
    forbidden_field,
    invalid,
    invalid_value,
    not_found,
    unsupported_media,
)
from lateen.apiserver.store.revision import Stored

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


async def patch(cluster: Cluster, call: Call) -> Reply:
    """Patch an object. Raises ApiError."""
    kind = call.kind
    media = call.content_type.partition(";")[0].strip()
    accepted = (JSON_PATCH, MERGE_PATCH, *(() if kind.custom else (STRATEGIC_PATCH,)), APPLY_PATCH)
    if media not in accepted:
        raise unsupported_media(accepted, media)
    if media == APPLY_PATCH:
        return await apply_patch(cluster, call)
    if call.query.get("force"):
        detail = "may not be specified for non-apply patch"
        raise invalid("meta.k8s.io", "PatchOptions", "", [forbidden_field("force", detail)])
    current = cluster.store.head(key_of(kind, call.namespace, call.name))
    if current is None:
        raise not_found(kind.plural, kind.group, call.name)
    call.field_validation  # noqa: B018 - refuses a wrong value before anything else
    patched = patched_document(call, media, shown_document(call, current))
    document = _typed(call, media, patched)
    document["metadata"].setdefault("name", call.name)
    if document["metadata"]["name"] != call.name:
        raise bad_request(
            "the name of the object ("
            + document["metadata"]["name"]
            + f") does not match the name on the URL ({call.name})"
        )
    document, stored = await store_replacement(cluster, call, document, current)
    return written(cluster, call, 200, document, None if call.dry_run else stored)


def _typed(call: Call, media: str, patched: Document) -> Document:
    """The patched document checked against its kind; what does not fit is said of the patch. Raises ApiError."""
    try:
        return typed(call, call.kind, call.version, patched)
    except NotOfKindError as error:
        if media == STRATEGIC_PATCH:
            cause = invalid_value("patch", _go_map(read_patch(call.body)), error.conversion)
        else:
            cause = invalid_value("patch", orjson.dumps(patched).decode(), error.reason)
        raise invalid("", "", "", [cause]) from None


def _go_map(value: Any) -> str:
    """A value as Go prints it: `map[spec:map[replicas:x]]`."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_go_map(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(_go_map, value)) + "]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def shown_document(call: Call, current: Stored) -> Document:
    """The object as the client sees it in the version it asked for."""
    return {"apiVersion": call.api_version, "kind": call.kind.kind, **current.document()}


def patched_document(call: Call, media: str, document: Document) -> Document:
    """The document after the patch in the request body. Raises ApiError."""
    given = read_patch(call.body)
    try:
        if media == JSON_PATCH:
            if not isinstance(given, list):
                what = f"json: cannot unmarshal {_name(given)} into Go value of type []handlers.jsonPatchOp"
                raise bad_request(f"error decoding patch: {what}")
            if len(given) > json_patch.LIMIT:
                most = f"The allowed maximum operations in a JSON patch is {json_patch.LIMIT}, got {len(given)}"
                raise ApiError(413, "RequestEntityTooLarge", f"Request entity too large: {most}")
            result: Any = json_patch.apply(document, given)
        elif not isinstance(given, dict):
            raise bad_request(f"json: cannot unmarshal {_name(given)} into Go value of type map[string]interface {{}}")
        elif media == MERGE_PATCH:
            result = merge_patch.merge(document, given)
        else:
            result = strategic.merge(call.kind.schema(call.version), document, given)
    except json_patch.PatchError:
        raise ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {}) from None
    except strategic.StrategicError as error:
        raise bad_request(str(error)) from None
    if not isinstance(result, dict):
        raise bad_request("the patched object is no object")
    if not isinstance(result.get("metadata"), dict):
        result["metadata"] = {}
    return result


def _name(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "bool", type(None): "null"}
    return names.get(type(value), "number")


def read_patch(body: bytes) -> Any:
    """The patch in a body, JSON or YAML. Raises ApiError."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            return yaml.load(body, Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise bad_request(f"error decoding patch: {error}") from None
