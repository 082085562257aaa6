# SPDX-License-Identifier: Apache-2.0
"""`spec.strategy` of Deployments, in the words of the real API server (1.36)."""

from __future__ import annotations

from typing import Any

import pytest

from lateen.apiserver.strategy.deployment_strategy import strategy_causes

PERCENT = "a valid percent string must be a numeric string followed by an ending '%'"
HELP = "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
ROLLING = "spec.strategy.rollingUpdate"


def rolling(**values: Any) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%", **values}}


@pytest.mark.parametrize(
    ("strategy", "field", "message"),
    [
        (
            {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}},
            ROLLING,
            "Forbidden: may not be specified when strategy `type` is 'Recreate'",
        ),
        (
            rolling(maxSurge="0%", maxUnavailable=0),
            f"{ROLLING}.maxUnavailable",
            "Invalid value: 0: may not be 0 when `maxSurge` is 0",
        ),
        (
            rolling(maxUnavailable="150%"),
            f"{ROLLING}.maxUnavailable",
            'Invalid value: "150%": must not be greater than 100%',
        ),
        (rolling(maxSurge=-1), f"{ROLLING}.maxSurge", "Invalid value: -1: must be greater than or equal to 0"),
        (rolling(maxSurge="x"), f"{ROLLING}.maxSurge", f'Invalid value: "x": {PERCENT} {HELP}'),
        (
            {"type": "Rolling"},
            "spec.strategy",
            'Unsupported value: {"Type":"Rolling","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
        ),
    ],
)
def test_refused(strategy: dict[str, Any], field: str, message: str) -> None:
    assert [(cause.field, cause.message) for cause in strategy_causes(strategy)] == [(field, message)]


@pytest.mark.parametrize("strategy", [{"type": "Recreate"}, rolling(), rolling(maxSurge=0), rolling(maxUnavailable=0)])
def test_accepted(strategy: dict[str, Any]) -> None:
    assert strategy_causes(strategy) == []
