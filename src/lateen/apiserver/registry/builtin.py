# SPDX-License-Identifier: Apache-2.0
"""A built-in kind whose type is in the table of Kubernetes' own types."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.registry.kind import Kind, Table
from lateen.apiserver.schema.builtin import kind_schema
from lateen.apiserver.schema.node import Schema
from lateen.apiserver.tables.columns import PLAIN


def builtin(
    group: str,
    version: str,
    kind: str,
    *,
    plural: str = "",
    singular: str = "",
    table: Table = PLAIN,
    schema_as: str = "",
    **more: Any,
) -> Kind:
    """`schema_as` names the kind whose type is stored, when the group shows another group's objects."""
    api_version = f"{group}/{version}" if group else version

    def schema(_: str) -> Schema:
        return kind_schema(api_version, kind)

    lower = kind.lower()
    ending = "es" if lower.endswith("s") else "s"
    return Kind(
        group=group,
        versions=(version,),
        kind=kind,
        plural=plural or (lower[:-1] + "ies" if lower.endswith("cy") else lower + ending),
        singular=singular or lower,
        schema=schema,
        table=lambda _: table,
        **more,
    )
