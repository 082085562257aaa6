# SPDX-License-Identifier: Apache-2.0
"""Custom resource definitions (apiextensions.k8s.io/v1)."""

import typing
from typing import Any

from lateen.model.kinds import ISTIO_KINDS
from lateen.model.resource import Column, Resource
from lateen.model.status import IstioStatus
from lateen.parse.definition import documentation
from lateen.parse.definition.openapi import Schema, is_required, of_annotation, schema, without_preserving


def custom_resource_definitions() -> list[dict[str, Any]]:
    """The definitions of all of Istio's kinds, by name."""
    found = [custom_resource_definition(cls) for cls in ISTIO_KINDS]
    return sorted(found, key=lambda definition: str(definition["metadata"]["name"]))


def custom_resource_definition(cls: type[Resource]) -> dict[str, Any]:
    """The definition of a kind, in every version that it is served in."""
    kind = cls.TYPE
    names: dict[str, Any] = {
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "singular": kind.kind.lower(),
        "categories": list(kind.categories),
    }
    if kind.short_names:
        names["shortNames"] = list(kind.short_names)
    structure = _structure(cls)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "names": names,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [_version(cls, version, structure) for version in kind.versions],
        },
    }


def _structure(cls: type[Resource]) -> Schema:
    annotation = typing.get_type_hints(cls, include_extras=True)["spec"]
    spec = of_annotation(annotation, nullable=False)
    spec["description"] = documentation.of_class(cls)
    # Kubernetes preserves what it does not know only at the top of the status.
    status = without_preserving(schema(IstioStatus))
    status["x-kubernetes-preserve-unknown-fields"] = True
    found: Schema = {"type": "object", "properties": {"spec": spec, "status": status}}
    if is_required(annotation):
        found["required"] = ["spec"]
    return found


def _version(cls: type[Resource], version: str, structure: Schema) -> dict[str, Any]:
    kind = cls.TYPE
    found: dict[str, Any] = {
        "name": version,
        "served": True,
        "storage": version == (kind.stored or kind.versions[0]),
        "schema": {"openAPIV3Schema": structure},
    }
    if kind.columns:
        found["additionalPrinterColumns"] = [_column(column) for column in kind.columns]
    if kind.status:
        found["subresources"] = {"status": {}}
    return found


def _column(column: Column) -> dict[str, str]:
    found = {"name": column.name, "type": column.type, "jsonPath": column.path}
    return found | {"description": column.description} if column.description else found
