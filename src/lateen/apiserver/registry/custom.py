# SPDX-License-Identifier: Apache-2.0
"""A custom kind from its CustomResourceDefinition."""

from __future__ import annotations

import functools
from typing import Any

from lateen.apiserver.registry.catalogue import version_order
from lateen.apiserver.registry.kind import Document, Kind, Scale, Strategy, Subresource, Table
from lateen.apiserver.schema import structural
from lateen.apiserver.schema.node import Schema
from lateen.apiserver.tables.printer_columns import PrinterColumn, table

_AGE = PrinterColumn("Age", "date", ".metadata.creationTimestamp")


def kind_of(definition: Document) -> Kind:
    """The kind a valid definition installs."""
    spec = definition["spec"]
    names = spec["names"]
    versions = {v["name"]: v for v in spec["versions"] if v.get("served")}
    stored: Document = next((v for v in spec["versions"] if v.get("storage")), {})
    subresources: list[Subresource] = []
    scale = None
    # Subresources are per version; what any version has, the kind has.
    for version in (stored, *versions.values()):
        given = version.get("subresources") or {}
        known = {s.name for s in subresources}
        if given.get("status") is not None and "status" not in known:
            subresources.append(Subresource("status", names["kind"]))
        if given.get("scale") and "scale" not in known:
            subresources.append(Subresource("scale", "Scale", group="autoscaling", version="v1"))
            scale = _scale(given["scale"])

    @functools.cache
    def schema(version: str) -> Schema:
        found = (versions.get(version, {}).get("schema") or {}).get("openAPIV3Schema")
        return structural.build(found) if found else structural.untyped()

    @functools.cache
    def columns(version: str) -> Table:
        given = versions.get(version, {}).get("additionalPrinterColumns")
        return table([_column(column) for column in given] if given else [_AGE])

    return Kind(
        group=spec["group"],
        versions=tuple(sorted(versions, key=version_order)),
        kind=names["kind"],
        plural=names["plural"],
        singular=names.get("singular") or names["kind"].lower(),
        list_kind=names.get("listKind") or "",
        namespaced=spec["scope"] == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=tuple(subresources),
        scale=scale,
        custom=True,
        schema=schema,
        definition=lambda version: (versions.get(version, {}).get("schema") or {}).get("openAPIV3Schema"),
        table=columns,
        strategy=Strategy(generation=True, unconditional_update=False),
        warnings={name: _deprecation(spec, name) for name, v in versions.items() if v.get("deprecated")},
    )


def _scale(given: dict[str, Any]) -> Scale:
    return Scale(
        given.get("specReplicasPath", ".spec.replicas").lstrip("."),
        given.get("statusReplicasPath", ".status.replicas").lstrip("."),
        given.get("labelSelectorPath", ".").lstrip(".") or "-",
    )


def _column(given: dict[str, Any]) -> PrinterColumn:
    return PrinterColumn(
        given["name"],
        given["type"],
        given["jsonPath"],
        given.get("priority", 0),
        given.get("format", ""),
        given.get("description", ""),
    )


def _deprecation(spec: Document, version: str) -> str:
    """What to warn of: the definition's own text, or that there is a better version."""
    given = {v["name"]: v for v in spec["versions"]}
    if given[version].get("deprecationWarning"):
        return str(given[version]["deprecationWarning"])
    group, kind = spec["group"], spec["names"]["kind"]
    text = f"{group}/{version} {kind} is deprecated"
    better = sorted((n for n, v in given.items() if v.get("served") and not v.get("deprecated")), key=version_order)
    if better and version_order(better[0]) < version_order(version):
        text += f"; use {group}/{better[0]} {kind}"
    return text
