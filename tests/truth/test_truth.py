# SPDX-License-Identifier: Apache-2.0
"""What `explain` predicts is what real Envoys do.

More seeds than the usual ones: `pytest tests/truth --truth-seeds 100`.
"""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from tests.truth.configuration import configuration
from tests.truth.observation import observe
from tests.truth.outcome import Outcome, agrees
from tests.truth.prediction import Prediction
from tests.truth.question import Question
from tests.truth.questions import question
from tests.truth.world import World, world

QUESTIONS = 60
"""For each configuration."""
_AT_ONCE = 6


async def test_predictions_come_true(pytestconfig: pytest.Config) -> None:
    count: int = pytestconfig.getoption("--truth-seeds")
    first: int = pytestconfig.getoption("--truth-first")
    wrong: list[str] = []
    async with world() as pods:
        addresses = {name: pod.address for name, pod in pods.pods.items()}
        for seed in range(first, first + count):
            random = Random(seed)
            await pods.configure(configuration(random, addresses))
            asked = [question(random, addresses) for _ in range(QUESTIONS)]
            wrong += [f"seed {seed}: {problem}" for problem in await _wrong(pods, asked)]
    assert not wrong, f"{len(wrong)} of {count * QUESTIONS}:\n" + "\n".join(wrong)


async def _wrong(pods: World, asked: list[Question]) -> list[str]:
    prediction = Prediction(pods)
    expected = [prediction.outcomes(one) for one in asked]
    turn = asyncio.Semaphore(_AT_ONCE)

    async def ask(one: Question) -> Outcome:
        async with turn:
            return await observe(pods, one)

    seen = await asyncio.gather(*map(ask, asked))
    return [
        f"{one}\n    predicted {predicted}\n    observed {observed}"
        for one, predicted, observed in zip(asked, expected, seen, strict=True)
        if not any(agrees(p, observed) for p in predicted)
    ]
