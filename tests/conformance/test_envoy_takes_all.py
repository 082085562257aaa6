# SPDX-License-Identifier: Apache-2.0
"""What we make of every reference case, a real Envoy takes: listeners, clusters, and route tables with their hosts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lateen.compile.proxy import snapshot
from tests.conformance.compiled import workload_of
from tests.conformance.documents import load
from tests.envoy_validation import refusal
from tests.golden.messages import clusters, listeners, table_listeners

TOPICS = ("external", "gateways", "routing", "security", "sidecar", "stories", "traffic-policy")


@pytest.mark.parametrize("topic", TOPICS)
def test_every_case_of_a_topic(shared: Path, tmp_path: Path, topic: str) -> None:
    reference = shared / "reference"
    world, proxies = (
        (reference / "worlds/shop.yaml").read_text(),
        json.loads((reference / "worlds/shop.json").read_text()),
    )
    seen: set[bytes] = set()
    made = {
        case.parent.name: _resources(world, proxies, case.parent, seen)
        for case in reference.glob(f"{topic}/*/config.yaml")
    }
    assert made
    if refusal(tmp_path, _joined(made.values(), 0), _joined(made.values(), 1)):
        refused = {name: said for name, (ours, theirs) in made.items() if (said := refusal(tmp_path, ours, theirs))}
        pytest.fail(f"Envoy refuses: {refused}")


def _resources(world: str, proxies: list[dict[str, Any]], case: Path, seen: set[bytes]) -> tuple[list[Any], list[Any]]:
    """The listeners (route tables among them) and clusters that no case before it had."""
    mesh = case / "mesh.yaml"
    text = f"{world}\n---\n{(case / 'config.yaml').read_text()}"
    state = load(text, mesh.read_text() if mesh.exists() else None)
    shots = [snapshot(state.db, workload_of(row)) for row in proxies]
    ours = _new((m for shot in shots for m in (*listeners(shot), *table_listeners(shot))), seen)
    return list(ours), list(_new((m for shot in shots for m in clusters(shot)), seen))


def _new(messages: Iterable[Any], seen: set[bytes]) -> Iterator[Any]:
    for message in messages:
        body = message.SerializeToString(deterministic=True)
        if body not in seen:
            seen.add(body)
            yield message


def _joined(parts: Iterable[tuple[list[Any], list[Any]]], place: int) -> list[Any]:
    return [message for part in parts for message in part[place]]
