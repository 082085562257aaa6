# SPDX-License-Identifier: Apache-2.0
"""Run a script of kubectl commands against a server and give what they print, with what differs every time masked."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
MANIFESTS = HERE / "manifests"

_MASKS = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"Resource Version:\s+\d+"), "Resource Version: <version>"),
    (re.compile(r'resourceVersion"?: "?\d+"?'), "resourceVersion: <version>"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z| \+0000)?"), "<time>"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "<time>"),
    (re.compile(r"\b10\.(96|0)\.\d+\.\d+\b"), "<cluster-ip>"),
    (re.compile(r"(?<=[ :])3[0-2]\d{3}\b(?=/|\n|$)"), "<node-port>"),
    (re.compile(r"\b(\d+[smhd]){1,2}\b(?=\s|$)"), "<age>"),
    (re.compile(r"/tmp/(LIVE|MERGED)-\d+"), r"/tmp/\1"),
    (re.compile(r"(kube-api-access-)\w{5}"), r"\1<suffix>"),
    (re.compile(r"https://[\d.]+:\d+"), "<server>"),
]


def mask(text: str) -> str:
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    # Columns are as wide as their widest cell, which may be masked.
    return "\n".join(re.sub(r"(?<=\S) {2,}", "  ", line.rstrip()) for line in text.splitlines()) + "\n"


_MANAGED = re.compile(r"(?<=  managedFields:\n)((?:  - .*\n|    .*\n)+)")


def settled(text: str) -> str:
    """A transcript with managed fields in one order: those written in the same second may come in either."""

    def in_order(match: re.Match[str]) -> str:
        return "".join(sorted(re.split(r"(?m)^(?=  - )", match[1])))

    return _MANAGED.sub(in_order, text)


def run(kubectl: str, kubeconfig: Path, arguments: list[str], home: Path) -> str:
    """One command: what it wrote to both outputs, and its exit status when it failed."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(kubeconfig), "TZ": "UTC"}
    done = subprocess.run(
        [kubectl, *arguments], cwd=MANIFESTS, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    status = f"[exit {done.returncode}]\n" if done.returncode else ""
    return mask(done.stdout + done.stderr) + status


def commands(script: Path) -> list[list[str]]:
    found = []
    for line in script.read_text().splitlines():
        if line and not line.startswith("#"):
            # JSON is written without quotes around it: words with braces are taken as they stand.
            found.append(line.split() if "{" in line or "[" in line else shlex.split(line))
    return found


def transcript(kubectl: str, kubeconfig: Path, script: Path, home: Path) -> list[tuple[str, str]]:
    """Every command of a script with its output."""
    return [(" ".join(c), run(kubectl, kubeconfig, c, home)) for c in commands(script)]
