# SPDX-License-Identifier: Apache-2.0
"""The types of an OpenAPI v3 document, for `kubectl explain`.

Built-in types come from the type table; their descriptions are read from the docstrings of lightkube-models, which are
made from Kubernetes' own OpenAPI documents. Custom types are those of their definitions.
"""

from __future__ import annotations

import ast
import functools
import re
import textwrap
from importlib import resources
from typing import Any

from lateen.apiserver.schema import builtin

Document = dict[str, Any]

_PACKAGES = {
    "apiextensions": "io.k8s.apiextensions-apiserver.pkg.apis.",
    "meta": "io.k8s.apimachinery.pkg.apis.",
}
_SCALARS = {
    "IntOrString": "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    "Quantity": "io.k8s.apimachinery.pkg.api.resource.Quantity",
}
_FIELD = re.compile(r"^\* \*\*(\S+)\*\* ``[^`]*``(?: - (.*))?$")


def name_of(type_name: str) -> str:
    """`core.v1.Pod` -> `io.k8s.api.core.v1.Pod`."""
    return _PACKAGES.get(type_name.partition(".")[0], "io.k8s.api.") + type_name


def reference(type_name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name_of(type_name)}"}


def builtin_types(roots: list[str]) -> Document:
    """The named types of the table and everything they refer to."""
    found: Document = {
        _SCALARS["IntOrString"]: {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
        _SCALARS["Quantity"]: {"oneOf": [{"type": "string"}, {"type": "number"}]},
    }
    wanted = list(roots)
    while wanted:
        type_name = wanted.pop()
        name = name_of(type_name)
        if name in found:
            continue
        entries = builtin.table_fields(type_name)
        description, fields = _texts(type_name)
        properties: Document = {}
        if type_name in builtin.root_types():
            type_texts = _texts("core.v1.Pod")[1]
            properties = {
                key: {"type": "string", "description": type_texts.get(key, "")} for key in ("apiVersion", "kind")
            }
        for field, entry in sorted(entries.items()):
            shown = _type(entry[1], wanted)
            if field in fields:
                shown["description"] = fields[field]
            properties[field] = shown
        required = sorted(field for field, entry in entries.items() if len(entry) > 2 and entry[2].get("required"))
        type_: Document = {"type": "object", "description": description, "properties": properties}
        if required:
            type_["required"] = required
        found[name] = type_
    return found


def _type(text: str, wanted: list[str]) -> Document:
    if text.startswith("[]"):
        return {"type": "array", "items": _type(text[2:], wanted)}
    if text.startswith("{}"):
        return {"type": "object", "additionalProperties": _type(text[2:], wanted)}
    if "." in text:
        wanted.append(text)
        return {"allOf": [reference(text)], "default": {}}
    match text:
        case "int32" | "int64":
            return {"type": "integer", "format": text}
        case "bool":
            return {"type": "boolean"}
        case "double":
            return {"type": "number", "format": "double"}
        case "bytes":
            return {"type": "string", "format": "byte"}
        case "Time" | "MicroTime":
            return {"type": "string", "format": "date-time"}
        case "IntOrString" | "Quantity":
            return {"allOf": [{"$ref": f"#/components/schemas/{_SCALARS[text]}"}]}
        case "string":
            return {"type": "string"}
        case _:
            return {"type": "object"}


@functools.cache
def _module(package: str) -> dict[str, str]:
    """Class name -> docstring of a module of lightkube-models; empty when it is not there."""
    path = resources.files("lightkube.models").joinpath(f"{package}.py")
    if not path.is_file():
        return {}
    tree = ast.parse(path.read_text())
    return {node.name: ast.get_docstring(node) or "" for node in tree.body if isinstance(node, ast.ClassDef)}


@functools.cache
def _texts(type_name: str) -> tuple[str, dict[str, str]]:
    """The description of a type and of its fields."""
    group, version, name = type_name.split(".")
    head, _, tail = _module(f"{group}_{version}").get(name, "").partition("**parameters**")
    fields: dict[str, list[str]] = {}
    current = ""
    for line in textwrap.dedent(tail).splitlines():
        match = _FIELD.match(line.strip())
        if match:
            current = match[1]
            fields[current] = [match[2] or ""]
        elif current:
            fields[current].append(line.strip())
    return _joined(head.splitlines()), {field: _joined(lines) for field, lines in fields.items()}


def _joined(lines: list[str]) -> str:
    """Lines as paragraphs: a blank line separates them."""
    paragraphs = re.split(r"\n\s*\n", "\n".join(line.strip() for line in lines).strip())
    return "\n\n".join(" ".join(p.split()) for p in paragraphs)


def custom_type(given: Document | None) -> Document:
    """The type of a custom kind: its definition's schema with the metadata every object has."""
    type_: Document = dict(given or {"type": "object"})
    texts = _texts("core.v1.Pod")[1]
    common = {key: {"type": "string", "description": texts.get(key, "")} for key in ("apiVersion", "kind")}
    metadata = {"description": texts.get("metadata", ""), "allOf": [reference("meta.v1.ObjectMeta")]}
    type_["properties"] = {**(type_.get("properties") or {}), **common, "metadata": metadata}
    return type_
