# SPDX-License-Identifier: Apache-2.0
"""What a Deployment may say in `spec.strategy` (apps/v1.DeploymentStrategy)."""

from __future__ import annotations

import re
from typing import Any

import orjson

from lateen.apiserver.status import Cause, forbidden_field, invalid_value

_FIELD = "spec.strategy"
_ROLLING = f"{_FIELD}.rollingUpdate"
_PERCENT = re.compile(r"[0-9]+%")


def strategy_causes(strategy: dict[str, Any]) -> list[Cause]:
    """What is wrong with a strategy that has its defaults."""
    rolling = strategy.get("rollingUpdate")
    match strategy.get("type"):
        case "Recreate":
            if rolling is None:
                return []
            return [forbidden_field(_ROLLING, "may not be specified when strategy `type` is 'Recreate'")]
        case "RollingUpdate":
            return _rolling_causes(rolling or {})
        case _:
            # The API server prints the Go struct here.
            shown = {"Type": strategy.get("type"), "RollingUpdate": rolling}
            message = (
                f'Unsupported value: {orjson.dumps(shown).decode()}: supported values: "Recreate", "RollingUpdate"'
            )
            return [Cause("FieldValueNotSupported", message, _FIELD)]


def _rolling_causes(rolling: dict[str, Any]) -> list[Cause]:
    found: list[Cause] = []
    for name in ("maxUnavailable", "maxSurge"):
        value = rolling.get(name, 0)
        if isinstance(value, str) and not _PERCENT.fullmatch(value):
            text = "a valid percent string must be a numeric string followed by an ending '%'"
            text += " (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
            found.append(invalid_value(f"{_ROLLING}.{name}", value, text))
        elif isinstance(value, int) and value < 0:
            found.append(invalid_value(f"{_ROLLING}.{name}", value, "must be greater than or equal to 0"))
    unavailable = rolling.get("maxUnavailable", 0)
    field = f"{_ROLLING}.maxUnavailable"
    if _number(unavailable) == 0 and _number(rolling.get("maxSurge", 0)) == 0:
        found.append(invalid_value(field, unavailable, "may not be 0 when `maxSurge` is 0"))
    if isinstance(unavailable, str) and _number(unavailable) > 100:
        found.append(invalid_value(field, unavailable, "must not be greater than 100%"))
    return found


def _number(value: int | str) -> int:
    """The count or the percentage; 0 for a text that is neither."""
    if isinstance(value, int):
        return value
    return int(value[:-1]) if _PERCENT.fullmatch(value) else 0
