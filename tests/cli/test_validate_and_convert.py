# SPDX-License-Identifier: Apache-2.0
"""`lateen validate` and `lateen convert` as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from lateen.cli.convert import convert
from lateen.cli.validate import validate

SOUND = "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a}\nspec: {egress: [{hosts: ['./*']}]}\n"
WARNED = SOUND.replace("spec: {", "spec: {workloadSelector: {}, ")
BROKEN = (
    "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n  hosts: [a]\n  http:\n"
    "  - route:\n    - destination: {host: b}\n    - destination: {host: c}\n"
)
OLD = (
    "apiVersion: config.istio.io/v1alpha2\nkind: RouteRule\nmetadata: {name: r}\n"
    "spec: {destination: {name: web}, route: [{labels: {version: v2}}]}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sound.yaml").write_text(SOUND)
    return tmp_path


def test_sound_documents(folder: Path) -> None:
    result = CliRunner().invoke(validate, ["-f", str(folder)])
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 object sound" in result.stderr


def test_broken_documents(folder: Path) -> None:
    (folder / "broken.yaml").write_text(BROKEN)
    result = CliRunner().invoke(validate, ["-f", str(folder)])
    assert result.exit_code == 1
    place, _, rest = result.stdout.partition(" ")
    assert place == f"{folder / 'broken.yaml'}:7:5:"
    assert "VirtualService/default/a: spec.http[0].route: total destination weight = 0" in rest
    assert "give each destination a weight" in rest


def test_json(folder: Path) -> None:
    (folder / "broken.yaml").write_text(BROKEN)
    result = CliRunner().invoke(validate, ["-f", str(folder), "-o", "json"])
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["valid"], answer["objects"]) == (1, False, 1)
    (found,) = answer["diagnostics"]
    assert (found["line"], found["field"]) == (7, "spec.http[0].route")
    assert found["object"] == {
        "group": "networking.istio.io",
        "kind": "VirtualService",
        "namespace": "default",
        "name": "a",
    }


def test_warnings_fail_only_when_asked() -> None:
    for options, code in (([], 0), (["--fail-on", "warning"], 1)):
        result = CliRunner().invoke(validate, ["-f", "-", *options], input=WARNED)
        assert result.exit_code == code
        assert "workload selector specified without labels" in result.stdout


def test_the_same_object_in_two_files(folder: Path) -> None:
    (folder / "twice.yaml").write_text(SOUND)
    result = CliRunner().invoke(validate, ["-f", str(folder)])
    assert result.exit_code == 1
    assert "already defined in" in result.stdout


@pytest.mark.parametrize("command", [validate, convert])
def test_what_is_missing(tmp_path: Path, command: object) -> None:
    result = CliRunner().invoke(command, ["-f", str(tmp_path / "nothing")])  # type: ignore[arg-type]
    assert result.exit_code == 3
    assert "no such file or folder" in result.stderr
    assert CliRunner().invoke(command, ["-f", str(tmp_path)]).exit_code == 3  # type: ignore[arg-type]
    assert CliRunner().invoke(command, []).exit_code == 2  # type: ignore[arg-type]


def test_convert() -> None:
    result = CliRunner().invoke(convert, ["-f", "-"], input=f"{OLD}---\n{SOUND}")
    assert result.exit_code == 0
    kinds = [document["kind"] for document in yaml.safe_load_all(result.stdout)]
    assert kinds == ["VirtualService", "DestinationRule", "Sidecar"]
    again = CliRunner().invoke(validate, ["-f", "-"], input=result.stdout)
    assert (again.exit_code, again.stdout) == (0, "")


def test_convert_to_json_and_errors() -> None:
    result = CliRunner().invoke(convert, ["-f", "-", "-o", "json"], input=OLD)
    assert [item["kind"] for item in json.loads(result.stdout)["items"]] == ["VirtualService", "DestinationRule"]
    gone = OLD.replace("RouteRule", "IngressRule")
    result = CliRunner().invoke(convert, ["-f", "-"], input=gone)
    assert result.exit_code == 1
    assert "Gateway" in result.stderr


@pytest.mark.parametrize("command", [validate, convert])
def test_help_shows_examples_and_exit_codes(command: object) -> None:
    text = CliRunner().invoke(command, ["--help"]).stdout  # type: ignore[arg-type]
    assert "lateen " in text
    assert "Exit codes" in text
