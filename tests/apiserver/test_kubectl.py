# SPDX-License-Identifier: Apache-2.0
"""What every kubectl prints: the same with this server as with a real one.

The golden transcripts come from a real API server: `LATEEN_REAL_KUBECONFIG=FILE pytest tests/apiserver/test_kubectl.py
--update-golden` rewrites them, each script against a server without objects of its own.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.apiserver.conftest import KUBECTLS, Running
from tests.apiserver.kubectl import runner

SCRIPTS = sorted((runner.HERE / "scripts").glob("*.txt"))
GOLDEN = runner.HERE / "golden"


@pytest.mark.parametrize("minor", sorted(KUBECTLS, key=int))
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_transcript(server: Running, script: Path, minor: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    golden = GOLDEN / minor / f"{script.stem}.txt"
    if request.config.getoption("--update-golden"):
        real = os.environ.get("LATEEN_REAL_KUBECONFIG")
        if not real:
            pytest.skip("needs LATEEN_REAL_KUBECONFIG, the kubeconfig of a real API server")
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(written(runner.transcript(KUBECTLS[minor], Path(real), script, tmp_path)))
    if not golden.exists():
        pytest.skip(f"no transcript of kubectl 1.{minor} with a real API server")
    found = written(runner.transcript(KUBECTLS[minor], server.kubeconfig, script, tmp_path))
    assert runner.settled(found) == runner.settled(golden.read_text())


def written(steps: list[tuple[str, str]]) -> str:
    return "".join(f"$ kubectl {command}\n{output}" for command, output in steps)
