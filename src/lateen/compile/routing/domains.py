# SPDX-License-Identifier: Apache-2.0
"""The names by which clients may call a service: the domains of its virtual host."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lateen.compile.hosts import is_ip_address


class Domains(NamedTuple):
    """The domains of a virtual host; `short` are those of them that only leave out a part of the DNS domain, which give
    way to a service that is really called so."""

    all: tuple[str, ...]
    short: frozenset[str] = frozenset()


def service_domains(
    hostnames: Iterable[str], addresses: Iterable[str], dns_domain: str, *, port: int = 0, any_pod: bool = False
) -> Domains:
    """The domains for a service.

    `hostnames`: its own host name, then those of its aliases. `dns_domain`: the client's search domain,
    `<namespace>.svc.cluster.local`. `port`: not 0 where requests for all ports meet in one table, so that each domain
    is also listed with the port. `any_pod`: headless, so that names of single pods count too.
    """
    names: list[str] = []
    short: list[str] = []
    for hostname in hostnames:
        names += _with_port((hostname, f"{hostname}."), port)
        shortened = _with_port(short_names(hostname, dns_domain), port)
        names += shortened
        short += shortened
    if any_pod:
        names += [f"*.{name}" for name in names]
    names += _with_port((bracketed(address) for address in addresses), port)
    return Domains(tuple(dict.fromkeys(names)), frozenset(short))


def short_names(hostname: str, dns_domain: str) -> tuple[str, ...]:
    """What may be left out of a Kubernetes host name: for a client in the same namespace `reviews`,
    `reviews.default.svc` and `reviews.default`, for others the last two. Other host names have no short form."""
    own_namespace, svc, rest = dns_domain.partition(".svc.")
    suffix = svc + rest
    if not svc or not hostname.endswith(suffix):
        return ()
    stem = hostname.removesuffix(suffix)
    name, dot, namespace = stem.partition(".")
    if not dot or not name:
        return ()
    if namespace == own_namespace:
        return (name, f"{stem}.svc", stem)
    return (stem, f"{stem}.svc")


def bracketed(host: str) -> str:
    """An IPv6 address in the brackets that it has in a Host header; anything else as it is."""
    return f"[{host}]" if ":" in host and is_ip_address(host) else host


def with_port(host: str, port: int) -> str:
    """`host:port`, IPv6 addresses in brackets."""
    return f"{bracketed(host)}:{port}"


def _with_port(names: Iterable[str], port: int) -> list[str]:
    if not port:
        return list(names)
    return [form for name in names for form in (name, f"{name}:{port}")]
