# SPDX-License-Identifier: Apache-2.0
"""Documents and a MeshConfig as texts into a State."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from lateen.model.resource import Resource
from lateen.parse import objects
from lateen.parse.mesh import mesh_config as parse_mesh_config
from lateen.parse.text import yaml_document
from lateen.state.state import State


def load(documents: str, mesh_config: str | None) -> State:
    """A state with all `documents` in it. The mesh logs to stdout unless `mesh_config` says otherwise."""
    state = State()
    text = mesh_config or ""
    settings, _ = parse_mesh_config(text, "mesh.yaml")
    if "accessLogFile" not in text:
        settings = msgspec.structs.replace(settings, access_log_file="/dev/stdout")
    state.set_mesh_config(settings)
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
