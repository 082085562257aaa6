# SPDX-License-Identifier: Apache-2.0
"""Child processes of a demonstration: started with their output in a file, waited for by what they print, ended."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path


class ChildError(RuntimeError):
    """A child process ended early, or did not get ready in time; the message holds the end of its output."""


class Children:
    """Processes that end together. Use as a context manager; the last one started is ended first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start `command`; its output goes to the log called `name`."""
        with self.log(name).open("wb") as log:
            process = subprocess.Popen(
                command,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._running.append((name, process))

    def log(self, name: str) -> Path:
        """The file with everything that the process printed."""
        return self._folder / f"{name}.log"

    def wait_for(self, name: str, pattern: str, patience: float = 30) -> re.Match[str]:
        """Wait until the process has printed something that matches `pattern`.

        Raises ChildError when it ended before, or after `patience` seconds.
        """
        end = time.monotonic() + patience
        while True:
            text = self.log(name).read_text(errors="replace")
            if found := re.search(pattern, text):
                return found
            process = dict(self._running)[name]
            if process.poll() is not None or time.monotonic() > end:
                why = "ended" if process.poll() is not None else f"was not ready after {patience:g} s"
                raise ChildError(f"{name} {why}; it said:\n{text[-2000:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End all of them, gently, and wait until they are gone."""
        for name, process in reversed(self._running):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                print(f"{name} had to be killed")
        self._running.clear()


def lines_of(path: Path, since: int = 0) -> Iterator[str]:
    """The lines of a log from byte `since` on."""
    with path.open("rb") as log:
        log.seek(since)
        yield from (line.decode(errors="replace").rstrip("\n") for line in log)
