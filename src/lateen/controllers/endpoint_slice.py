# SPDX-License-Identifier: Apache-2.0
"""EndpointSlices of Services with a selector: the addresses of the pods behind them (discovery.k8s.io/v1)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import orjson

from lateen.controllers.controller import Controller, Informers
from lateen.controllers.kinds import ENDPOINT_SLICE, NODE, POD, SERVICE
from lateen.controllers.owner import controller_reference
from lateen.controllers.pod_state import is_ready, is_terminating
from lateen.kube.client import Object
from lateen.kube.informer import Key, key_of

MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"
ZONE = "topology.kubernetes.io/zone"
MAX_ENDPOINTS = 100
"""Endpoints per slice."""


class EndpointSliceController(Controller):
    """Keeps the slices of every Service with a selector equal to what its pods say of themselves."""

    def __init__(self, informers: Informers, trouble: Callable[[str], None]) -> None:
        super().__init__(informers, trouble)
        self._services = informers.of(SERVICE)
        self._pods = informers.of(POD)
        self._slices = informers.of(ENDPOINT_SLICE)
        self._nodes = informers.of(NODE)
        self._services.on_change(lambda key, old, new: self.queue.add(key))
        self._pods.on_change(self._pod_changed)
        self._slices.on_change(self._slice_changed)

    def _pod_changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        if old is not None and new is not None and _facts(old) == _facts(new):
            return
        for service in self._services.within(key[0]):
            selector = service["spec"].get("selector")
            if selector and any(pod is not None and _selected(selector, pod) for pod in (old, new)):
                self.queue.add(key_of(service))

    def _slice_changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        labels = (new or old or {}).get("metadata", {}).get("labels") or {}
        if labels.get(MANAGED_BY) == MANAGER and SERVICE_NAME in labels:
            self.queue.add((key[0], labels[SERVICE_NAME]))

    async def reconcile(self, key: Key) -> None:
        """Write the slices of one Service where they differ."""
        namespace, name = key
        service = self._services.get(key)
        present = [s for s in self._slices.within(namespace) if _manages(s, name)]
        wanted: dict[str, Object] = {}
        if service is not None and service["spec"].get("selector") and service["spec"].get("type") != "ExternalName":
            wanted = self._wanted(service)
        for body in present:
            if body["metadata"]["name"] not in wanted:
                await self.client.delete(ENDPOINT_SLICE, body["metadata"]["name"], namespace)
        known = {body["metadata"]["name"]: body for body in present}
        for slice_name, body in wanted.items():
            before = known.get(slice_name)
            if before is None:
                await self.client.create(ENDPOINT_SLICE, body, namespace)
            elif _content(before) != _content(body):
                meta = {**body["metadata"], "resourceVersion": before["metadata"]["resourceVersion"]}
                await self.client.replace(ENDPOINT_SLICE, {**body, "metadata": meta})

    def _wanted(self, service: Object) -> dict[str, Object]:
        """The slices a Service should have, by name. Pods whose named ports differ are in different slices."""
        meta, spec = service["metadata"], service["spec"]
        groups: dict[str, tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = {}
        for family in spec.get("ipFamilies") or ["IPv4"]:
            for pod in sorted(self._pods.within(meta["namespace"]), key=lambda p: p["metadata"]["name"]):
                if not _selected(spec["selector"], pod) or _finished(pod):
                    continue
                address = _address(pod, family)
                if address is None:
                    continue
                ports = _ports(service, pod)
                token = hashlib.blake2b(orjson.dumps([family, ports]), digest_size=3).hexdigest()
                groups.setdefault(token, (family, ports, []))[2].append(self._endpoint(service, pod, address))
        if not groups:
            groups["empty"] = ((spec.get("ipFamilies") or ["IPv4"])[0], [], [])
        slices: dict[str, Object] = {}
        for token, (family, ports, endpoints) in sorted(groups.items()):
            for part in range(0, max(len(endpoints), 1), MAX_ENDPOINTS):
                slice_name = f"{meta['name']}-{token}" + (f"-{part // MAX_ENDPOINTS}" if part else "")
                labels = {**(meta.get("labels") or {}), SERVICE_NAME: meta["name"], MANAGED_BY: MANAGER}
                if spec.get("clusterIP") == "None":
                    labels["service.kubernetes.io/headless"] = ""
                slices[slice_name] = {
                    "apiVersion": "discovery.k8s.io/v1",
                    "kind": "EndpointSlice",
                    "metadata": {
                        "name": slice_name,
                        "namespace": meta["namespace"],
                        "labels": labels,
                        "ownerReferences": [controller_reference(service, SERVICE)],
                    },
                    "addressType": family,
                    "endpoints": endpoints[part : part + MAX_ENDPOINTS],
                    "ports": ports,
                }
        return slices

    def _endpoint(self, service: Object, pod: Object, address: str) -> dict[str, Any]:
        meta, spec = pod["metadata"], pod.get("spec", {})
        terminating, serving = is_terminating(pod), is_ready(pod)
        ready = (serving and not terminating) or bool(service["spec"].get("publishNotReadyAddresses"))
        endpoint: dict[str, Any] = {
            "addresses": [address],
            "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
            "targetRef": {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
        }
        if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
            endpoint["hostname"] = spec["hostname"]
        if spec.get("nodeName"):
            endpoint["nodeName"] = spec["nodeName"]
            node = self._nodes.get(("", spec["nodeName"]))
            zone = ((node or {}).get("metadata", {}).get("labels") or {}).get(ZONE)
            if zone:
                endpoint["zone"] = zone
        return endpoint


def _manages(body: Object, service: str) -> bool:
    labels = body["metadata"].get("labels") or {}
    return labels.get(MANAGED_BY) == MANAGER and labels.get(SERVICE_NAME) == service


def _selected(selector: dict[str, str], pod: Object) -> bool:
    return selector.items() <= (pod["metadata"].get("labels") or {}).items()


def _finished(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def _address(pod: Object, family: str) -> str | None:
    status = pod.get("status", {})
    addresses = [entry["ip"] for entry in status.get("podIPs") or ()] or (
        [status["podIP"]] if status.get("podIP") else []
    )
    return next((a for a in addresses if (":" in a) == (family == "IPv6")), None)


def _ports(service: Object, pod: Object) -> list[dict[str, Any]]:
    """The Service's ports as numbers on this pod; a named target port that no container has is left out."""
    found = []
    for port in service["spec"].get("ports") or ():
        target = port.get("targetPort", port["port"])
        number = target if isinstance(target, int) else _named_port(pod, target, port.get("protocol", "TCP"))
        if number is None:
            continue
        entry = {"name": port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP")}
        if port.get("appProtocol"):
            entry["appProtocol"] = port["appProtocol"]
        found.append(entry)
    return found


def _named_port(pod: Object, name: str, protocol: str) -> int | None:
    for container in pod.get("spec", {}).get("containers") or ():
        for port in container.get("ports") or ():
            if port.get("name") == name and port.get("protocol", "TCP") == protocol:
                return int(port["containerPort"])
    return None


def _facts(pod: Object) -> tuple[Any, ...]:
    """What of a pod shows in a slice."""
    meta, spec, status = pod["metadata"], pod.get("spec", {}), pod.get("status", {})
    return (
        meta["uid"],
        meta.get("labels"),
        is_terminating(pod),
        is_ready(pod),
        status.get("podIPs"),
        status.get("podIP"),
        status.get("phase"),
        spec.get("nodeName"),
        [c.get("ports") for c in spec.get("containers") or ()],
    )


def _content(body: Object) -> tuple[Any, ...]:
    meta = body["metadata"]
    return meta.get("labels"), body.get("addressType"), body.get("endpoints") or [], body.get("ports") or []
