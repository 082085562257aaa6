# SPDX-License-Identifier: Apache-2.0
"""OpenAPI v3, as much as clients need: which parameters a path takes, and on request the types behind it.

kubectl reads the document of a group for every object it applies, only to learn that `fieldValidation` is supported. So
the usual document has paths and no types; `kubectl explain` gets one with types (`with_types`).
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from lateen.apiserver import openapi_types
from lateen.apiserver.registry.catalogue import Catalogue
from lateen.apiserver.registry.kind import Kind
from lateen.apiserver.schema.builtin import type_of

Document = dict[str, Any]

_FIELD_VALIDATION = {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}
_DRY_RUN = {"name": "dryRun", "in": "query", "schema": {"type": "string"}}


def path_of(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def index(catalogue: Catalogue, *, with_types: bool) -> Document:
    """The list of documents; the hash in each address changes with its content."""
    paths: Document = {}
    for group, versions in catalogue.groups().items():
        for version in versions:
            path = path_of(group, version)
            digest = hashlib.sha256(f"{path} {catalogue.generation} {with_types}".encode()).hexdigest()[:32].upper()
            types = "&types=true" if with_types else ""
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}{types}"}
    return {"paths": paths}


def document(catalogue: Catalogue, group: str, version: str, *, with_types: bool) -> bytes | None:
    """The document of one group and version; None when there is none."""
    kinds = [kind for kind in catalogue.kinds() if kind.group == group and version in kind.versions]
    if not kinds:
        return None
    paths: Document = {}
    for kind in kinds:
        paths.update(_paths(kind, version))
    shown: Document = {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1"}, "paths": paths}
    if with_types:
        shown["components"] = {"schemas": _types(kinds, version)}
    return orjson.dumps(shown)


def types(catalogue: Catalogue, group: str, version: str) -> Document:
    """The types of one group and version, and everything that they refer to, by name."""
    return _types([kind for kind in catalogue.kinds() if kind.group == group and version in kind.versions], version)


def _types(kinds: list[Kind], version: str) -> Document:
    roots = [] if all(k.custom for k in kinds) else [type_of(k.api_version(version), k.kind) for k in kinds]
    types = openapi_types.builtin_types([*roots, "meta.v1.ObjectMeta"])
    for kind in kinds:
        if kind.custom:
            name = ".".join([*reversed(kind.group.split(".")), version, kind.kind])
            types[name] = openapi_types.custom_type(kind.definition(version))
        else:
            name = openapi_types.name_of(type_of(kind.api_version(version), kind.kind))
        types[name]["x-kubernetes-group-version-kind"] = [{"group": kind.group, "version": version, "kind": kind.kind}]
    return types


def _paths(kind: Kind, version: str) -> Document:
    base = f"/{path_of(kind.group, version)}/{'namespaces/{namespace}/' if kind.namespaced else ''}{kind.plural}"
    type_ = {"group": kind.group, "version": version, "kind": kind.kind}

    def operation(action: str) -> Document:
        return {
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": type_,
            "parameters": [_DRY_RUN, _FIELD_VALIDATION],
            "responses": {"200": {"description": "OK"}},
        }

    found: Document = {}
    if "create" in kind.verbs:
        found[base] = {"post": operation("post")}
    if "patch" in kind.verbs:
        found[f"{base}/{{name}}"] = {"put": operation("put"), "patch": operation("patch")}
    return found
