# SPDX-License-Identifier: Apache-2.0
"""The volumes of a pod, as folders: what is in them (pure), and writing it so that readers never see a half of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lateen.node.container_root import Mount
from lateen.node.environment import Find, MissingError, data_of, field_of

WRITTEN = ("configMap", "secret", "projected", "downwardAPI")
"""Volumes whose contents come from the API."""

Files = dict[str, tuple[bytes, int]]
"""Path within the volume -> content and mode."""


def token_sources(volume: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The tokens that a projected volume asks for."""
    sources = (volume.get("projected") or {}).get("sources") or ()
    return [source["serviceAccountToken"] for source in sources if "serviceAccountToken" in source]


def files_of(volume: Mapping[str, Any], pod: Mapping[str, Any], find: Find, tokens: Mapping[str, bytes]) -> Files:
    """The files of a volume of one of the kinds WRITTEN; `tokens` by their path. Raises MissingError."""
    if "projected" in volume:
        found: Files = {}
        mode = volume["projected"].get("defaultMode", 0o644)
        for source in volume["projected"].get("sources") or ():
            found |= _source(source, pod, find, tokens, mode)
        return found
    if "secret" in volume:
        secret = dict(volume["secret"])
        secret["name"] = secret.get("secretName", "")
        return _source({"secret": secret}, pod, find, tokens, secret.get("defaultMode", 0o644))
    kind = "configMap" if "configMap" in volume else "downwardAPI"
    return _source({kind: volume[kind]}, pod, find, tokens, volume[kind].get("defaultMode", 0o644))


def _source(
    source: Mapping[str, Any], pod: Mapping[str, Any], find: Find, tokens: Mapping[str, bytes], mode: int
) -> Files:
    if "serviceAccountToken" in source:
        path = source["serviceAccountToken"]["path"]
        return {path: (tokens[path], mode)} if path in tokens else {}
    if "downwardAPI" in source:
        return {
            item["path"]: (field_of(item["fieldRef"]["fieldPath"], pod).encode(), item.get("mode", mode))
            for item in source["downwardAPI"].get("items") or ()
            if "fieldRef" in item
        }
    kind, reference = ("ConfigMap", source["configMap"]) if "configMap" in source else ("Secret", source["secret"])
    body = find(kind, reference["name"])
    if body is None:
        if reference.get("optional"):
            return {}
        raise MissingError(f'{kind.lower()} "{reference["name"]}" not found')
    data = data_of(body)
    if not reference.get("items"):
        return {key: (value, mode) for key, value in data.items()}
    found: Files = {}
    for item in reference["items"]:
        if item["key"] in data:
            found[item["path"]] = (data[item["key"]], item.get("mode", mode))
        elif not reference.get("optional"):
            raise MissingError(f"references non-existent config key: {item['key']}")
    return found


def write(folder: Path, files: Files) -> bool:
    """Make the files the contents of a volume, all at once (as the kubelet does: `..data` is a link to a folder that is
    replaced). Returns whether anything was different."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "..data"
    current = folder / data.readlink() if data.is_symlink() else None
    if current is not None and _read(current) == {path: content for path, (content, _) in files.items()}:
        return False
    number = int(current.name.rpartition("_")[2]) + 1 if current is not None else 0
    fresh = folder / f"..data_{number}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    for path, (content, mode) in files.items():
        target = fresh / os.path.normpath("/" + path).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(mode)
    link = folder / "..data_new"
    link.unlink(missing_ok=True)
    link.symlink_to(fresh.name)
    link.replace(data)
    names = {path.partition("/")[0] for path in files}
    for name in names:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    for entry in folder.iterdir():
        if not entry.name.startswith("..") and entry.name not in names:
            entry.unlink()
    if current is not None:
        shutil.rmtree(current)
    return True


def _read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def mounts_of(container: Mapping[str, Any], pod: Mapping[str, Any], folder: Path) -> tuple[Mount, ...]:
    """Where a container sees the pod's volumes, which are folders in `folder`. Raises MissingError."""
    kinds = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    found = []
    for mount in container.get("volumeMounts") or ():
        volume = kinds.get(mount["name"])
        if volume is None:
            raise MissingError(f"volume {mount['name']} is not defined")
        source = folder / mount["name"]
        below = mount.get("subPath", "")
        if below:
            source = source / os.path.normpath("/" + below).lstrip("/")
            if not source.exists():
                source.mkdir(parents=True)
        read_only = bool(mount.get("readOnly")) or any(kind in volume for kind in WRITTEN)
        found.append(Mount(str(source.resolve()), mount["mountPath"], read_only))
    return tuple(found)
