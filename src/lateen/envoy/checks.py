# SPDX-License-Identifier: Apache-2.0
"""Demands that Envoy makes of messages in code, beyond what their descriptors say; by the message's full name."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import re2

from lateen.envoy.format_command import format_error

_QUIET = re2.Options()
_QUIET.log_errors = False


LARGEST_REGEX = 32768
"""The largest program of an RE2 expression that our proxies accept: `node/bootstrap.py` sets Envoy's runtime
re2.max_program_size.error_level to it, as Istio does."""


@lru_cache(maxsize=4096)
def regex_error(pattern: str) -> str | None:
    """Why RE2, as Envoy uses it, does not accept `pattern`; None if it does."""
    try:
        size = re2.compile(pattern, _QUIET).programsize
    except re2.error as error:
        said = error.args[0] if error.args else error
        reason = said.decode(errors="replace") if isinstance(said, bytes) else said
        return f"the regular expression {pattern!r} is invalid: {reason}"
    return f"the regular expression is too large ({size}, at most {LARGEST_REGEX})" if size > LARGEST_REGEX else None


def _regex(matcher: Any) -> str | None:
    return regex_error(matcher.regex) if matcher.regex else None


def _weights(weighted: Any) -> str | None:
    total = sum(cluster.weight.value for cluster in weighted.clusters)
    if weighted.clusters and not 0 < total <= 0xFFFFFFFF:
        return f"the sum of the weights is {total}"
    return None


def _header(header: Any) -> str | None:
    if header.key.startswith(":") or header.key.lower() == "host":
        return f"the header {header.key} cannot be changed"
    return format_error(header.value)


_LONGEST = (2**63 - 1) // 10**9 - 1
"""Seconds of the longest duration that Envoy counts in nanoseconds."""


def _duration(duration: Any) -> str | None:
    if duration.seconds < 0 or duration.nanos < 0:
        return "a negative duration"
    return f"longer than {_LONGEST}s" if duration.seconds > _LONGEST else None


CHECKS: Final[dict[str, Callable[[Any], str | None]]] = {
    "google.protobuf.Duration": _duration,
    "envoy.type.matcher.v3.RegexMatcher": _regex,
    "envoy.config.route.v3.WeightedCluster": _weights,
    "envoy.config.core.v3.HeaderValueOption": lambda option: _header(option.header),
}
"""What is wrong with a message of a type, None if nothing is."""
