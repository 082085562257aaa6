# SPDX-License-Identifier: Apache-2.0
"""The choice of a virtual host by the request's authority: exact, longest `*suffix`, longest `prefix*`, then `*`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any as Message

from lateen.explain.decision import Rejected


class VirtualHostIndex:
    """The domains of one route table, ready to be looked up. Domains are compared without case.

    Of a domain that occurs twice the first counts; Envoy refuses such a table, and `duplicates` names the domains.
    """

    def __init__(self, hosts: Iterable[Message]) -> None:
        self.hosts = tuple(hosts)
        self.exact: dict[str, int] = {}
        self.suffixes: dict[int, dict[str, int]] = {}
        self.prefixes: dict[int, dict[str, int]] = {}
        self.default: int | None = None
        self.duplicates: list[str] = []
        for i, host in enumerate(self.hosts):
            for domain in host.domains:
                self._add(domain.lower(), i)
        self._suffix_lengths = sorted(self.suffixes, reverse=True)
        self._prefix_lengths = sorted(self.prefixes, reverse=True)

    def _add(self, domain: str, host: int) -> None:
        if domain == "*":
            if self.default is not None:
                self.duplicates.append(domain)
            else:
                self.default = host
            return
        if domain.startswith("*"):
            table, key = self.suffixes.setdefault(len(domain) - 1, {}), domain[1:]
        elif domain.endswith("*"):
            table, key = self.prefixes.setdefault(len(domain) - 1, {}), domain[:-1]
        else:
            table, key = self.exact, domain
        if key in table:
            self.duplicates.append(domain)
        else:
            table[key] = host

    def find(self, authority: str) -> tuple[int, str] | None:
        """The place of the virtual host for `authority`, and its domain that matched."""
        if not self.exact and not self.suffixes and not self.prefixes:
            return None if self.default is None else (self.default, "*")
        name = authority.lower()
        if name in self.exact:
            return self.exact[name], name
        for length in self._suffix_lengths:
            # `*.a.b` stands for at least one character: it is not for `.a.b`.
            if (
                length < len(name)
                and (found := self.suffixes[length].get(name[-length:] if length else "")) is not None
            ):
                return found, "*" + name[-length:]
        for length in self._prefix_lengths:
            if length < len(name) and (found := self.prefixes[length].get(name[:length])) is not None:
                return found, name[:length] + "*"
        return None if self.default is None else (self.default, "*")

    def rejected(self, authority: str, chosen: int | None) -> tuple[Rejected, ...]:
        """Why each of the others was not it."""
        out = []
        for i, host in enumerate(self.hosts):
            if i == chosen:
                continue
            close = [d for d in host.domains if _covers(d.lower(), authority.lower())]
            reason = (
                f"{', '.join(close)} matches, but a more specific domain wins"
                if close
                else f"none of its domains ({', '.join(host.domains)}) matches {authority!r}"
            )
            out.append(Rejected(host.name, reason))
        return tuple(out)


def _covers(domain: str, name: str) -> bool:
    if domain == "*":
        return True
    if domain.startswith("*"):
        return len(name) >= len(domain) and name.endswith(domain[1:])
    if domain.endswith("*"):
        return len(name) >= len(domain) and name.startswith(domain[:-1])
    return domain == name


def port_start(authority: str) -> int | None:
    """Where `:port` begins in a Host header, minding `[::1]:80`; None if there is no port."""
    colon = authority.rfind(":")
    if colon < 0:
        return None
    bracket = authority.rfind("]")
    return colon if bracket < colon else None


def without_port(authority: str) -> str:
    """`authority` up to its port."""
    start = port_start(authority)
    return authority if start is None else authority[:start]
