# SPDX-License-Identifier: Apache-2.0
"""Host names as Istio's objects write them: short names, wildcards, which covers which, which is the more specific."""

from __future__ import annotations

import ipaddress


def is_ip_address(text: str) -> bool:
    """Whether `text` is an IPv4 or IPv6 address (no port, no prefix length, no zone)."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def resolve_short_name(host: str, namespace: str, domain: str) -> str:
    """`host` fully qualified: a name without a dot belongs to `namespace` of the cluster's DNS `domain`.

    Names with a dot, addresses, the empty name and `*` stay as they are: `web.other` is literal.
    """
    if not host or host == "*" or "." in host or is_ip_address(host):
        return host
    return f"{host}.{namespace}.svc.{domain}"


def is_wildcard(host: str) -> bool:
    """Whether `host` begins with `*`."""
    return host.startswith("*")


def subset_of(host: str, other: str) -> bool:
    """Whether everything that `host` stands for is also covered by `other`."""
    if is_wildcard(host):
        if not is_wildcard(other):
            return False
        return len(host) >= len(other) and host[1:].endswith(other[1:])
    if is_wildcard(other):
        return host.endswith(other[1:])
    return host == other


def matches(host: str, other: str) -> bool:
    """Whether one of the two covers the other."""
    return subset_of(host, other) or subset_of(other, host)


def specificity(host: str) -> tuple[bool, int, str]:
    """A sort key: exact names before wildcards, longer wildcards before shorter ones, then by the alphabet."""
    return (is_wildcard(host), -len(host), host)


def covering_wildcards(host: str) -> tuple[str, ...]:
    """Every wildcard that could cover `host`, the most specific first, `*` last.

    A wildcard of the API may end a label only (`*.example.com`), so these are the keys under which to look for one.
    """
    name = host[1:].lstrip(".") if is_wildcard(host) else host
    labels = name.split(".")
    first = 0 if is_wildcard(host) and host != "*" else 1
    return (*("*." + ".".join(labels[at:]) for at in range(first, len(labels))), "*")
