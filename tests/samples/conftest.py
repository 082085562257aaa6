# SPDX-License-Identifier: Apache-2.0
"""The applications as processes on loopback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from lateen.samples.children import Children
from tests.samples.internet import Internet

Start = Callable[..., str]
"""Module below lateen.samples, arguments, `environment` -> its address (host:port)."""
Online = Callable[[dict[str, tuple[int, object]]], Internet]


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    with Children(tmp_path) as children:
        yield children


@pytest.fixture
def start(children: Children) -> Start:
    numbers = iter(range(100))

    def run(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        name = f"{module}-{next(numbers)}"
        command = [sys.executable, "-m", f"lateen.samples.{module}", *arguments, "--host", "127.0.0.1", "--port", "0"]
        children.start(name, command, environment)
        return children.wait_for(name, r"listening on (127\.0\.0\.1:\d+)")[1]

    return run


@pytest.fixture
def online() -> Iterator[Online]:
    started: list[Internet] = []

    def begin(answers: dict[str, tuple[int, object]]) -> Internet:
        started.append(Internet(answers))
        return started[-1]

    yield begin
    for each in started:
        each.close()
