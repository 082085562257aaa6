# SPDX-License-Identifier: Apache-2.0
"""The names of a cluster: services, their endpoints and their ports. Pure.

https://github.com/kubernetes/dns/blob/master/docs/specification.md
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

TTL = 5
"""Seconds that answers may be kept."""


class Answer(msgspec.Struct, frozen=True):
    """What a name stands for. `known`: the name exists (perhaps without a record of the type that was asked for)."""

    known: bool = False
    addresses: tuple[str, ...] = ()
    alias: str = ""
    """CNAME."""
    targets: tuple[tuple[int, str, str], ...] = ()
    """SRV: port, name, address."""


class Names:
    """All names of the cluster, made from its Services, their EndpointSlices and other hosts (name -> addresses)."""

    def __init__(
        self,
        domain: str,
        services: Iterable[Mapping[str, Any]],
        slices: Iterable[Mapping[str, Any]],
        others: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.domain = domain
        self._services = {(s["metadata"]["namespace"], s["metadata"]["name"]): s for s in services}
        self._slices: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for body in slices:
            name = (body["metadata"].get("labels") or {}).get("kubernetes.io/service-name", "")
            self._slices.setdefault((body["metadata"]["namespace"], name), []).append(body)
        self._others = dict(others or {})

    def is_ours(self, name: str) -> bool:
        """Whether nobody else can know the name."""
        return name == self.domain or name.endswith("." + self.domain)

    def find(self, name: str) -> Answer:
        """`name` in small letters, without the dot at its end."""
        if name in self._others:
            return Answer(known=True, addresses=self._others[name])
        if not name.endswith("." + self.domain):
            return Answer(known=name == self.domain)
        parts = name[: -len(self.domain) - 1].split(".")
        if parts[-1] == "pod" and len(parts) == 3:
            return _pod(parts[0])
        if parts[-1] != "svc":
            return Answer()
        *more, namespace, _ = parts
        if not more:
            return Answer(known=any(key[0] == namespace for key in self._services))
        key = (namespace, more[-1])
        service = self._services.get(key)
        if service is None:
            return Answer()
        match more:
            case [_]:
                return self._service(key, service)
            case [hostname, _]:
                addresses = tuple(a for a, names in self._endpoints(key, service) if hostname in names)
                return Answer(known=bool(addresses), addresses=addresses)
            case [port, protocol, _] if port.startswith("_") and protocol.startswith("_"):
                return self._ports(key, service, port[1:], protocol[1:].upper())
        return Answer()

    def _service(self, key: tuple[str, str], service: Mapping[str, Any]) -> Answer:
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            return Answer(known=True, alias=spec["externalName"].rstrip("."))
        if _is_headless(spec):
            return Answer(known=True, addresses=tuple(a for a, _ in self._endpoints(key, service)))
        return Answer(known=True, addresses=(spec["clusterIP"],) if spec.get("clusterIP") else ())

    def _ports(self, key: tuple[str, str], service: Mapping[str, Any], name: str, protocol: str) -> Answer:
        full = f"{key[1]}.{key[0]}.svc.{self.domain}"
        spec = service["spec"]
        found = []
        for port in spec.get("ports") or ():
            if port.get("name") != name or port.get("protocol", "TCP") != protocol:
                continue
            if not _is_headless(spec):
                found.append((port["port"], full, spec["clusterIP"]))
                continue
            for address, names in self._endpoints(key, service):
                found.append((self._target(key, name, port["port"]), f"{names[0]}.{full}", address))
        return Answer(known=bool(found), targets=tuple(found))

    def _target(self, key: tuple[str, str], name: str, default: int) -> int:
        for body in self._slices.get(key, ()):
            for port in body.get("ports") or ():
                if port.get("name", "") == name and port.get("port"):
                    return int(port["port"])
        return default

    def _endpoints(self, key: tuple[str, str], service: Mapping[str, Any]) -> Iterable[tuple[str, list[str]]]:
        """Address and host names of each endpoint that counts."""
        unready = service["spec"].get("publishNotReadyAddresses")
        for body in self._slices.get(key, ()):
            for endpoint in body.get("endpoints") or ():
                if unready or (endpoint.get("conditions") or {}).get("ready", True):
                    for address in endpoint["addresses"]:
                        yield address, [*filter(None, [endpoint.get("hostname")]), address.replace(".", "-")]


def entry_addresses(entries: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The hosts of ServiceEntries that have addresses, written or assigned; those with wildcards have no one name."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        spec = entry["spec"]
        assigned = (entry.get("status") or {}).get("addresses") or ()
        written = [a for a in spec.get("addresses") or () if "/" not in a]
        for host in spec.get("hosts") or ():
            own = [a["value"] for a in assigned if a.get("host") == host]
            if (written or own) and "*" not in host:
                found.setdefault(host.lower(), tuple(written or own))
    return found


def _is_headless(spec: Mapping[str, Any]) -> bool:
    return spec.get("clusterIP") == "None"


def _pod(dashed: str) -> Answer:
    """`10-244-0-7.NAMESPACE.pod`: the address is in the name."""
    try:
        return Answer(known=True, addresses=(str(ipaddress.IPv4Address(dashed.replace("-", "."))),))
    except ValueError:
        return Answer()
