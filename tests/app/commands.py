# SPDX-License-Identifier: Apache-2.0
"""The real commands, run as a user runs them: `lateen serve`, `lateen proxy`, `lateen status`."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 30.0
NODE = "router~127.0.0.1~ingress.istio-system~istio-system.svc.cluster.local"


class Command:
    """One running `lateen` command, with everything it says."""

    def __init__(self, log: Path, *arguments: str | Path) -> None:
        self._log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lateen.cli", *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for(self, pattern: str, since: int = 0) -> re.Match[str]:
        """Wait until it has said something that matches, after the first `since` characters of its log."""

        def found() -> re.Match[str] | None:
            match = re.search(pattern, self.said[since:])
            assert match or self.process.poll() is None, f"it ended:\n{self.said}"
            return match

        match = wait_until(found, lambda: self.said)
        assert match is not None
        return match

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def wait_until(condition: Callable[[], Any], explain: Callable[[], str] = str) -> Any:
    """The first true answer of `condition`."""
    end = time.monotonic() + PATIENCE
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {PATIENCE} s in vain\n{explain()}")
        time.sleep(0.01)


def get(url: str, host: str, **headers: str) -> httpx.Response | None:
    """One request, or None while nobody listens."""
    try:
        return httpx.get(url, headers={"host": host, **headers}, timeout=5, trust_env=False)
    except httpx.TransportError:
        return None


def run(*arguments: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "lateen.cli", *map(str, arguments)],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def statuses(xds: str) -> list[dict[str, Any]]:
    """What `lateen status` shows."""
    found: list[dict[str, Any]] = json.loads(run("status", "--xds-address", xds, "-o", "json").stdout)
    return found
