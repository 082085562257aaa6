# SPDX-License-Identifier: Apache-2.0
"""Printer columns of custom resources (`additionalPrinterColumns`): a JSONPath each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from lateen.apiserver.registry.kind import Column, Document, Table
from lateen.apiserver.tables import jsonpath
from lateen.apiserver.tables.columns import NAME, age, name_of


@dataclass(frozen=True, slots=True)
class PrinterColumn:
    """One column of a definition. `type` is string, integer, number, boolean or date."""

    name: str
    type: str
    path: str
    priority: int = 0
    format: str = ""
    description: str = ""


def table(columns: Sequence[PrinterColumn]) -> Table:
    """The table of a custom kind: its name first, then its columns."""

    def cells(document: Document, now: datetime) -> list[Any]:
        return [name_of(document), *(_cell(column, document, now) for column in columns)]

    shown = (Column(c.name, c.type, c.format, c.priority, c.description) for c in columns)
    return Table((NAME, *shown), cells)


def _cell(column: PrinterColumn, document: Document, now: datetime) -> Any:
    found = jsonpath.find(column.path, document)
    if not found or found[0] is None:
        return None
    value = found[0]
    match column.type:
        case "date":
            return age(value, now)
        case "integer":
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        case "number":
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case _:
            return _string(value)


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return orjson.dumps(value).decode()
