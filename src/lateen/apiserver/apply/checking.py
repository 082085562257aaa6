# SPDX-License-Identifier: Apache-2.0
"""Does a configuration fit its type?"""

from __future__ import annotations

from typing import Any

from lateen.apiserver.apply.paths import text
from lateen.apiserver.apply.structure import TypedError, child, item_step
from lateen.apiserver.schema.node import Schema


def check(schema: Schema, value: Any, path: str = "") -> list[str]:
    """Why a configuration does not fit its type: undeclared fields, wrong kinds of values, duplicate items."""
    found: list[str] = []
    if isinstance(value, dict):
        if schema.kind in ("object", "map"):
            for name, item in sorted(value.items()):
                inner = child(schema, name)
                if inner is None:
                    # One is enough to refuse the whole object.
                    return [*found, f"{path}.{name}: field not declared in schema"]
                found += check(inner, item, f"{path}.{name}")
        elif schema.kind != "any":
            found.append(f"{path}: {_expected(schema, value)}")
    elif isinstance(value, list):
        if schema.kind == "array" and schema.items is not None:
            found += _check_list(schema, value, path)
        elif schema.kind != "any":
            found.append(f"{path}: {_expected(schema, value)}")
    elif value is not None and schema.kind not in ("any", "quantity", "int-or-string"):
        wanted = _WANTED.get(schema.kind)
        if wanted is None or not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
            found.append(f"{path}: {_expected(schema, value)}")
    return found


def _check_list(schema: Schema, value: list[Any], path: str) -> list[str]:
    assert schema.items is not None
    found: list[str] = []
    seen: set[str] = set()
    for index, item in enumerate(value):
        place = f"{path}[{index}]"
        if schema.list_type in ("map", "set"):
            try:
                step = item_step(schema, item)
            except TypedError as error:
                found.append(f"{path}: element {index}: {error}")
                continue
            place = path + text((step,))
            if step in seen:
                found.append(f"{path}: duplicate entries for key {text((step,))}")
            seen.add(step)
        found += check(schema.items, item, place)
    return found


_WANTED: dict[str, Any] = {
    "string": str,
    "bytes": str,
    "time": str,
    "microtime": str,
    "integer": int | float,
    "number": int | float,
    "boolean": bool,
}
_GO_TYPES = {
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    list: "[]interface {}",
    dict: "map[string]interface {}",
}


def _expected(schema: Schema, value: Any) -> str:
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    match schema.kind:
        case "integer" | "number":
            return f"expected numeric (int or float), got {_GO_TYPES[type(value)]}"
        case "boolean":
            return f"expected boolean, got {value}"
        case "object" | "map":
            return f"expected map, got &{{{value}}}"
        case "array":
            return f"expected list, got &{{{value}}}"
        case _:
            return f"expected string, got &value.valueUnstructured{{Value:{shown}}}"
