# SPDX-License-Identifier: Apache-2.0
"""`Cluster`: everything the verbs work on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from lateen.apiserver.allocation import ServiceAddresses
from lateen.apiserver.operations.call import Call
from lateen.apiserver.registry.catalogue import Catalogue
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.store.memory import Store
from lateen.apiserver.watch import Hub


class Admit(Protocol):
    """A step every write of an object goes through, after defaults and before validation.

    It may change `new`, add to `call.warnings` or raise ApiError; `old` is None on creation, `new` on deletion.
    """

    def __call__(self, cluster: Cluster, call: Call, new: Document | None, old: Document | None) -> None: ...


@dataclass(slots=True)
class Cluster:
    store: Store
    hub: Hub
    catalogue: Catalogue
    now: Callable[[], datetime]
    new_uid: Callable[[], str]
    new_suffix: Callable[[], str]
    """Five random letters for `generateName`."""
    addresses: ServiceAddresses
    admission: list[Admit] = field(default_factory=list)
    reviewers: list[Admit] = field(default_factory=list)
    """Steps after validation, which see an object as it would be stored."""
