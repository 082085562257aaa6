# SPDX-License-Identifier: Apache-2.0
"""`Imports`: the `hosts` of one egress listener of a Sidecar, ready to be asked."""

from __future__ import annotations

import msgspec

from lateen.model.host import is_wildcard, matches, subset_of

ANY = "*"
"""The namespace of `*/host`."""


class Hosts(msgspec.Struct, frozen=True):
    """The host patterns that a listener names for one namespace."""

    exact: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    """All of them, exact ones included, as written."""

    def cover(self, host: str) -> bool:
        """Whether a service of that host name is meant."""
        if host in self.exact:
            return True
        wildcard = is_wildcard(host)
        return any(subset_of(host, p) for p in self.patterns if wildcard or is_wildcard(p))

    def meet(self, host: str) -> bool:
        """Whether a virtual service of that host name is meant: there `*.com` and `a.com` meet either way round."""
        if host in self.exact:
            return True
        wildcard = is_wildcard(host)
        return any(matches(host, p) for p in self.patterns if wildcard or is_wildcard(p))


class Imports(msgspec.Struct, frozen=True):
    """Which services and virtual services a listener brings in."""

    included: dict[str, Hosts]
    """namespace -> hosts; `*` for any namespace."""
    excluded: dict[str, Hosts]
    """The same for entries with `~` before the namespace."""
    everything: bool = False
    """Only `*/*`: nothing needs to be asked."""

    @property
    def owners(self) -> tuple[str, ...] | None:
        """The namespaces from which anything can come in; None for all."""
        return None if ANY in self.included else tuple(sorted(self.included))

    def service(self, namespace: str, host: str) -> bool:
        """Whether the service `host` of `namespace` comes in."""
        if self.everything:
            return True
        return self._any(self.included, namespace, host, Hosts.cover) and not self._any(
            self.excluded, namespace, host, Hosts.cover
        )

    def virtual_service(self, namespace: str, hosts: tuple[str, ...]) -> bool:
        """Whether a virtual service of `namespace` with these hosts comes in: one host of it suffices."""
        if self.everything:
            return True
        return any(
            self._any(self.included, namespace, host, Hosts.meet)
            and not self._any(self.excluded, namespace, host, Hosts.cover)
            for host in hosts
        )

    @staticmethod
    def _any(of: dict[str, Hosts], namespace: str, host: str, ask: object) -> bool:
        for key in (namespace, ANY):
            hosts = of.get(key)
            if hosts is not None and ask(hosts, host):  # type: ignore[operator]
                return True
        return False


def parse_imports(hosts: tuple[str, ...], namespace: str) -> Imports:
    """The meaning of `hosts` (entries `namespace/name`) for a proxy in `namespace`.

    The namespace is a name, `.` for the proxy's own, `*` for any; `~` alone imports nothing, `~` before a namespace
    takes out again what other entries bring in. Entries without exactly one slash are ignored, as Istio does.
    """
    included: dict[str, list[str]] = {}
    excluded: dict[str, list[str]] = {}
    for entry in hosts:
        owner, slash, name = entry.partition("/")
        if not slash or "/" in name:
            continue
        into = included
        if owner.startswith("~"):
            into, owner = excluded, owner[1:] or ANY
            if owner == ANY and name == ANY:
                continue
        into.setdefault(namespace if owner == "." else owner, []).append(name)
    return Imports(
        included={ns: _hosts(names) for ns, names in included.items()},
        excluded={ns: _hosts(names) for ns, names in excluded.items()},
        everything=not excluded and ANY in included.get(ANY, ()),
    )


def _hosts(names: list[str]) -> Hosts:
    return Hosts(frozenset(n for n in names if not is_wildcard(n)), tuple(sorted(set(names))))
