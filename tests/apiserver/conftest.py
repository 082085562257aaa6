# SPDX-License-Identifier: Apache-2.0
"""A server process to talk to, and the kubectl binaries of this machine."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Running:
    """A server process: `data` is its folder, `url` where it listens."""

    process: subprocess.Popen[str]
    data: Path
    url: str

    @property
    def kubeconfig(self) -> Path:
        return self.data / "kubeconfig"

    @property
    def token(self) -> str:
        return (self.data / "admin.token").read_text()

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        trust = ssl.create_default_context(cafile=self.data / "ca.crt")
        return httpx.Client(base_url=self.url, verify=trust, headers=headers, timeout=30)

    def resident(self) -> int:
        """Megabytes of memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) // 1024


def start(data: Path) -> Running:
    """A server on a free port; ready when this returns."""
    command = [sys.executable, "-m", "lateen.cli", "apiserver", "--data", str(data), "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"https://\S+", line)
    if found is None:
        process.kill()
        raise RuntimeError(line + process.stdout.read())
    return Running(process, data, found[0])


def stop(running: Running) -> None:
    running.process.terminate()
    running.process.wait(20)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    running = start(tmp_path / "data")
    yield running
    stop(running)


def kubectls() -> dict[str, str]:
    """Minor version -> kubectl. A dispatcher keeps the versions it chooses from beside itself."""
    found: dict[str, str] = {}
    for name in ("kubectl", *os.environ.get("LATEEN_KUBECTLS", "").split(":")):
        path = shutil.which(name) if name else None
        if path is None:
            continue
        beside = sorted(Path(path).resolve().parent.glob("kubectl.1.*"))
        for binary in [*beside, Path(path)]:
            shown = subprocess.run([binary, "version", "--client"], capture_output=True, text=True, check=False).stdout
            version = re.search(r"v1\.(\d+)\.\d+(?!\S*dispatcher)", shown)
            if version:
                found.setdefault(version[1], str(binary))
    return found


KUBECTLS = kubectls()


@pytest.fixture(scope="session")
def kubectl() -> str:
    """The newest kubectl there is."""
    if not KUBECTLS:
        pytest.skip("needs kubectl, which is not here")
    return KUBECTLS[max(KUBECTLS, key=int)]
