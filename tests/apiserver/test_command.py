# SPDX-License-Identifier: Apache-2.0
"""`lateen apiserver` as a process: what it says when it cannot start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.apiserver.conftest import ROOT, Running, start, stop


def failing(data: Path, port: str = "0") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lateen.cli", "apiserver", "--data", str(data), "--port", port]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


def test_one_server_for_a_folder(server: Running) -> None:
    second = failing(server.data)
    assert second.returncode == 3 and "in use by another process" in second.stderr


def test_a_taken_port(server: Running, tmp_path: Path) -> None:
    second = failing(tmp_path / "other", server.url.rpartition(":")[2])
    assert second.returncode == 3 and "lateen apiserver:" in second.stderr and "Traceback" not in second.stderr


def test_a_damaged_folder(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database at all" * 500)
    spoiled = failing(tmp_path)
    assert spoiled.returncode == 3 and "damaged" in spoiled.stderr
    assert (tmp_path / "state.db").read_bytes().startswith(b"not a database")


def test_objects_definitions_and_tokens_outlive_the_process(server: Running) -> None:
    definition = {
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Cluster",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    with server.client() as client:
        created = client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json=definition)
        assert created.status_code == 201, created.text
        path = "/apis/example.com/v1/things"
        assert client.post(path, json={"metadata": {"name": "one"}}).status_code == 201
        accounts = "/api/v1/namespaces/default/serviceaccounts"
        client.post(accounts, json={"metadata": {"name": "bot"}})
        token = client.post(f"{accounts}/bot/token", json={}).json()["status"]["token"]
    config = server.kubeconfig.read_text()
    stop(server)
    again = start(server.data)
    try:
        with again.client() as client:
            assert [item["metadata"]["name"] for item in client.get(path).json()["items"]] == ["one"]
        with again.client(token=token) as bot:
            assert bot.get("/api").status_code == 200
        same = config.replace(server.url, "") == again.kubeconfig.read_text().replace(again.url, "")
        assert same
    finally:
        stop(again)
