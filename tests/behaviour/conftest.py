# SPDX-License-Identifier: Apache-2.0
"""Fixtures of behaviour tests."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mesh_namespaces import mesh, start_mesh

__all__ = ["mesh", "sockets", "start_mesh"]


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder for Unix sockets; their paths must be shorter than those of pytest's folders."""
    folder = Path(tempfile.mkdtemp(prefix="sock-"))
    yield folder
    shutil.rmtree(folder)
