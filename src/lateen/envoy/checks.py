# SPDX-License-Identifier: Apache-2.0
"""Demands that Envoy makes of messages in code, beyond what their descriptors say; by the message's full name."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import re2

_QUIET = re2.Options()
_QUIET.log_errors = False
_GROUP = re.compile(r"\\(.)")


@lru_cache(maxsize=4096)
def regex_error(pattern: str) -> str | None:
    """Why RE2, which Envoy uses, does not accept `pattern`; None if it does."""
    try:
        re2.compile(pattern, _QUIET)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        return (
            f"the regular expression {pattern!r} is invalid: {reason.decode() if isinstance(reason, bytes) else reason}"
        )
    return None


def substitution_error(pattern: str, substitution: str) -> str | None:
    """Why RE2 does not accept `substitution` for matches of a valid `pattern`: it may name \\0 to \\9, as far as there
    are groups, and \\\\."""
    groups = re2.compile(pattern, _QUIET).groups
    for named in _GROUP.findall(substitution + "\\$" if substitution.endswith("\\") else substitution):
        if named == "\\":
            continue
        if not named.isdecimal():
            return f"\\{named} means nothing in the substitution {substitution!r}"
        if int(named) > groups:
            return f"the substitution {substitution!r} names group {named}, the expression has {groups}"
    return None


def _regex(matcher: Any) -> str | None:
    return regex_error(matcher.regex) if matcher.regex else None


def _rewrite(rewrite: Any) -> str | None:
    pattern = rewrite.pattern.regex
    return substitution_error(pattern, rewrite.substitution) if pattern and regex_error(pattern) is None else None


def _weights(weighted: Any) -> str | None:
    total = sum(cluster.weight.value for cluster in weighted.clusters)
    if weighted.clusters and not 0 < total <= 0xFFFFFFFF:
        return f"the sum of the weights is {total}"
    return None


def _header(header: Any) -> str | None:
    if header.key.startswith(":") or header.key.lower() == "host":
        return f"the header {header.key} cannot be changed"
    return _format(header.value)


_COMMAND = re.compile(r"%(?:%|[A-Z][A-Z0-9_]*(?:\([^%]*\))?(?::\d+)?%)")


def _format(text: str) -> str | None:
    rest = _COMMAND.sub("", text)
    return f"% begins no command in {text!r} (a single % is written %%)" if "%" in rest else None


CHECKS: Final[dict[str, Callable[[Any], str | None]]] = {
    "envoy.type.matcher.v3.RegexMatcher": _regex,
    "envoy.type.matcher.v3.RegexMatchAndSubstitute": _rewrite,
    "envoy.config.route.v3.WeightedCluster": _weights,
    "envoy.config.core.v3.HeaderValueOption": lambda option: _header(option.header),
}
"""What is wrong with a message of a type, None if nothing is."""
