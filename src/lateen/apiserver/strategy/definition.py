# SPDX-License-Identifier: Apache-2.0
"""CustomResourceDefinitions: defaults and validity. What they install is made by `registry.custom`."""

from __future__ import annotations

from lateen.apiserver.registry.kind import Document, Strategy
from lateen.apiserver.schema import structural
from lateen.apiserver.status import Cause, invalid_value, required, unsupported
from lateen.apiserver.tables import jsonpath


def _default(document: Document) -> None:
    spec = document.setdefault("spec", {})
    names = spec.setdefault("names", {})
    if names.get("kind"):
        if not names.get("singular"):
            names["singular"] = names["kind"].lower()
        if not names.get("listKind"):
            names["listKind"] = names["kind"] + "List"
    spec.setdefault("conversion", {"strategy": "None"})
    status = document.setdefault("status", {})
    if not status.get("storedVersions"):
        status["storedVersions"] = [v["name"] for v in spec.get("versions") or () if v.get("storage")][:1]


def _prepare(document: Document) -> None:
    spec = document["spec"]
    stored = [v["name"] for v in spec.get("versions") or () if v.get("storage")][:1]
    document["status"] = {
        "acceptedNames": {"kind": "", "plural": ""},
        "conditions": [],
        "storedVersions": stored,
    }


def _prepare_update(new: Document, old: Document) -> None:
    new["status"] = old.get("status", {})
    for version in new["spec"].get("versions") or ():
        stored = new["status"].setdefault("storedVersions", [])
        if version.get("storage") and version["name"] not in stored:
            stored.append(version["name"])


def _validate(document: Document) -> list[Cause]:
    spec = document["spec"]
    names = spec.get("names") or {}
    found: list[Cause] = []
    for field in ("plural", "singular", "kind", "listKind"):
        if not names.get(field):
            found.append(required(f"spec.names.{field}"))
    if not spec.get("group"):
        found.append(required("spec.group"))
    wanted = f"{names.get('plural', '')}.{spec.get('group', '')}"
    if document["metadata"].get("name") != wanted:
        detail = 'must be spec.names.plural+"."+spec.group'
        found.append(invalid_value("metadata.name", document["metadata"].get("name", ""), detail))
    if spec.get("scope") not in ("Cluster", "Namespaced"):
        found.append(unsupported("spec.scope", spec.get("scope", ""), ("Cluster", "Namespaced")))
    versions = spec.get("versions") or []
    if not versions:
        found.append(required("spec.versions", "must have exactly one version marked as storage version"))
    elif sum(bool(v.get("storage")) for v in versions) != 1:
        found.append(
            invalid_value("spec.versions", versions, "must have exactly one version marked as storage version")
        )
    for index, version in enumerate(versions):
        field = f"spec.versions[{index}].schema.openAPIV3Schema"
        given = (version.get("schema") or {}).get("openAPIV3Schema")
        # A schema that all versions share, as one alone does, is reported as the shared one.
        shown = "spec.validation.openAPIV3Schema" if len(versions) == 1 else field
        found += structural.causes(given, shown) if given else [required(field, "schemas are required")]
        for position, column in enumerate(version.get("additionalPrinterColumns") or ()):
            place = f"spec.versions[{index}].additionalPrinterColumns[{position}]"
            found += _column(column, place)
    if (spec.get("conversion") or {}).get("strategy") not in ("None", "Webhook"):
        found.append(unsupported("spec.conversion.strategy", spec["conversion"].get("strategy"), ("None", "Webhook")))
    return found


_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")


def _column(column: Document, field: str) -> list[Cause]:
    found = [required(f"{field}.{name}") for name in ("name", "jsonPath") if not column.get(name)]
    if column.get("type") not in _COLUMN_TYPES:
        found.append(unsupported(f"{field}.type", column.get("type", ""), _COLUMN_TYPES))
    try:
        jsonpath.parse(column.get("jsonPath", "."))
    except jsonpath.JsonPathError as error:
        found.append(invalid_value(f"{field}.jsonPath", column["jsonPath"], f"is an invalid jsonpath: {error}"))
    return found


CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""The definition stays until every object of its kind is gone."""

STRATEGY = Strategy(
    default=_default,
    prepare=_prepare,
    prepare_update=_prepare_update,
    validate=_validate,
    generation=True,
    deletion_finalizers=(CLEANUP,),
)
