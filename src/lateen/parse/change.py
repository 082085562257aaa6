# SPDX-License-Identifier: Apache-2.0
"""`Change`: what a source of documents tells."""

from __future__ import annotations

from typing import NamedTuple

from lateen.model.ref import Ref
from lateen.parse.document import Parsed


class Change(NamedTuple):
    """One object is now this, or gone (`parsed` is None)."""

    ref: Ref
    parsed: Parsed | None
