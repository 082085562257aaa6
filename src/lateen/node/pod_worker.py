# SPDX-License-Identifier: Apache-2.0
"""`PodWorker`: keeps one pod as its object says, from its first container to its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
from h11 import RemoteProtocolError

from lateen.kube.client import KubeClient, Object
from lateen.kube.errors import ApiError, UnreachableError
from lateen.node import plan as steps
from lateen.node.container import Container, Exit, Run
from lateen.node.environment import MissingError
from lateen.node.image_catalogue import Images
from lateen.node.keeper import KEEPER, pod_folder
from lateen.node.kinds import POD, SERVICE_ACCOUNT
from lateen.node.plan import SETTLED, Seen, Step, plan
from lateen.node.pod_client import PodClient, end_of
from lateen.node.pod_container import Place, application, proxy
from lateen.node.pod_status import Waiting, status_of
from lateen.node.probe import keep_probing, probe
from lateen.node.sidecar import NETWORK_SET_UP, capture_of, is_proxy
from lateen.node.volumes import WRITTEN, files_of, token_sources, write
from lateen.node.wire import connect

_RETRY = 1.0
_STARTED = "startup"
_READY = "readiness"
_ALIVE = "liveness"


class Host(Protocol):
    """What a worker needs of the node it runs on."""

    client: KubeClient
    images: Images
    runtime: Path

    def place(self, pod: Object, address: str) -> Place: ...
    def find(self, namespace: str, kind: str, name: str) -> Object | None: ...
    def services(self, namespace: str) -> dict[str, str]: ...
    async def event(self, pod: Object, reason: str, message: str, *, warning: bool = False) -> None: ...


class PodWorker:
    """One pod. `update` and `wake` may be called at any time; `run` ends when the pod has been removed."""

    def __init__(self, host: Host, pod: Object, address: str) -> None:
        self._host = host
        self._pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.address = address
        self._place = host.place(pod, address)
        self._folder = pod_folder(host.runtime, self.uid)
        self._client = PodClient(self._folder)
        self._event = asyncio.Event()
        self._sandbox = False
        self._runs: dict[str, Run] = {}
        self._last: dict[str, Run] = {}
        self._lost: dict[str, Run] = {}
        self._failures: dict[str, int] = {}
        self._waiting: dict[str, Waiting] = {}
        self._verdicts: dict[tuple[str, str], bool] = {}
        self._probes: dict[str, tuple[int, list[asyncio.Task[None]]]] = {}
        self._tokens: dict[str, tuple[bytes, float]] = {}
        self._done: set[Step] = set()
        self._ending_since = 0.0
        self._watch: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._shown: dict[str, Any] = {}

    def update(self, pod: Object) -> None:
        """The pod's object has changed."""
        self._pod = pod
        self.wake()

    def wake(self) -> None:
        """Something that concerns the pod has changed."""
        self._event.set()

    async def run(self) -> None:
        """Until the pod is gone, or cancelled (then the pod goes on without us)."""
        try:
            with contextlib.suppress(OSError):
                # A pod that an agent before this one started.
                self._runs = await self._client.runs()
                self._follow()
            while True:
                self._event.clear()
                wait = _RETRY
                try:
                    self._keep_probes()
                    todo = plan(self._pod, self._seen())
                    wait = min([step.seconds for step in todo if isinstance(step, steps.Wake)], default=60.0)
                    for step in todo:
                        if await self._take(step):
                            return
                    self._keep_probes()
                    await self._show()
                    if self._sandbox:
                        await self._write_volumes()
                except (OSError, ApiError, UnreachableError) as error:
                    if isinstance(error, ApiError) and error.not_found:
                        await self._remove()
                        return
                    wait = _RETRY
                    if not isinstance(error, UnreachableError):
                        await self._host.event(self._pod, "FailedSync", str(error), warning=True)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._event.wait(), max(wait, 0.01))
        finally:
            for task in self._background | {t for _, tasks in self._probes.values() for t in tasks}:
                task.cancel()
            if self._watch:
                self._watch.cancel()

    # -- what is there ------------------------------------------------------------------------------------------------

    def _seen(self) -> Seen:
        now = time.time()
        if self._pod["metadata"].get("deletionTimestamp") and not self._ending_since:
            self._ending_since = now
        running = {name for name, run in self._runs.items() if run.ended is None}
        return Seen(
            sandbox=self._sandbox,
            runs=self._runs,
            failures=self._failures,
            ready=frozenset(n for n in running if self._verdict(n, _STARTED) and self._verdict(n, _READY)),
            started=frozenset(n for n in running if self._verdict(n, _STARTED)),
            unhealthy=frozenset(
                name for name in running if not (self._verdicts.get((name, _ALIVE), True)) or self._gave_up(name)
            ),
            done=frozenset(self._done),
            ending_since=self._ending_since,
            now=now,
        )

    def _verdict(self, name: str, kind: str) -> bool:
        """Whether a probe has passed; there being none is passing."""
        container = self._container(name)
        return self._verdicts.get((name, kind), f"{kind}Probe" not in container)

    def _gave_up(self, name: str) -> bool:
        return "startupProbe" in self._container(name) and self._verdicts.get((name, _STARTED)) is False

    def _container(self, name: str) -> Mapping[str, Any]:
        spec = self._pod["spec"]
        every = (*(spec.get("initContainers") or ()), *spec["containers"])
        return next((c for c in every if c["name"] == name), {"name": name})

    def _follow(self) -> None:
        self._sandbox = True
        self._watch = asyncio.create_task(self._watch_runs())

    async def _watch_runs(self) -> None:
        with contextlib.suppress(OSError):
            async for runs in self._client.watch():
                self._set_runs({**self._lost, **runs})
        # The pod's init is gone, and with it all that ran.
        now = time.time()
        gone = {
            name: msgspec.structs.replace(run, ended=run.ended or Exit(137, now)) for name, run in self._runs.items()
        }
        self._set_runs(gone)
        self._lost = gone
        self._sandbox = False
        self.wake()

    def _set_runs(self, runs: dict[str, Run]) -> None:
        for name, run in runs.items():
            before = self._runs.get(name)
            if run.ended is not None and (before is None or before.ended is None or before.attempt != run.attempt):
                settled = run.ended.at - run.started >= SETTLED
                self._failures[name] = 1 if settled else self._failures.get(name, 0) + 1
                if run.ended.code and self._failures[name] > 1:
                    delay = steps.backoff(self._failures[name])
                    text = f"back-off {delay:g}s restarting failed container={name} pod={self._pod['metadata']['name']}"
                    self._waiting[name] = Waiting("CrashLoopBackOff", text)
        self._runs = runs
        self.wake()

    # -- steps --------------------------------------------------------------------------------------------------------

    async def _take(self, step: Step) -> bool:
        """Take one step; whether it was the last."""
        match step:
            case steps.Sandbox():
                await self._make_sandbox()
            case steps.Start(name=name, attempt=attempt):
                await self._start(name, attempt)
            case steps.Signal(name=name, number=number):
                if number == 9 or step not in self._done:
                    self._done.add(step)
                    await self._client.signal(name, number)
                    self._verdicts.pop((name, _ALIVE), None)
            case steps.PreStop(name=name):
                if step not in self._done:
                    self._done.add(step)
                    self._spawn(self._pre_stop(name))
            case steps.Drain(name=name):
                if step not in self._done:
                    self._done.add(step)
                    await self._drain()
            case steps.Remove():
                await self._remove()
                meta = self._pod["metadata"]
                await self._host.client.delete(POD, meta["name"], meta["namespace"], uid=self.uid, grace=0)
                return True
        return False

    async def _make_sandbox(self) -> None:
        capture = capture_of(self._pod)

        def ask() -> None:
            with connect(self._host.runtime / KEEPER) as keeper:
                keeper.ask(
                    "pod",
                    uid=self.uid,
                    address=self.address,
                    link=link_of(self.uid),
                    capture=msgspec.to_builtins(capture) if capture else None,
                )

        self._place.xds.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(ask)
        self._follow()
        self.wake()

    async def _start(self, name: str, attempt: int) -> None:
        container = self._container(name)
        try:
            await self._write_volumes()
            wanted = self._wanted(container, max(attempt, self._restarts(name)))
        except MissingError as error:
            await self._cannot(name, "CreateContainerConfigError", str(error))
            return
        if wanted is None:
            image = container.get("image", "")
            text = (
                f'Failed to pull image "{image}": the catalogue of this cluster has no such image; '
                f"add it with: lateen image add {image} -- COMMAND"
            )
            await self._cannot(name, "ErrImagePull", text)
            return
        if (before := self._runs.get(name)) is not None:
            self._last[name] = before
        self._forget_probes(name)
        try:
            run = await self._client.start(wanted)
        except OSError as error:
            if not self._sandbox:
                return
            now = time.time()
            self._set_runs({**self._runs, name: Run(name, wanted.attempt, 0, now, Exit(127, now))})
            self._lost[name] = self._runs[name]
            await self._cannot(name, "RunContainerError", str(error), again=False)
            return
        self._waiting.pop(name, None)
        self._lost.pop(name, None)
        self._runs = {**self._runs, name: run}
        await self._host.event(self._pod, "Started", f"Started container {name}")
        if not attempt:
            self._spawn(self._post_start(name))
        self.wake()

    def _restarts(self, name: str) -> int:
        """Never count below what the API was told, also when all that ran is gone."""
        status = self._pod.get("status") or {}
        for entry in (*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())):
            if entry["name"] == name and entry.get("containerID") and name not in self._runs:
                return int(entry.get("restartCount", 0)) + 1
        return 0

    def _wanted(self, container: Mapping[str, Any], attempt: int) -> Container | None:
        if is_proxy(container) and container["name"] not in NETWORK_SET_UP:
            return proxy(container, self._pod, self._place, attempt)
        image = self._host.images.find(container.get("image", ""))
        if image is None:
            return None
        pod = {**self._pod, "status": {**(self._pod.get("status") or {}), **self._addresses()}}
        services = self._host.services(pod["metadata"]["namespace"])
        return application(container, pod, image, services, self._find, self._place, attempt)

    def _addresses(self) -> dict[str, Any]:
        return {"podIP": self.address, "podIPs": [{"ip": self.address}]}

    async def _cannot(self, name: str, reason: str, message: str, again: bool = True) -> None:
        if self._waiting.get(name) != Waiting(reason, message):
            self._waiting[name] = Waiting(reason, message)
            await self._host.event(self._pod, "Failed", message, warning=True)
        if again:
            asyncio.get_running_loop().call_later(_RETRY * 5, self.wake)

    async def _post_start(self, name: str) -> None:
        hook = ((self._container(name).get("lifecycle") or {}).get("postStart") or {}).get("exec")
        if hook:
            await self._hook(name, hook["command"], "FailedPostStartHook")

    async def _pre_stop(self, name: str) -> None:
        hook = self._container(name)["lifecycle"]["preStop"]
        if "exec" in hook:
            await self._hook(name, hook["exec"]["command"], "FailedPreStopHook")
        elif "sleep" in hook:
            await asyncio.sleep(hook["sleep"]["seconds"])
        elif "httpGet" in hook:
            await probe(hook, self._container(name), self._client, self.address, 30)
        with contextlib.suppress(OSError):
            await self._client.signal(name, 15)

    async def _hook(self, name: str, command: list[str], reason: str) -> None:
        try:
            wire, files = await self._client.execute(name, command, False)
            with wire:
                code = await end_of(wire)
            for file in files:
                os.close(file)
        except OSError as error:
            await self._host.event(self._pod, reason, str(error), warning=True)
            return
        if code:
            await self._host.event(self._pod, reason, f"{command} ended with {code}", warning=True)

    async def _drain(self) -> None:
        """Have the proxy take no new connections and end those it has gently."""
        with contextlib.suppress(OSError, RemoteProtocolError):
            connection = await self._client.connect("127.0.0.1", 15000)
            reader, writer = await asyncio.open_connection(sock=connection)
            writer.write(b"POST /drain_listeners?graceful&skip_exit HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            await asyncio.wait_for(reader.readline(), 2)
            writer.close()

    async def _remove(self) -> None:
        def ask() -> None:
            with connect(self._host.runtime / KEEPER) as keeper:
                keeper.ask("remove", uid=self.uid, link=link_of(self.uid))

        if self._watch:
            self._watch.cancel()
        await asyncio.to_thread(ask)
        await asyncio.to_thread(shutil.rmtree, self._place.logs, True)

    # -- probes -------------------------------------------------------------------------------------------------------

    def _keep_probes(self) -> None:
        """Probes for what runs, none for what does not."""
        for name, run in self._runs.items():
            known = self._probes.get(name)
            if run.ended is not None:
                self._forget_probes(name)
            elif known is None or known[0] != run.attempt:
                self._forget_probes(name)
                container = self._container(name)
                self._probes[name] = (run.attempt, [])
                first = _STARTED if "startupProbe" in container else None
                for kind in (first,) if first else (_READY, _ALIVE):
                    self._start_probe(name, kind)

    def _start_probe(self, name: str, kind: str) -> None:
        container = self._container(name)
        spec = container.get(f"{kind}Probe")
        if spec is None or name not in self._probes:
            return

        async def ask(patience: float) -> str:
            return await probe(spec, container, self._client, self.address, patience)

        def told(passed: bool, problem: str) -> None:
            self._verdicts[name, kind] = passed
            if not passed:
                text = f"{kind.capitalize()} probe failed: {problem}"
                self._spawn(self._host.event(self._pod, "Unhealthy", text, warning=True))
            if kind == _STARTED and passed:
                for task in self._probes[name][1]:
                    task.cancel()
                self._start_probe(name, _READY)
                self._start_probe(name, _ALIVE)
            self.wake()

        self._probes[name][1].append(asyncio.create_task(keep_probing(spec, ask, told)))

    def _forget_probes(self, name: str) -> None:
        for task in self._probes.pop(name, (0, []))[1]:
            task.cancel()
        for kind in (_STARTED, _READY, _ALIVE):
            self._verdicts.pop((name, kind), None)

    # -- volumes and status -------------------------------------------------------------------------------------------

    def _find(self, kind: str, name: str) -> Object | None:
        return self._host.find(self._pod["metadata"]["namespace"], kind, name)

    async def _write_volumes(self) -> None:
        # Those of the proxy alone hold what Envoy gets from its socket here.
        spec = self._pod["spec"]
        own = [c for c in (*(spec.get("initContainers") or ()), *spec["containers"]) if not is_proxy(c)]
        mounted = {mount["name"] for container in own for mount in container.get("volumeMounts") or ()}
        for volume in spec.get("volumes") or ():
            if volume["name"] not in mounted:
                continue
            folder = self._place.volumes / volume["name"]
            if "emptyDir" in volume:
                if not folder.exists():
                    folder.mkdir(parents=True)
                    folder.chmod(0o777)
            elif any(kind in volume for kind in WRITTEN):
                tokens = await self._current_tokens(volume)
                try:
                    write(folder, files_of(volume, self._pod, self._find, tokens))
                except MissingError as error:
                    raise MissingError(f'MountVolume.SetUp failed for volume "{volume["name"]}": {error}') from None
            else:
                kind = next((key for key in volume if key != "name"), "?")
                raise MissingError(f'volume "{volume["name"]}": {kind} volumes are not offered by this cluster')

    async def _current_tokens(self, volume: Mapping[str, Any]) -> dict[str, bytes]:
        found = {}
        meta, spec = self._pod["metadata"], self._pod["spec"]
        for source in token_sources(volume):
            path = source["path"]
            held = self._tokens.get(path)
            seconds = source.get("expirationSeconds", 3600)
            if held is None or held[1] < time.time():
                request: Object = {
                    "apiVersion": "authentication.k8s.io/v1",
                    "kind": "TokenRequest",
                    "spec": {
                        "audiences": [source["audience"]] if source.get("audience") else [],
                        "expirationSeconds": seconds,
                        "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": meta["name"], "uid": self.uid},
                    },
                }
                account = spec.get("serviceAccountName", "default")
                answer = await self._host.client.create(SERVICE_ACCOUNT, request, meta["namespace"], "token", account)
                held = self._tokens[path] = (answer["status"]["token"].encode(), time.time() + 0.8 * seconds)
            found[path] = held[0]
        return found

    async def _show(self) -> None:
        """Tell the API, if there is anything new."""
        meta = self._pod["metadata"]
        status = status_of(self._pod, self._seen(), self.address, self._waiting, self._last)
        if status == self._shown:
            return
        patch = {"metadata": {"uid": self.uid}, "status": status}
        self._pod = await self._host.client.patch(POD, meta["name"], patch, meta["namespace"], subresource="status")
        self._shown = status

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def link_of(uid: str) -> str:
    """The name of a pod's link in the cluster's namespace (at most 15 characters)."""
    return "p" + uid.replace("-", "")[:13]
