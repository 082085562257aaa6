# SPDX-License-Identifier: Apache-2.0
"""`metadata.managedFields`: who wrote which field, kept up on every write."""

from __future__ import annotations

from datetime import datetime

from lateen.apiserver.operations.call import Call
from lateen.apiserver.registry.kind import Document


def record_update(call: Call, now: datetime, new: Document, old: Document | None) -> None:
    """Note in `new` what this write changed; `old` is None on creation."""
