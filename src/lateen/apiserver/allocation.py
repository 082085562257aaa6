# SPDX-License-Identifier: Apache-2.0
"""Cluster IPs and node ports: given to Services as they are written, taken back when they are gone."""

from __future__ import annotations

import ipaddress
import zlib
from collections.abc import Iterable
from typing import Any

from lateen.apiserver.operations.call import Call
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.status import Cause, invalid, invalid_value
from lateen.apiserver.store.memory import Store
from lateen.apiserver.store.revision import DELETED, Key, Revision

NODE_PORTS = range(30000, 32768)


class ServiceAddresses:
    """What every Service holds. A listener of the store: `publish`.

    `network` is the range of cluster IPs (`10.96.0.0/16`); its first address is the API server's own Service.
    """

    def __init__(self, store: Store, network: str) -> None:
        self._network = ipaddress.ip_network(network)
        self._addresses: dict[str, Key] = {}
        self._ports: dict[int, Key] = {}
        for stored in store.objects("services"):
            self._hold(stored.key, stored.document())

    def publish(self, revisions: Iterable[Revision]) -> None:
        for revision in revisions:
            if revision.key.resource == "services":
                if revision.before is not None:
                    self._release(revision.key, revision.before.document())
                if revision.type != DELETED:
                    self._hold(revision.key, revision.stored.document())

    def allocate(self, call: Call, key: Key, document: Document, *, dry_run: bool) -> None:
        """Complete a valid Service with addresses and ports. Raises ApiError (422)."""
        spec = document["spec"]
        causes: list[Cause] = []
        if spec["type"] != "ExternalName":
            self._cluster_ip(key, document, causes, dry_run=dry_run)
        if spec["type"] in ("NodePort", "LoadBalancer"):
            self._node_ports(key, spec, causes, dry_run=dry_run)
        if causes:
            raise invalid(call.kind.group, call.kind.kind, key.name, causes)

    def _cluster_ip(self, key: Key, document: Document, causes: list[Cause], *, dry_run: bool) -> None:
        spec = document["spec"]
        wanted = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or ()), "")
        if wanted == "None":
            spec["clusterIP"], spec["clusterIPs"] = "None", ["None"]
        else:
            if wanted:
                problem = self._refused(key, wanted)
                if problem:
                    detail = f"failed to allocate IP {wanted}: {problem}"
                    causes.append(invalid_value("spec.clusterIPs", [wanted], detail))
                    return
            address = wanted or self._free_address(document["metadata"]["uid"])
            spec["clusterIP"], spec["clusterIPs"] = address, [address]
            if not dry_run:
                self._addresses[address] = key
        family = "IPv6" if self._network.version == 6 else "IPv4"
        spec.setdefault("ipFamilies", [family])
        spec.setdefault("ipFamilyPolicy", "SingleStack")

    def _refused(self, key: Key, wanted: str) -> str:
        try:
            address = ipaddress.ip_address(wanted)
        except ValueError:
            return "must be a valid IP address"
        if address not in self._network:
            return "the provided network does not match the current range"
        if self._addresses.get(wanted, key) != key:
            return "provided IP is already allocated"
        return ""

    def _free_address(self, uid: str) -> str:
        """An address no Service has; which one depends on the uid alone. The lower part is left to those who choose."""
        size = self._network.num_addresses
        reserved = min(max(16, size // 16), 256, size // 2)
        span = size - reserved - 1
        start = zlib.crc32(uid.encode()) % span
        for step in range(span):
            address = str(self._network[reserved + (start + step) % span])
            if address not in self._addresses:
                return address
        raise invalid("", "Service", "", [Cause("FieldValueInvalid", "range is full", "spec.clusterIPs")])

    def _node_ports(self, key: Key, spec: dict[str, Any], causes: list[Cause], *, dry_run: bool) -> None:
        numbers: dict[int, set[str]] = {}
        given = spec["type"] == "NodePort" or spec.get("allocateLoadBalancerNodePorts", True)
        for index, port in enumerate(spec.get("ports") or ()):
            number = port.get("nodePort")
            if number:
                problem = self._port_refused(key, number)
                if problem:
                    causes.append(invalid_value(f"spec.ports[{index}].nodePort", number, problem))
                    continue
            elif given:
                number = next(
                    (n for n, seen in numbers.items() if port["protocol"] not in seen and port["port"] == n), None
                )
                number = number or self._free_port(key, port["port"], numbers)
                port["nodePort"] = number
            if number:
                numbers.setdefault(number, set()).add(port["protocol"])
        if spec.get("externalTrafficPolicy") == "Local" and spec["type"] == "LoadBalancer":
            number = spec.get("healthCheckNodePort") or self._free_port(key, 0, numbers)
            spec["healthCheckNodePort"] = number
            numbers.setdefault(number, set())
        if not dry_run and not causes:
            self._ports.update(dict.fromkeys(numbers, key))

    def _port_refused(self, key: Key, number: int) -> str:
        if number not in NODE_PORTS:
            return (
                f"provided port is not in the valid range. The range of valid ports is {NODE_PORTS[0]}-{NODE_PORTS[-1]}"
            )
        return "provided port is already allocated" if self._ports.get(number, key) != key else ""

    def _free_port(self, key: Key, port: int, taken: dict[int, set[str]]) -> int:
        start = zlib.crc32(f"{key.namespace}/{key.name}/{port}".encode())
        for step in range(len(NODE_PORTS)):
            number = NODE_PORTS[(start + step) % len(NODE_PORTS)]
            if number not in self._ports and number not in taken:
                return number
        raise invalid("", "Service", key.name, [Cause("FieldValueInvalid", "range is full", "spec.ports")])

    def _hold(self, key: Key, document: Document) -> None:
        for address in document["spec"].get("clusterIPs") or ():
            if address != "None":
                self._addresses[address] = key
        for number in _numbers(document):
            self._ports[number] = key

    def _release(self, key: Key, document: Document) -> None:
        for address in document["spec"].get("clusterIPs") or ():
            if self._addresses.get(address) == key:
                del self._addresses[address]
        for number in _numbers(document):
            if self._ports.get(number) == key:
                del self._ports[number]


def _numbers(document: Document) -> list[int]:
    spec = document["spec"]
    found = [port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")]
    return [*found, spec["healthCheckNodePort"]] if spec.get("healthCheckNodePort") else found
