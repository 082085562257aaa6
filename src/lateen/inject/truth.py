# SPDX-License-Identifier: Apache-2.0
"""Yes and no in annotations, as Go's strconv.ParseBool reads them."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


def parse_bool(text: str) -> bool | None:
    """Yes, no, or None for another word."""
    return _WORDS.get(text)
