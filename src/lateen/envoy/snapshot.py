# SPDX-License-Identifier: Apache-2.0
"""`Snapshot`: everything one proxy should hold, as references to tables that many proxies share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from lateen.envoy.blob import Blob
from lateen.incremental.table import Table

Layer: TypeAlias = Table[str, Blob]
"""Resources by name. A name occurs in one layer of a snapshot only."""


class Snapshot(NamedTuple):
    """The resources of one proxy by type; each type is a few layers, most of them shared with other proxies.

    `virtual_hosts` maps a route table's name to the layers of its virtual hosts, keyed by resource name
    (`<table>/<virtual host>`, the form in which Envoy removes them again). A table listed there with no hosts still
    gets an answer.
    """

    clusters: tuple[Layer, ...]
    endpoints: tuple[Layer, ...]
    listeners: tuple[Layer, ...]
    routes: tuple[Layer, ...]
    virtual_hosts: Mapping[str, tuple[Layer, ...]]
