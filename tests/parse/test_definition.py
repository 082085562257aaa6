# SPDX-License-Identifier: Apache-2.0
"""Our custom resource definitions against those that Istio installs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lateen.model.kinds import ISTIO_KINDS
from lateen.model.resource import Resource
from lateen.parse.definition import custom_resource_definition, custom_resource_definitions

KINDS = [pytest.param(cls, id=cls.TYPE.kind) for cls in ISTIO_KINDS]


@pytest.fixture(scope="module")
def installed(shared: Path) -> dict[str, dict[str, Any]]:
    with (shared / "crds" / "istio.yaml").open() as text:
        documents = yaml.load_all(text, Loader=yaml.CSafeLoader)
        return {document["spec"]["names"]["kind"]: document for document in documents if document}


def _comparable(node: Any) -> Any:
    """A schema without its words, and with its unordered lists sorted."""
    if isinstance(node, dict):
        found = {key: _comparable(value) for key, value in node.items() if not _is_text(key, value)}
        for key in ("required", "x-kubernetes-validations"):
            if isinstance(found.get(key), list):
                found[key] = sorted(found[key], key=lambda part: json.dumps(part, sort_keys=True))
        if isinstance(found.get("properties"), dict) and not found["properties"]:
            del found["properties"]
        return found
    return [_comparable(part) for part in node] if isinstance(node, list) else node


def _is_text(key: str, value: Any) -> bool:
    return key == "description" and isinstance(value, str)


def test_every_kind_is_there(installed: dict[str, Any]) -> None:
    assert {cls.TYPE.kind for cls in ISTIO_KINDS} == set(installed)


@pytest.mark.parametrize("cls", KINDS)
def test_names_and_versions(cls: type[Resource], installed: dict[str, Any]) -> None:
    ours, theirs = custom_resource_definition(cls)["spec"], installed[cls.TYPE.kind]["spec"]
    assert ours["names"] == theirs["names"]
    assert (ours["group"], ours["scope"]) == (theirs["group"], theirs["scope"])
    versions = {version["name"]: version for version in theirs["versions"]}
    assert {version["name"] for version in ours["versions"]} == set(versions)
    for version in ours["versions"]:
        other = versions[version["name"]]
        assert (version["served"], version["storage"]) == (other["served"], other["storage"])
        assert version.get("subresources") == other.get("subresources")
        columns = [
            [
                (column["name"], column["type"], column["jsonPath"])
                for column in found.get("additionalPrinterColumns", [])
            ]
            for found in (version, other)
        ]
        assert columns[0] == columns[1]


def _columns(version: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = version.get("additionalPrinterColumns", [])
    return [(column["name"], column["type"], column["jsonPath"]) for column in found]


@pytest.mark.parametrize("cls", KINDS)
def test_schema(cls: type[Resource], installed: dict[str, Any]) -> None:
    ours = custom_resource_definition(cls)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for version in installed[cls.TYPE.kind]["spec"]["versions"]:
        theirs = version["schema"]["openAPIV3Schema"]
        assert _comparable(ours) == _comparable(theirs)


@pytest.mark.parametrize("cls", KINDS)
def test_every_field_is_documented(cls: type[Resource]) -> None:
    spec = custom_resource_definition(cls)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert list(_undocumented(spec, "spec")) == []


def _undocumented(node: dict[str, Any], path: str) -> Any:
    if not node.get("description") and "." in path and not path.endswith("]"):
        yield path
    for name, child in node.get("properties", {}).items():
        yield from _undocumented(child, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from _undocumented(node[key], f"{path}[]")


def test_definitions_are_plain_data() -> None:
    text = yaml.safe_dump_all(custom_resource_definitions())
    assert list(yaml.safe_load_all(text)) == custom_resource_definitions()
