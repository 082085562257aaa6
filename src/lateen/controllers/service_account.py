# SPDX-License-Identifier: Apache-2.0
"""What every namespace has: the ServiceAccount `default`, and the API's certificate in `kube-root-ca.crt`."""

from __future__ import annotations

from collections.abc import Callable

from lateen.controllers.controller import Controller, Informers
from lateen.controllers.kinds import CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT
from lateen.controllers.pod_state import is_terminating
from lateen.kube.client import Object
from lateen.kube.errors import ApiError
from lateen.kube.informer import Key

ROOT_CA = "kube-root-ca.crt"
DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc."
)


class ServiceAccountController(Controller):
    """Makes the ServiceAccount `default` in every namespace, again if it is deleted."""

    def __init__(self, informers: Informers, trouble: Callable[[str], None]) -> None:
        super().__init__(informers, trouble)
        self._namespaces = informers.of(NAMESPACE)
        self._accounts = informers.of(SERVICE_ACCOUNT)
        self._namespaces.on_change(lambda key, old, new: self.queue.add(key))
        self._accounts.on_change(self._account_changed)

    def _account_changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        if new is None and key[1] == "default":
            self.queue.add(("", key[0]))

    async def reconcile(self, key: Key) -> None:
        """One namespace's default account."""
        namespace = self._namespaces.get(key)
        if namespace is None or is_terminating(namespace) or self._accounts.get((key[1], "default")) is not None:
            return
        body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": key[1]}}
        await _create(self, body)


class RootCertificateController(Controller):
    """Keeps the ConfigMap `kube-root-ca.crt` in every namespace equal to the API's certificate authority."""

    def __init__(self, informers: Informers, trouble: Callable[[str], None], certificate: str) -> None:
        super().__init__(informers, trouble)
        self._certificate = certificate
        self._namespaces = informers.of(NAMESPACE)
        self._maps = informers.of(CONFIG_MAP)
        self._namespaces.on_change(lambda key, old, new: self.queue.add(key))
        self._maps.on_change(lambda key, old, new: self.queue.add(("", key[0])) if key[1] == ROOT_CA else None)

    async def reconcile(self, key: Key) -> None:
        """One namespace's copy."""
        namespace = self._namespaces.get(key)
        if namespace is None or is_terminating(namespace):
            return
        wanted = {"ca.crt": self._certificate}
        present = self._maps.get((key[1], ROOT_CA))
        if present is not None:
            if present.get("data") != wanted:
                await self.client.replace(CONFIG_MAP, {**present, "data": wanted})
            return
        meta = {"name": ROOT_CA, "namespace": key[1], "annotations": {"kubernetes.io/description": DESCRIPTION}}
        await _create(self, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": wanted})


async def _create(controller: Controller, body: Object) -> None:
    kind = SERVICE_ACCOUNT if body["kind"] == "ServiceAccount" else CONFIG_MAP
    try:
        await controller.client.create(kind, body, body["metadata"]["namespace"])
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
