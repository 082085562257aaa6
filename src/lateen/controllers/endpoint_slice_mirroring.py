# SPDX-License-Identifier: Apache-2.0
"""EndpointSlices of Services without a selector: copies of the Endpoints that somebody wrote by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lateen.controllers.controller import Controller, Informers
from lateen.controllers.endpoint_slice import MANAGED_BY, SERVICE_NAME
from lateen.controllers.kinds import ENDPOINT_SLICE, ENDPOINTS, SERVICE
from lateen.controllers.owner import controller_reference
from lateen.kube.client import Object
from lateen.kube.informer import Key

MANAGER = "endpointslicemirroring-controller.k8s.io"
SKIP = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"


class EndpointSliceMirroringController(Controller):
    """One slice per subset and address family of an Endpoints object."""

    def __init__(self, informers: Informers, trouble: Callable[[str], None]) -> None:
        super().__init__(informers, trouble)
        self._endpoints = informers.of(ENDPOINTS)
        self._services = informers.of(SERVICE)
        self._slices = informers.of(ENDPOINT_SLICE)
        for informer in (self._endpoints, self._services):
            informer.on_change(lambda key, old, new: self.queue.add(key))
        self._slices.on_change(self._slice_changed)

    def _slice_changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        labels = (new or old or {}).get("metadata", {}).get("labels") or {}
        if labels.get(MANAGED_BY) == MANAGER:
            self.queue.add((key[0], labels.get(SERVICE_NAME, "")))

    async def reconcile(self, key: Key) -> None:
        """Write the copies of one Endpoints object where they differ."""
        namespace, name = key
        wanted = self._wanted(key)
        for body in list(self._slices.within(namespace)):
            labels = body["metadata"].get("labels") or {}
            if labels.get(MANAGED_BY) != MANAGER or labels.get(SERVICE_NAME) != name:
                continue
            new = wanted.pop(body["metadata"]["name"], None)
            if new is None:
                await self.client.delete(ENDPOINT_SLICE, body["metadata"]["name"], namespace)
            elif (body.get("endpoints"), body.get("ports")) != (new["endpoints"], new["ports"]):
                await self.client.replace(
                    ENDPOINT_SLICE, {**body, "endpoints": new["endpoints"], "ports": new["ports"]}
                )
        for body in wanted.values():
            await self.client.create(ENDPOINT_SLICE, body, namespace)

    def _wanted(self, key: Key) -> dict[str, Object]:
        source, service = self._endpoints.get(key), self._services.get(key)
        if source is None or service is None or service["spec"].get("selector"):
            return {}
        meta = source["metadata"]
        if (meta.get("labels") or {}).get(SKIP) == "true" or LEADER in (meta.get("annotations") or {}):
            return {}
        slices: dict[str, Object] = {}
        for index, subset in enumerate(source.get("subsets") or ()):
            for family in ("IPv4", "IPv6"):
                endpoints = [
                    _endpoint(address, ready)
                    for field, ready in (("addresses", True), ("notReadyAddresses", False))
                    for address in subset.get(field) or ()
                    if (":" in address["ip"]) == (family == "IPv6")
                ]
                if endpoints:
                    slice_name = f"{key[1]}-mirror-{family.lower()}-{index}"
                    slices[slice_name] = {
                        "apiVersion": "discovery.k8s.io/v1",
                        "kind": "EndpointSlice",
                        "metadata": {
                            "name": slice_name,
                            "namespace": key[0],
                            "labels": {**(meta.get("labels") or {}), SERVICE_NAME: key[1], MANAGED_BY: MANAGER},
                            "ownerReferences": [controller_reference(source, ENDPOINTS)],
                        },
                        "addressType": family,
                        "endpoints": endpoints,
                        "ports": [_port(port) for port in subset.get("ports") or ()],
                    }
        return slices


def _port(port: dict[str, Any]) -> dict[str, Any]:
    entry = {"name": port.get("name", ""), "port": port["port"], "protocol": port.get("protocol", "TCP")}
    return entry | ({"appProtocol": port["appProtocol"]} if port.get("appProtocol") else {})


def _endpoint(address: dict[str, Any], ready: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
    for field in ("hostname", "nodeName", "targetRef"):
        if address.get(field):
            entry[field] = address[field]
    return entry
