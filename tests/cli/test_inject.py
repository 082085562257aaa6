# SPDX-License-Identifier: Apache-2.0
"""`lateen inject` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from click.testing import CliRunner

from lateen.cli.inject import inject

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: app, image: b}]}\n"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
BAD = POD.replace("{name: a}", "{name: bad, annotations: {status.sidecar.istio.io/port: x}}")
LEFT_OUT = POD.replace("{name: a}", "{name: b, labels: {sidecar.istio.io/inject: 'false'}}")


def test_every_document_is_printed_and_injecting_again_changes_nothing() -> None:
    result = CliRunner().invoke(inject, ["-f", "-"], input=f"{POD}---\n{SERVICE}---\n{LEFT_OUT}")
    assert result.exit_code == 0
    pod, service, other = yaml.safe_load_all(result.stdout)
    assert [c["name"] for c in pod["spec"]["initContainers"]] == ["istio-init", "istio-proxy"]
    assert service == yaml.safe_load(SERVICE)
    assert other == yaml.safe_load(LEFT_OUT)
    assert "Pod/b: not injected because it has sidecar injection disabled" in result.stderr
    assert "&id" not in result.stdout
    assert CliRunner().invoke(inject, ["-f", "-"], input=result.stdout).stdout == result.stdout


def test_a_bad_document_is_left_out_and_told() -> None:
    result = CliRunner().invoke(inject, ["-f", "-"], input=f"{POD}---\n{BAD}---\nkind: [\n---\n{SERVICE}")
    assert result.exit_code == 1
    assert [document["metadata"]["name"] for document in yaml.safe_load_all(result.stdout)] == ["a", "s"]
    assert "<stdin>:6:1: error: Pod/bad: " in result.stderr
    assert "failed parsing port 'x'" in result.stderr


def test_settings_of_the_mesh(tmp_path: Path) -> None:
    mesh = tmp_path / "mesh.yaml"
    mesh.write_text("trustDomain: shop.example\ndefaultConfig: {holdApplicationUntilProxyStarts: true}\n")
    (tmp_path / "pod.yaml").write_text(POD)
    options = ["--mesh-config", str(mesh), "--no-native-sidecars", "--image", "mine:1", "-o", "json"]
    result = CliRunner().invoke(inject, ["-f", str(tmp_path / "pod.yaml"), *options])
    assert result.exit_code == 0
    proxy, app = json.loads(result.stdout)["spec"]["containers"]
    assert (proxy["name"], proxy["image"], app["name"]) == ("istio-proxy", "mine:1", "app")
    assert {"name": "TRUST_DOMAIN", "value": "shop.example"} in proxy["env"]


def test_a_file_that_is_not_there() -> None:
    assert CliRunner().invoke(inject, ["-f", "/nowhere/pod.yaml"]).exit_code == 3
