# SPDX-License-Identifier: Apache-2.0
"""A cluster of `lateen up`, of its own for the tests of a module; skipped with the reason where there can be none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lateen.app.cluster_layout import Layout, Running
from lateen.node.machine import checks

PATIENCE = 40.0


class Cluster:
    """A running cluster, by its command line and kubectl."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.layout = Layout(data, "lateen")

    def lateen(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lateen.cli", *words, "--data", str(self.data)]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL, check=False
        )

    def up(self) -> None:
        done = self.lateen("up", "--detach", "--ports", "80:0,443:0")
        log = self.layout.log.read_text() if self.layout.log.exists() else ""
        assert done.returncode == 0, done.stdout + done.stderr + log[-3000:]

    @property
    def running(self) -> Running:
        found = self.layout.running()
        assert found is not None
        return found

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.running.ports['80']}"

    def try_kubectl(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "KUBECONFIG": str(self.layout.kubeconfig)}
        return subprocess.run(
            ["kubectl", *words],
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=environment,
            check=False,
        )

    def kubectl(self, *words: str, text: str = "") -> str:
        done = self.try_kubectl(*words, text=text)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def pods(self, namespace: str = "default") -> dict[str, Any]:
        items = json.loads(self.kubectl("get", "pods", "-n", namespace, "-o", "json"))["items"]
        return {pod["metadata"]["name"]: pod for pod in items}

    def ready(self, count: int, namespace: str = "default") -> dict[str, Any]:
        """Wait until exactly so many pods are there and all of them are ready."""

        def all_ready() -> dict[str, Any] | None:
            pods = self.pods(namespace)
            good = [p for p in pods.values() if _is_ready(p) and not p["metadata"].get("deletionTimestamp")]
            return pods if len(good) == count == len(pods) else None

        return self.wait(all_ready, lambda: self.kubectl("get", "pods,events", "-n", namespace))

    def wait(self, read: Callable[[], Any], describe: Callable[[], str] = lambda: "") -> Any:
        """Call `read` until its answer is true."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := read():
                return found
            time.sleep(0.1)
        raise AssertionError(f"waited in vain; {describe()}\n{self.layout.log.read_text()[-3000:]}")

    def curl(self, *words: str) -> tuple[int, str]:
        """Exit code and output."""
        done = subprocess.run(
            ["curl", "-s", "-m", "5", *words], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        return done.returncode, done.stdout


def _is_ready(pod: dict[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions", ()))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    for program in ("kubectl", "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program} on the PATH")
    missing = [check for check in checks() if check.needed and not check.passed]
    if missing:
        pytest.skip(f"this machine runs no clusters: {missing[0].name}: {missing[0].found}")
    data = Path(tempfile.mkdtemp(prefix="lateen-cluster-"))
    made = Cluster(data)
    try:
        made.up()
        yield made
    finally:
        made.lateen("down")
        shutil.rmtree(data)
