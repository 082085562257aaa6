# SPDX-License-Identifier: Apache-2.0
"""`lateen sample` as a user calls it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from lateen.cli.sample import sample
from lateen.samples.children import Children


def test_list() -> None:
    names = [line.split()[0] for line in CliRunner().invoke(sample, ["list"]).stdout.splitlines()]
    assert names == ["bookinfo", "curl", "hello-web", "httpbin", "movie-web", "sleep", "tcp-echo"]
    manifests = CliRunner().invoke(sample, ["list", "bookinfo"]).stdout.splitlines()
    assert "bookinfo/networking/virtual-service-all-v1.yaml" in manifests
    assert all(path.startswith("bookinfo/") for path in manifests)


def test_show() -> None:
    whole = CliRunner().invoke(sample, ["show", "bookinfo"])
    kinds = {each["kind"] for each in yaml.safe_load_all(whole.stdout)}
    assert {"Deployment", "Service", "ServiceAccount", "Gateway", "VirtualService", "DestinationRule"} == kinds
    one = CliRunner().invoke(sample, ["show", "samples/bookinfo/networking/virtual-service-all-v1.yaml"])
    assert [each["kind"] for each in yaml.safe_load_all(one.stdout)] == ["VirtualService"] * 4
    unknown = CliRunner().invoke(sample, ["show", "bookshop"])
    assert unknown.exit_code == 2
    assert "bookinfo" in unknown.stderr


def test_export(tmp_path: Path) -> None:
    assert CliRunner().invoke(sample, ["export", str(tmp_path)]).exit_code == 0
    for path in (
        "samples/bookinfo/platform/kube/bookinfo.yaml",
        "samples/bookinfo/platform/kube/bookinfo-details-v2.yaml",
        "samples/bookinfo/kube/bookinfo-details-v2.yaml",
        "samples/bookinfo/networking/bookinfo-gateway.yaml",
        "samples/bookinfo/networking/virtual-service-details-v2.yaml",
        "samples/httpbin/httpbin.yaml",
        "samples/sleep/sleep.yaml",
        "samples/tcp-echo/tcp-echo-services.yaml",
    ):
        assert list(yaml.safe_load_all((tmp_path / path).read_text()))


def test_export_leaves_what_was_edited(tmp_path: Path) -> None:
    edited = tmp_path / "samples" / "sleep" / "sleep.yaml"
    edited.parent.mkdir(parents=True)
    edited.write_text("mine\n")
    result = CliRunner().invoke(sample, ["export", str(tmp_path)])
    assert result.exit_code == 1
    assert str(edited) in result.stderr
    assert edited.read_text() == "mine\n"
    edited.unlink()
    assert CliRunner().invoke(sample, ["export", str(tmp_path)]).exit_code == 0
    assert CliRunner().invoke(sample, ["export", str(tmp_path)]).exit_code == 0


def test_apply_without_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    result = CliRunner().invoke(sample, ["apply", "sleep", "--name", "nowhere"])
    assert result.exit_code == 3
    assert "lateen up --detach --name nowhere" in result.stderr


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
def test_apply_with_kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    with Children(tmp_path) as children:
        children.start("api", [sys.executable, "-m", "lateen.cli", "apiserver", "--data", str(data), "--port", "0"])
        children.wait_for("api", "Kubernetes API at")
        monkeypatch.setenv("KUBECONFIG", str(data / "kubeconfig"))
        command = [sys.executable, "-m", "lateen.cli", "sample", "apply", "bookinfo"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert "deployment.apps/productpage-v1 created" in lines
        assert "virtualservice.networking.istio.io/bookinfo created" in lines
        again = subprocess.run([*command, "-n", "nowhere"], capture_output=True, text=True, check=False)
        assert again.returncode == 1
        assert 'namespaces "nowhere" not found' in again.stderr
