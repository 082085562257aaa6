# SPDX-License-Identifier: Apache-2.0
"""Documents and a MeshConfig as texts into a State."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import yaml

from lateen.model.kinds import CORE_KINDS, ISTIO_KINDS
from lateen.model.mesh_config import MeshConfig
from lateen.state.state import State

_CLASSES = {cls.TYPE.kind: cls for cls in (*CORE_KINDS, *ISTIO_KINDS)}
_UNITS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def load(documents: str, mesh_config: str | None) -> State:
    """A state with all `documents` in it. The mesh logs to stdout unless `mesh_config` says otherwise."""
    state = State()
    overlay = {"accessLogFile": "/dev/stdout", **(yaml.safe_load(mesh_config or "") or {})}
    state.set_mesh_config(msgspec.convert(_durations(overlay), MeshConfig, strict=False))
    changes = []
    for document in yaml.load_all(documents, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        cls = _CLASSES.get((document or {}).get("kind", ""))
        if cls is not None:
            document = {k: (v if k == "metadata" else _durations(v)) for k, v in document.items()}
            document["apiVersion"] = cls.TYPE.api_version
            if "metadata" in document and cls.TYPE.namespaced:
                document["metadata"].setdefault("namespace", "default")
            meta = document["metadata"]
            if not isinstance(meta.get("creationTimestamp", ""), str):
                meta["creationTimestamp"] = meta["creationTimestamp"].strftime("%Y-%m-%dT%H:%M:%SZ")
            resource = msgspec.convert(document, cls, strict=False)
            changes.append((resource.ref, resource))
    state.apply(changes)
    return state


def _durations(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _durations(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_durations(v) for v in value]
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", value)):
        return int(float(found[1]) * _UNITS[found[2]])
    return value
