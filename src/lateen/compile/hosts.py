# SPDX-License-Identifier: Apache-2.0
"""Host names for the compiler: see `lateen.model.host`, which the validation shares."""

from lateen.model.host import (
    covering_wildcards,
    is_ip_address,
    is_wildcard,
    matches,
    resolve_short_name,
    specificity,
    subset_of,
)

__all__ = [
    "covering_wildcards",
    "is_ip_address",
    "is_wildcard",
    "matches",
    "resolve_short_name",
    "specificity",
    "subset_of",
]
