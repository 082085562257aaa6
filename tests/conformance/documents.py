# SPDX-License-Identifier: Apache-2.0
"""Documents and a MeshConfig as texts into a State."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from lateen.model.mesh_config import MeshConfig
from lateen.model.resource import Resource
from lateen.parse import objects
from lateen.parse.text import yaml_document
from lateen.state.state import State

_UNITS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def load(documents: str, mesh_config: str | None) -> State:
    """A state with all `documents` in it. The mesh logs to stdout unless `mesh_config` says otherwise."""
    state = State()
    overlay = {"accessLogFile": "/dev/stdout", **(yaml.safe_load(mesh_config or "") or {})}
    state.set_mesh_config(msgspec.convert(_durations(overlay), MeshConfig, strict=False))
    state.apply((found.ref, found) for found in _objects(documents))
    return state


def _objects(documents: str) -> Iterator[Resource]:
    """The objects, those that Istio's webhook would refuse as well: the reference was recorded behind it."""
    for chunk in yaml_document.split(documents):
        for node in yaml_document.compose(chunk.text)[0]:
            data, _ = yaml_document.construct(node)
            found = objects.read(data, "default", loose=True)[0] if data is not None else None
            if found is not None:
                yield found


def _durations(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _durations(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_durations(v) for v in value]
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", value)):
        return int(float(found[1]) * _UNITS[found[2]])
    return value
