# SPDX-License-Identifier: Apache-2.0
"""What `explain` predicts is what real Envoys do, and they take every configuration.

More of them: `pytest tests/truth --truth-seeds 100`; the one that failed: `--truth-first SEED --truth-seeds 1`.
"""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from tests.truth.configuration import configuration
from tests.truth.observation import observe
from tests.truth.outcome import Outcome, ServedBytes, ServedHttp, agrees
from tests.truth.prediction import Prediction
from tests.truth.question import Question
from tests.truth.questions import question
from tests.truth.world import World, world

QUESTIONS = 60
"""For each configuration."""
_AT_ONCE = 6
SETTINGS = {
    "default": None,
    "strict": "outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n"
    "enableAutoMtls: false\n"
    "pathNormalization: {normalization: DECODE_AND_MERGE_SLASHES}\n",
    "looked-up": "outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}\n"
    "pathNormalization: {normalization: MERGE_SLASHES}\n"
    "meshMTLS: {minProtocolVersion: TLSV1_3}\n",
}
"""MeshConfigs."""


@pytest.mark.parametrize("settings", SETTINGS)
async def test_predictions_come_true(settings: str, pytestconfig: pytest.Config) -> None:
    count: int = pytestconfig.getoption("--truth-seeds")
    first: int = pytestconfig.getoption("--truth-first")
    wrong: list[str] = []
    served = 0
    async with world(SETTINGS[settings]) as pods:
        addresses = {name: pod.address for name, pod in pods.pods.items()}
        for seed in range(first, first + count):
            random = Random(f"{settings} {seed}")
            await pods.configure(configuration(random, addresses))
            asked = [question(random, addresses) for _ in range(QUESTIONS)]
            expected, seen = await _answers(pods, asked)
            served += sum(isinstance(one, ServedHttp | ServedBytes) for one in seen)
            wrong += [
                f"seed {seed}: {one}\n    predicted {predicted}\n    observed {observed}"
                for one, predicted, observed in zip(asked, expected, seen, strict=True)
                if not any(agrees(p, observed) for p in predicted)
            ]
    assert not wrong, f"{len(wrong)} of {count * QUESTIONS}:\n" + "\n".join(wrong)
    assert served > count * QUESTIONS // 10, "hardly anything reached an application, so little was tried"


async def _answers(pods: World, asked: list[Question]) -> tuple[list[list[Outcome]], list[Outcome]]:
    """What may happen by `explain`, and what happened."""
    prediction = Prediction(pods)
    expected = [prediction.outcomes(one) for one in asked]
    turn = asyncio.Semaphore(_AT_ONCE)

    async def ask(one: Question) -> Outcome:
        async with turn:
            return await observe(pods, one)

    return expected, await asyncio.gather(*map(ask, asked))
