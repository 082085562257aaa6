# SPDX-License-Identifier: Apache-2.0
"""Documents and a MeshConfig as texts into a State."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import yaml

from lateen.model.mesh_config import MeshConfig
from lateen.parse import documents as parse
from lateen.state.state import State

_UNITS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def load(documents: str, mesh_config: str | None) -> State:
    """A state with all sound `documents` in it. The mesh logs to stdout unless `mesh_config` says otherwise."""
    state = State()
    overlay = {"accessLogFile": "/dev/stdout", **(yaml.safe_load(mesh_config or "") or {})}
    state.set_mesh_config(msgspec.convert(_durations(overlay), MeshConfig, strict=False))
    state.apply((found.object.ref, found.object) for found in parse(documents, "documents.yaml").objects)
    return state


def _durations(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _durations(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_durations(v) for v in value]
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", value)):
        return int(float(found[1]) * _UNITS[found[2]])
    return value
