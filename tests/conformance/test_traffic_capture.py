# SPDX-License-Identifier: Apache-2.0
"""The rules of redirection agree with Istio's recorded ones, and the comparison finds a rule that is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lateen.node import redirection
from tests.conformance import traffic_capture


@pytest.fixture
def corpus(shared: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((shared / "corpora" / "traffic_capture.json").read_text())
    return found


def test_every_packet_meets_the_same_verdict(corpus: dict[str, object]) -> None:
    report = traffic_capture.traffic_capture(corpus)
    assert report.misses == []
    assert report.passed >= 48


def test_a_missing_rule_is_noticed(corpus: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic_capture, "rules_of", lambda capture: redirection.rules_of(capture)[:-1])
    assert traffic_capture.traffic_capture(corpus).misses
