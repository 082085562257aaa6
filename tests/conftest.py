# SPDX-License-Identifier: Apache-2.0
"""Fixtures every kind of test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.envoy_process import start_envoy

__all__ = ["shared", "start_envoy"]

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of our own."""
    parser.addoption("--update-golden", action="store_true", help="write what the golden cases give, delete orphans")
    parser.addoption("--truth-seeds", type=int, default=6, help="how many configurations the truth test tries")
    parser.addoption("--truth-first", type=int, default=0, help="the seed of the first of them")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material beside the project; a user's clone has none, and the test is then skipped."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared (reference material beside the project), which is not here")
    return folder
