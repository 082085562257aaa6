# SPDX-License-Identifier: Apache-2.0
"""client-go, the library of Kubernetes' own controllers: the tests under go/, against both servers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "go"
CHECKS = sorted(
    name for path in SOURCE.glob("*_test.go") for name in re.findall(r"^func (Test\w+)\(", path.read_text(), re.M)
)

# Building takes a while: one worker does it for all.
pytestmark = pytest.mark.xdist_group("client-go")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests as a program. Go's own cache makes it quick from the second time on."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("needs Go, which is not here")
    fetched = subprocess.run([go, "mod", "download"], cwd=SOURCE, capture_output=True, text=True, check=False)
    if fetched.returncode:
        assert "checksum mismatch" not in fetched.stderr, fetched.stderr
        pytest.skip(f"needs the modules of client-go, which cannot be had: {fetched.stderr.strip().splitlines()[-1]}")
    built = tmp_path_factory.mktemp("client-go") / "checks"
    done = subprocess.run([go, "test", "-c", "-o", built, "."], cwd=SOURCE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return built


@pytest.mark.parametrize("check", CHECKS)
def test_client_go(check: str, program: Path, kubeconfig: Path) -> None:
    command = [program, "-test.run", f"^{check}$", "-test.v", "-test.timeout", "120s"]
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=150)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert f"--- PASS: {check} " in said, said
