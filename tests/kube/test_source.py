# SPDX-License-Identifier: Apache-2.0
"""Objects of a Kubernetes API as changes, through restarts of the API and gaps in its history."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from lateen.apiserver.server import ApiServer, Config
from lateen.kube.client import KubeClient, Object
from lateen.kube.errors import ApiError, UnreachableError
from lateen.kube.reflector import Changed, Listed, Removed, reflect
from lateen.kube.source import KubeSource, kind_of
from lateen.model.core.config_map import ConfigMap
from lateen.model.networking.virtual_service import VirtualService
from lateen.parse.change import Change

RULE = kind_of(VirtualService)
PATIENCE = 30.0


def rule(name: str, host: str = "a.test") -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"hosts": [host], "http": [{"route": [{"destination": {"host": "a"}}]}]},
    }


async def within(awaitable: Any) -> Any:
    async with asyncio.timeout(PATIENCE):
        return await awaitable


def names(changes: list[Change]) -> list[tuple[str, bool]]:
    return [(change.ref.name, change.parsed is not None) for change in changes if change.ref.kind == "VirtualService"]


async def test_all_objects_at_first_then_each_change(tmp_path: Path) -> None:
    async with ApiServer(Config(data=tmp_path, port=0)) as server, KubeClient.connect(server.kubeconfig) as client:
        await client.create(RULE, rule("one"), "default")
        trouble: list[str] = []
        source = KubeSource(client, (VirtualService, ConfigMap), trouble.append)
        changes = source.changes()
        assert names(await within(anext(changes))) == [("one", True)]
        await client.create(RULE, rule("two"), "default")
        assert names(await within(anext(changes))) == [("two", True)]
        await client.delete(RULE, "one", "default")
        assert names(await within(anext(changes))) == [("one", False)]
        await changes.aclose()
        assert trouble == []


async def test_a_restarted_api_is_taken_up_again(tmp_path: Path) -> None:
    async with ApiServer(Config(data=tmp_path, port=0)) as server:
        port = int(server.url.rpartition(":")[2])
        kubeconfig = server.kubeconfig
        client = KubeClient.connect(kubeconfig)
        await client.create(RULE, rule("one"), "default")
        trouble: list[str] = []
        source = KubeSource(client, (VirtualService,), trouble.append)
        changes = source.changes()
        assert names(await within(anext(changes))) == [("one", True)]
    async with ApiServer(Config(data=tmp_path, port=port)) as server, KubeClient.connect(kubeconfig) as other:
        await other.create(RULE, rule("two"), "default")
        found: list[tuple[str, bool]] = []
        while ("two", True) not in found:
            found += names(await within(anext(changes)))
        assert ("one", False) not in found
        await changes.aclose()
        await client.__aexit__()


async def test_what_went_while_nobody_looked_is_noticed(tmp_path: Path) -> None:
    async with ApiServer(Config(data=tmp_path, port=0)) as server, KubeClient.connect(server.kubeconfig) as client:
        await client.create(RULE, rule("one"), "default")
        events = reflect(client, RULE)
        first = await within(anext(events))
        assert isinstance(first, Listed)
        await client.create(RULE, rule("two"), "default")
        second = await within(anext(events))
        assert isinstance(second, Changed)
        await client.delete(RULE, "two", "default")
        third = await within(anext(events))
        assert isinstance(third, Removed)
        assert third.object["metadata"]["name"] == "two"
        await events.aclose()  # type: ignore[attr-defined]


async def test_refusals_and_absence_are_told_apart(tmp_path: Path) -> None:
    async with ApiServer(Config(data=tmp_path, port=0)) as server, KubeClient.connect(server.kubeconfig) as client:
        with pytest.raises(ApiError) as missing:
            await client.get(RULE, "nobody", "default")
        assert missing.value.not_found
        made = await client.create(RULE, rule("one"), "default")
        await client.patch(RULE, "one", {"metadata": {"labels": {"a": "b"}}}, "default")
        with pytest.raises(ApiError) as stale:
            await client.replace(RULE, made)
        assert stale.value.conflict
        with pytest.raises(ApiError) as invalid:
            await client.create(RULE, {**rule("bad"), "spec": {"hosts": []}}, "default")
        assert "must be provided" in invalid.value.message or "at least one host" in invalid.value.message
        await client.delete(RULE, "nobody", "default")


async def test_no_answer_says_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="--kubeconfig"):
        KubeClient.connect(tmp_path / "missing")
    async with ApiServer(Config(data=tmp_path, port=0)) as server:
        kubeconfig = server.kubeconfig
    async with KubeClient.connect(kubeconfig) as client:
        with pytest.raises(UnreachableError, match="does not answer"):
            await client.version()
