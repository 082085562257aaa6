# SPDX-License-Identifier: Apache-2.0
"""The part `plane`: the control plane of a cluster. Each pod with a proxy has a socket of its own, which is its
identity: whoever is on the other end is that pod's proxy and nobody else.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import uvloop

from lateen.app.certificates import Certificates
from lateen.app.cluster_layout import RUNTIME, XDS_SOCKET, Layout
from lateen.app.control_plane import ControlPlane
from lateen.app.serve import Service
from lateen.kube.client import KubeClient, Object
from lateen.kube.informer import Informer, Key
from lateen.kube.source import KubeSource
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.kinds import CORE_KINDS, ISTIO_KINDS
from lateen.node.kinds import POD
from lateen.node.sidecar import XDS_SOCKET as POD_SOCKET
from lateen.node.sidecar import proxy_of
from lateen.xds.directory import Admission
from lateen.xds.node_identity import NodeIdentity
from lateen.xds.server import XdsServer


def run_plane(layout: Layout, told: Callable[[str], None], say: Callable[[str], None]) -> None:
    """Serve until killed."""
    uvloop.run(_serve(layout, told, say))


async def _serve(layout: Layout, told: Callable[[str], None], say: Callable[[str], None]) -> None:
    plane = ControlPlane()
    certificates = Certificates(plane, layout.folder)
    async with KubeClient.connect(layout.kubeconfig) as client:
        source = KubeSource(client, (*CORE_KINDS, *ISTIO_KINDS), say)
        service = Service(source, plane, certificates, say)
        XDS_SOCKET.unlink(missing_ok=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(service.run(f"unix:{XDS_SOCKET}"))
            await service.serving.wait()
            told("plane")
            pods = Informer(client, POD, trouble=say)
            sockets = PodSockets(service.server, RUNTIME / "xds", group, say)
            pods.on_change(sockets.pod_changed)
            await pods.run()


class PodSockets:
    """The sockets of pods' proxies, in a folder each."""

    def __init__(self, server: XdsServer, folder: Path, group: asyncio.TaskGroup, say: Callable[[str], None]) -> None:
        self._server = server
        self._folder = folder
        self._group = group
        self._say = say
        self._open: dict[str, asyncio.Task[str]] = {}

    def pod_changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        """Follow the pods."""
        if old is not None and (new is None or old["metadata"]["uid"] != new["metadata"]["uid"]):
            opened = self._open.pop(old["metadata"]["uid"], None)
            if opened is not None:
                self._group.create_task(self._close(old["metadata"]["uid"], opened))
        if new is not None and new["spec"].get("nodeName") and proxy_of(new) is not None:
            uid = new["metadata"]["uid"]
            if uid not in self._open:
                self._open[uid] = self._group.create_task(self._listen(new))

    async def _listen(self, pod: Object) -> str:
        folder = self._folder / pod["metadata"]["uid"]
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / POD_SOCKET
        path.unlink(missing_ok=True)
        return await self._server.listen(f"unix:{path}", admission_of(pod))

    async def _close(self, uid: str, opened: asyncio.Task[str]) -> None:
        await self._server.unlisten(await opened, grace=0.5)
        shutil.rmtree(self._folder / uid, ignore_errors=True)


def admission_of(pod: Object) -> Admission:
    """Who may be on the other end of a pod's socket: that pod, with its own service account."""
    meta = pod["metadata"]
    account = pod["spec"].get("serviceAccountName", "default")

    def admit(stated: NodeIdentity) -> NodeIdentity | Diagnostic:
        if (stated.name, stated.namespace) != (meta["name"], meta["namespace"]):
            return Diagnostic(
                severity=Severity.ERROR,
                code="not-this-pod",
                message=f"{stated.id} is not {meta['name']}.{meta['namespace']}, whose socket this is",
            )
        return msgspec.structs.replace(stated, service_account=account)

    return admit
