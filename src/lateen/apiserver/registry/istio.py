# SPDX-License-Identifier: Apache-2.0
"""Istio's kinds in every version Istio serves, as `lateen.model` describes them, and those of its first API.

Their schemas are made from the model by `lateen.parse.definition`, on first use: that keeps the server's start short.
"""

from __future__ import annotations

import functools

from lateen.apiserver.registry.kind import Document, Kind, Strategy, Subresource
from lateen.apiserver.schema import structural
from lateen.apiserver.schema.node import Schema
from lateen.apiserver.tables.printer_columns import PrinterColumn, table
from lateen.model.kinds import ISTIO_KINDS
from lateen.model.resource import Resource

_AGE = PrinterColumn("Age", "date", ".metadata.creationTimestamp")
_STRATEGY = Strategy(generation=True, unconditional_update=False)
LEGACY_GROUP, LEGACY_VERSION = "config.istio.io", "v1alpha2"


def kinds() -> list[Kind]:
    return [*(_kind(cls) for cls in ISTIO_KINDS), *_legacy()]


@functools.cache
def warm_up() -> None:
    """Make every schema now rather than with the first request that needs it."""
    for cls in ISTIO_KINDS:
        _schema(cls)


def _kind(cls: type[Resource]) -> Kind:
    kind = cls.TYPE
    columns = tuple(PrinterColumn(c.name, c.type, c.path, description=c.description) for c in kind.columns)
    shown = table(columns or (_AGE,))
    return Kind(
        group=kind.group,
        versions=kind.versions,
        kind=kind.kind,
        plural=kind.plural,
        singular=kind.kind.lower(),
        namespaced=kind.namespaced,
        short_names=kind.short_names,
        categories=kind.categories,
        subresources=(Subresource("status", kind.kind),),
        custom=True,
        schema=lambda _: _schema(cls),
        definition=lambda _: _definition(cls),
        table=lambda _: shown,
        strategy=_STRATEGY,
    )


@functools.cache
def _schema(cls: type[Resource]) -> Schema:
    return structural.build(_definition(cls))


@functools.cache
def _definition(cls: type[Resource]) -> Document:
    # Imported here, since it reads the source of the whole model for its documentation.
    from lateen.parse.definition import custom_resource_definition

    versions = custom_resource_definition(cls)["spec"]["versions"]
    schema: Document = versions[0]["schema"]["openAPIV3Schema"]
    return schema


def _legacy() -> list[Kind]:
    untyped = structural.untyped()

    def kind(name: str, column: PrinterColumn) -> Kind:
        shown = table((column, _AGE))
        return Kind(
            group=LEGACY_GROUP,
            versions=(LEGACY_VERSION,),
            kind=name,
            plural=f"{name.lower()}s",
            singular=name.lower(),
            categories=("istio-io",),
            custom=True,
            schema=lambda _: untyped,
            table=lambda _: shown,
            strategy=_STRATEGY,
        )

    return [
        kind("RouteRule", PrinterColumn("Destination", "string", ".spec.destination.name")),
        kind("EgressRule", PrinterColumn("Destination", "string", ".spec.destination.service")),
    ]
