# SPDX-License-Identifier: Apache-2.0
"""The reference configurations, mixed and edited at random: no history shows in the outcome, and no query fails."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from lateen.compile.proxy import snapshot
from lateen.model.resource import Resource
from lateen.parse import documents
from lateen.state.state import State
from tests.compile.world import compiled, contents, failures, state_of
from tests.conformance.compiled import workload_of


def _objects(path: Path) -> list[Resource]:
    return [found.object for found in documents(path.read_text(), path.name).objects]


@pytest.mark.parametrize("seed", range(6))
def test_mixed_configurations(shared: Path, seed: int) -> None:
    chance = random.Random(seed)
    world = _objects(shared / "reference/worlds/shop.yaml")
    proxies = [workload_of(row) for row in json.loads((shared / "reference/worlds/shop.json").read_text())]
    cases = sorted((shared / "reference").glob("*/*/config.yaml"))
    held = {one.ref: one for one in world}
    state = state_of(world)
    for proxy in proxies:
        state.db.pin(snapshot, proxy)
    for _ in range(3):
        for path in chance.sample(cases, 8):
            for one in chance.sample(found := _objects(path), len(found)):
                state.apply([(one.ref, one)])
                held[one.ref] = one
        for ref in chance.sample(sorted(held), len(held) // 4):
            state.apply([(ref, None)])
            del held[ref]
        state.db.refresh()
        clean = _shuffled(list(held.values()), chance)
        for proxy in proxies:
            assert contents(snapshot(state.db, proxy)) == compiled(clean, proxy), proxy.name
        assert failures(state) == []


def _shuffled(found: list[Resource], chance: random.Random) -> State:
    chance.shuffle(found)
    return state_of(found)
