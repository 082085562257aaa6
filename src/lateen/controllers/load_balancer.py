# SPDX-License-Identifier: Apache-2.0
"""Services of type LoadBalancer: where they can be reached, in `status.loadBalancer.ingress` (v1.ServiceStatus).

The part of a cloud's controller that a cluster needs whose nodes take such traffic themselves: it writes addresses down
and makes no load balancer, so there is nothing to clean up behind a Service.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from typing import TypeAlias

from lateen.controllers.controller import Controller, Informers
from lateen.controllers.kinds import SERVICE
from lateen.kube.client import Object
from lateen.kube.informer import Key

Addresses: TypeAlias = Callable[[Object], Sequence[str]]
"""A Service's IP addresses or host names, seen from outside the cluster."""


class LoadBalancerController(Controller):
    """Keeps the addresses in the status of every LoadBalancer Service equal to what `addresses` says.

    Services with a `loadBalancerClass` are left to whoever implements that class.
    """

    def __init__(self, informers: Informers, trouble: Callable[[str], None], addresses: Addresses) -> None:
        super().__init__(informers, trouble)
        self._addresses = addresses
        self._services = informers.of(SERVICE)
        self._services.on_change(lambda key, old, new: self.queue.add(key) if new is not None else None)

    async def reconcile(self, key: Key) -> None:
        """Write one Service's addresses where they differ; a Service that is of that type no longer has none."""
        service = self._services.get(key)
        if service is None or service["spec"].get("loadBalancerClass"):
            return
        balanced = service["spec"].get("type") == "LoadBalancer"
        wanted = [_ingress(address) for address in self._addresses(service)] if balanced else []
        status = service.get("status") or {}
        present = (status.get("loadBalancer") or {}).get("ingress") or []
        if [_place(entry) for entry in present] == [_place(entry) for entry in wanted]:
            return
        balancer = {"ingress": wanted} if wanted else {}
        await self.client.replace(SERVICE, {**service, "status": {**status, "loadBalancer": balancer}}, "status")


def _ingress(address: str) -> Object:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return {"hostname": address}
    return {"ip": address}


def _place(entry: Object) -> tuple[str, str]:
    """What tells addresses apart; the API adds defaults (`ipMode`) to what was written."""
    return entry.get("ip", ""), entry.get("hostname", "")
