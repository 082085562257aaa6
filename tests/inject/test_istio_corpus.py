# SPDX-License-Identifier: Apache-2.0
"""Istio's own injection tests give the same pods."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conformance.inject import inject


def test_corpus(shared: Path) -> None:
    report = inject(json.loads((shared / "corpora" / "inject.json").read_text()))
    assert report.misses == []
    assert 3 * sum(report.skipped.values()) <= report.rows
