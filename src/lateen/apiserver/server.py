# SPDX-License-Identifier: Apache-2.0
"""`ApiServer`: the whole server, from a data folder and a socket.

To start one and talk to it:

    lateen apiserver --data DIR --port 6443        # writes DIR/kubeconfig (mode 0600)
    kubectl --kubeconfig DIR/kubeconfig get ns

    async with ApiServer(Config(data=Path("DIR"), port=6443)) as server:
        ...                                        # server.kubeconfig, server.url, server.token, server.cluster
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import choice
from types import TracebackType
from typing import Self

import uvicorn

from lateen.apiserver.admission import ingress_class, istio, namespace, service_account
from lateen.apiserver.allocation import ServiceAddresses
from lateen.apiserver.auth import certificates, kubeconfig
from lateen.apiserver.auth.authenticate import ADMIN, Authenticator
from lateen.apiserver.auth.authorize import Authorizer
from lateen.apiserver.auth.service_accounts import ServiceAccountTokens
from lateen.apiserver.bootstrap import first_objects
from lateen.apiserver.definitions import Definitions
from lateen.apiserver.event_expiry import EventExpiry
from lateen.apiserver.http.application import Application
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.registry import istio as istio_kinds
from lateen.apiserver.registry.catalogue import Catalogue, builtin_kinds
from lateen.apiserver.store.journal import SqliteJournal
from lateen.apiserver.store.memory import Store
from lateen.apiserver.streams.pod_streams import PodStreams
from lateen.apiserver.watch import Hub

VERSION = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.1",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}
"""A version kubectl exists for: some kubectl binaries choose their own version by the server's."""

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class Config:
    """`data` is the folder of everything that is kept; `port` 0 takes a free one."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 6443
    listener: socket.socket | None = None
    """A listening socket that somebody else bound; `host` and `port` then only name it."""
    also: tuple[socket.socket, ...] = ()
    """Further listening sockets, such as those of another network namespace."""
    advertise: tuple[str, ...] = ()
    """Further addresses and names the certificate is for."""
    endpoint: tuple[str, int] | None = None
    """Address and port at which pods reach this server: the endpoint of the Service `kubernetes`."""
    streams: PodStreams | None = None
    """Who runs the pods, for logs, exec and port-forward; without one these say so."""
    service_network: str = "10.96.0.0/16"
    """Where the cluster IPs of Services are taken from."""


class ApiServer:
    """An async context manager: ready inside, everything acknowledged is on disk afterwards.

    Entering raises StoreDamagedError or StoreBusyError when the data folder cannot be used, OSError when the port
    cannot.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._exit = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        return f"https://{self._config.host}:{self.port}"

    async def __aenter__(self) -> Self:
        config = self._config
        config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._socket = config.listener or _listen(config.host, config.port)
        self.port: int = self._socket.getsockname()[1]
        self.kubeconfig = config.data / "kubeconfig"
        self.token = kubeconfig.ensure_token(config.data / "admin.token")
        files = certificates.ensure(config.data, [config.host, "127.0.0.1", *config.advertise], _now())
        store = Store(SqliteJournal(config.data / "state.db"))
        self._exit.push_async_callback(store.close)
        self.cluster = Cluster(
            store=store,
            hub=Hub(),
            catalogue=Catalogue(builtin_kinds()),
            now=_now,
            new_uid=lambda: str(uuid.uuid4()),
            new_suffix=_suffix,
            addresses=ServiceAddresses(store, config.service_network),
            admission=[namespace.admit, service_account.admit, ingress_class.admit],
            reviewers=[istio.IstioValidation(istio.check)],
        )
        store.listeners += [self.cluster.addresses.publish, self.cluster.hub.publish]
        definitions = Definitions(self.cluster)
        store.listeners.append(definitions.publish)
        definitions.start()
        self._exit.push_async_callback(definitions.close)
        expiry = EventExpiry(self.cluster)
        store.listeners.append(expiry.publish)
        expiring = asyncio.create_task(expiry.run())
        self._exit.push_async_callback(_cancel, expiring)
        await first_objects(self.cluster, config.service_network, config.endpoint)
        tokens = ServiceAccountTokens(config.data / "service-account.key", store, _now)
        authenticator = Authenticator({self.token: ADMIN}, tokens.user)
        authorizer = Authorizer(store)
        store.listeners.append(authorizer.publish)
        self.application = Application(
            self.cluster,
            authenticator,
            authorizer,
            tokens,
            VERSION,
            lambda: f"{config.host}:{self.port}",
            config.streams,
        )
        await self._exit.enter_async_context(self._serving(files))
        warming = asyncio.create_task(asyncio.to_thread(istio_kinds.warm_up))
        self._exit.push_async_callback(_finish, warming)
        kubeconfig.write(self.kubeconfig, self.url, files.authority.read_bytes(), self.token)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exit.aclose()

    @contextlib.asynccontextmanager
    async def _serving(self, files: certificates.ServingFiles) -> AsyncIterator[None]:
        server = _Uvicorn(
            uvicorn.Config(
                self.application,
                ssl_certfile=files.certificate,
                ssl_keyfile=str(files.key),
                http="auto",
                ws="wsproto",
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=120,
                # An idle client may never answer the end of its TLS session.
                timeout_graceful_shutdown=1,
                proxy_headers=False,
                backlog=1024,
            )
        )
        task = asyncio.create_task(server.serve(sockets=[self._socket, *self._config.also]))
        try:
            while not server.started:
                if task.done():
                    task.result()
                    raise RuntimeError("the HTTP server ended before it started")
                await asyncio.sleep(0.005)
            yield
        finally:
            self.application.watches.close()
            server.should_exit = True
            await task


async def _finish(task: asyncio.Task[None]) -> None:
    await asyncio.gather(task, return_exceptions=True)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await _finish(task)


class _Uvicorn(uvicorn.Server):
    """Leaves signals to the process it runs in."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(1024)
    return listening


def _now() -> datetime:
    return datetime.now(UTC)


def _suffix() -> str:
    return "".join(choice(_SUFFIX_LETTERS) for _ in range(5))
