# SPDX-License-Identifier: Apache-2.0
"""Every golden case gives what its folder holds, and a real Envoy takes all of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lateen.compile.proxy import snapshot
from tests.envoy_validation import refusal
from tests.golden.cases import Case, cases, orphans
from tests.golden.messages import clusters, listeners, table_listeners

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case_gives_what_is_kept(case: Case, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        case.update()
    outputs, kept = case.outputs(), case.kept()
    assert outputs.keys() == kept.keys(), "files come and go with `pytest tests/golden --update-golden`"
    for name, text in outputs.items():
        assert text == kept[name], f"{case}/{name} differs; if it should, run `pytest tests/golden --update-golden`"


def test_every_folder_is_a_case(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        for folder in orphans():
            shutil.rmtree(folder)
    assert not orphans()


def test_envoy_takes_every_output(tmp_path: Path) -> None:
    everything = {str(case): _messages(case) for case in CASES}
    joined = [message for ours, _ in everything.values() for message in ours]
    if not refusal(tmp_path, joined, [message for _, theirs in everything.values() for message in theirs]):
        return
    refused = {name: said for name, (ours, theirs) in everything.items() if (said := refusal(tmp_path, ours, theirs))}
    pytest.fail(f"Envoy refuses: {refused}")


def _messages(case: Case) -> tuple[list[object], list[object]]:
    """The case's listeners, its route tables as listeners of their own, and its clusters."""
    state, _ = case.state()
    snapshots = [snapshot(state.db, workload) for workload in case.workloads.values()]
    return (
        [message for found in snapshots for message in (*listeners(found), *table_listeners(found))],
        [message for found in snapshots for message in clusters(found)],
    )
