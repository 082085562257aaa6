# SPDX-License-Identifier: Apache-2.0
"""Istio's own output, traced: the column `explain` of `../shared/reference/compare.py`, a topic at a time."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.conformance.simulator import trace_call

_TOPICS = ["external", "gateways", "routing", "security", "sidecar", "stories", "traffic-policy"]


@pytest.fixture
def compare(shared: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """compare.py as a module."""
    monkeypatch.syspath_prepend(str(shared / "reference"))
    monkeypatch.delitem(sys.modules, "compare", raising=False)
    return __import__("compare")


@pytest.mark.parametrize("topic", _TOPICS)
def test_traces_of_istio_configuration(shared: Path, compare: ModuleType, topic: str) -> None:
    base = json.loads((shared / "reference/worlds/shop.istio.json").read_text())
    rows = 0
    for case in sorted((shared / "reference" / topic).iterdir()):
        resources = compare.expected(base, json.loads((case / "istio.json").read_text()))
        for row in json.loads((case / "probes.json").read_text()):
            got = trace_call(resources.get(row["call"]["proxy"], {}), row["call"])
            assert compare.same_probe(got, row["expect"]), f"{case.name}: {row['call']}\n{row['expect']}\n{got}"
            rows += 1
    assert rows
