# SPDX-License-Identifier: Apache-2.0
"""The wheel that users get: built from the tree, installed with what it needs into an empty environment, it works."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment with nothing in it but the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, cwd=ROOT)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("lateen-*.whl")
    venv.create(folder / "env", with_pip=True)
    # The versions of the lock, without its hashes: a wheel that was just built has none.
    pins = re.findall(r"^([A-Za-z0-9._-]+==[^ ;\\]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    (folder / "constraints.txt").write_text("\n".join(pins))
    pip = (folder / "env/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    done = run(*pip, "--constraint", folder / "constraints.txt", wheel, cwd=folder)
    if "Temporary failure in name resolution" in done.stderr or "Network is unreachable" in done.stderr:
        pytest.skip("no package registry can be reached from here")
    assert done.returncode == 0, done.stderr
    return folder / "env/bin"


def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "lateen", "demo", "--keep", tmp_path / "demo", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "404 Not Found" in done.stdout
    assert "x-served-by: lateen" in done.stdout
    assert "Everything that was started has ended." in done.stdout


def test_every_command_explains_itself(installed: Path, tmp_path: Path) -> None:
    listed = run(installed / "lateen", "--help", cwd=tmp_path).stdout
    commands = re.findall(r"^  ([a-z]+)  +[A-Z]", listed, re.MULTILINE)
    assert "serve" in commands
    for command in commands:
        shown = run(installed / "lateen", command, "--help", cwd=tmp_path)
        assert shown.returncode == 0, f"{command}: {shown.stderr}"
        assert "Usage:" in shown.stdout
