# SPDX-License-Identifier: Apache-2.0
"""A container of the API as a process to start. Pure but for finding Envoy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from lateen.node.container import Container
from lateen.node.container_root import Mount, Root
from lateen.node.environment import PATH, Find, environment_of, expand, hostname_of
from lateen.node.envoy_binary import envoy_binary
from lateen.node.image_catalogue import Image
from lateen.node.sidecar import BOOTSTRAP, XDS_FOLDER, sidecar_bootstrap
from lateen.node.volumes import mounts_of


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a pod runs."""

    address: str
    dns: str
    """Address of the cluster's name server."""
    domain: str
    """The cluster's DNS domain."""
    volumes: Path
    """Folder of folders, one per volume."""
    xds: Path
    """Folder of the socket where the pod's proxy gets its configuration."""
    logs: Path


def application(
    container: Mapping[str, Any],
    pod: Mapping[str, Any],
    image: Image,
    services: Mapping[str, str],
    find: Find,
    place: Place,
    attempt: int,
) -> Container:
    """A container that runs an image. Raises environment.MissingError."""
    environment = environment_of(container, pod, image.environment, services, find)
    own = container.get("command") or ()
    entry = tuple(expand(word, environment) for word in own) or image.entrypoint
    given = tuple(expand(word, environment) for word in container.get("args") or ())
    arguments = given or (() if own else image.arguments)
    return Container(
        name=container["name"],
        command=(*entry, *arguments),
        environment=environment,
        folder=container.get("workingDir") or image.folder,
        root=Root(
            mounts=mounts_of(container, pod, place.volumes),
            files=settings(pod, place),
            hostname=hostname_of(pod),
            read_only=bool((container.get("securityContext") or {}).get("readOnlyRootFilesystem")),
        ),
        user=user_of(container, pod, image),
        log=log_of(place.logs, container["name"], attempt),
        attempt=attempt,
    )


def proxy(container: Mapping[str, Any], pod: Mapping[str, Any], place: Place, attempt: int) -> Container:
    """The pod's Envoy. It alone sees the socket of its configuration."""
    level = next(
        (a.partition("=")[2] for a in container.get("args") or () if a.startswith("--proxyLogLevel=")), "warning"
    )
    return Container(
        name=container["name"],
        command=(
            str(envoy_binary()),
            *("--config-path", BOOTSTRAP, "--disable-hot-restart", "--concurrency", "2"),
            *("--log-level", level.partition(":")[0], "--drain-time-s", "5", "--parent-shutdown-time-s", "10"),
        ),
        environment={"PATH": PATH},
        root=Root(
            mounts=(Mount(str(place.xds), XDS_FOLDER),),
            files={
                **settings(pod, place),
                BOOTSTRAP: sidecar_bootstrap(pod, container, place.address, place.domain),
            },
            hostname=hostname_of(pod),
        ),
        fenced=False,
        log=log_of(place.logs, container["name"], attempt),
        attempt=attempt,
    )


def log_of(folder: Path, name: str, attempt: int) -> str:
    """The log of one run of a container."""
    return str(folder / name / f"{attempt}.log")


def user_of(container: Mapping[str, Any], pod: Mapping[str, Any], image: Image) -> int:
    """The user id that a container sees itself as."""
    own = (container.get("securityContext") or {}).get("runAsUser")
    shared = (pod["spec"].get("securityContext") or {}).get("runAsUser")
    return int(own if own is not None else shared if shared is not None else image.user)


def settings(pod: Mapping[str, Any], place: Place) -> dict[str, str]:
    """The files in /etc that a pod has of its own."""
    namespace = pod["metadata"].get("namespace", "default")
    name = hostname_of(pod)
    subdomain = pod["spec"].get("subdomain")
    full = f"{name}.{subdomain}.{namespace}.svc.{place.domain} " if subdomain else ""
    hosts = ["127.0.0.1 localhost", "::1 localhost ip6-localhost", f"{place.address} {full}{name}"]
    hosts += [f"{alias['ip']} {' '.join(alias['hostnames'])}" for alias in pod["spec"].get("hostAliases") or ()]
    search = f"{namespace}.svc.{place.domain} svc.{place.domain} {place.domain}"
    return {
        "/etc/hosts": "\n".join(hosts) + "\n",
        "/etc/hostname": f"{name}\n",
        "/etc/resolv.conf": f"search {search}\nnameserver {place.dns}\noptions ndots:5\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
        "/etc/group": "root:x:0:\nnogroup:x:65534:\n",
    }
