# SPDX-License-Identifier: Apache-2.0
"""The API over HTTP: reading, writing, watching, deleting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.apiserver.conftest import Running, start, stop

MAPS = "/api/v1/namespaces/default/configmaps"
APPS = "/apis/apps/v1/namespaces/default/deployments"
Document = dict[str, Any]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    server = start(tmp_path_factory.mktemp("api") / "data")
    yield server
    stop(server)


@pytest.fixture
def api(running: Running) -> Iterator[httpx.Client]:
    with running.client() as client:
        yield client
        client.delete(MAPS)
        client.delete(APPS)


def config_map(name: str, **metadata: Any) -> Document:
    return {"metadata": {"name": name, **metadata}, "data": {"a": "1"}}


def made(api: httpx.Client, name: str, **metadata: Any) -> Document:
    answer = api.post(MAPS, json=config_map(name, **metadata))
    assert answer.status_code == 201, answer.text
    found: Document = answer.json()
    return found


def deployment(name: str, replicas: int = 1) -> Document:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": name}, "spec": spec}


def test_only_three_paths_are_open(running: Running) -> None:
    with running.client(token="wrong") as stranger:
        for path in ("/version", "/livez", "/readyz"):
            assert stranger.get(path).status_code == 200
        for path in ("/", "/api", "/apis", MAPS, "/openapi/v3", "/metrics", "/healthz", "/apis/apps/v1"):
            answer = stranger.get(path)
            assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized")


def test_files_with_secrets_are_private(running: Running) -> None:
    for name in ("kubeconfig", "admin.token", "ca.key", "apiserver.key", "service-account.key"):
        assert (running.data / name).stat().st_mode & 0o777 == 0o600, name


def test_unknown_paths_are_no_statuses(api: httpx.Client) -> None:
    answer = api.get("/apis/nope.example.com/v1/things")
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")


def test_two_writers_meet(api: httpx.Client) -> None:
    first = made(api, "a")
    second = api.put(f"{MAPS}/a", json={**first, "data": {"a": "2"}})
    assert second.status_code == 200
    late = api.put(f"{MAPS}/a", json={**first, "data": {"a": "3"}})
    assert late.status_code == 409 and "the object has been modified" in late.json()["message"]
    assert api.get(f"{MAPS}/a").json()["data"] == {"a": "2"}


def test_a_write_that_changes_nothing_is_none(api: httpx.Client) -> None:
    first = made(api, "a")
    again = api.put(f"{MAPS}/a", json=config_map("a")).json()
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_generated_names(api: httpx.Client) -> None:
    names = {api.post(MAPS, json={"metadata": {"generateName": "x-"}}).json()["metadata"]["name"] for _ in range(5)}
    assert len(names) == 5 and all(name.startswith("x-") and len(name) == 7 for name in names)


def test_dry_run_writes_nothing(api: httpx.Client) -> None:
    answer = api.post(f"{MAPS}?dryRun=All", json=config_map("dry"))
    assert answer.status_code == 201 and answer.json()["metadata"]["uid"]
    assert api.get(f"{MAPS}/dry").status_code == 404
    made(api, "wet")
    api.patch(
        f"{MAPS}/wet?dryRun=All", content='{"data":{"a":"9"}}', headers={"content-type": "application/merge-patch+json"}
    )
    api.delete(f"{MAPS}/wet?dryRun=All")
    assert api.get(f"{MAPS}/wet").json()["data"] == {"a": "1"}
    assert api.post(f"{MAPS}?dryRun=Some", json=config_map("dry")).status_code == 422


def test_pages(api: httpx.Client) -> None:
    for number in range(7):
        made(api, f"n{number}")
    names: list[str] = []
    query = {"limit": "3"}
    remaining = []
    while True:
        page = api.get(MAPS, params=query).json()
        names += [item["metadata"]["name"] for item in page["items"]]
        remaining.append(page["metadata"].get("remainingItemCount"))
        if not page["metadata"].get("continue"):
            break
        query["continue"] = page["metadata"]["continue"]
    assert names == [f"n{number}" for number in range(7)]
    assert remaining == [4, 1, None]
    assert api.get(MAPS, params={"continue": "rubbish!"}).status_code == 400


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("app=a", ["1", "2"]),
        ("app==a,tier!=x", ["2"]),
        ("app in (a,b)", ["1", "2", "3"]),
        ("app notin (a)", ["3", "4"]),
        ("tier", ["1"]),
        ("!app", ["4"]),
    ],
)
def test_label_selectors(api: httpx.Client, selector: str, expected: list[str]) -> None:
    for name, labels in (("1", {"app": "a", "tier": "x"}), ("2", {"app": "a"}), ("3", {"app": "b"}), ("4", {})):
        made(api, name, labels=labels)
    found = api.get(MAPS, params={"labelSelector": selector}).json()["items"]
    assert [item["metadata"]["name"] for item in found] == expected


def test_status_is_apart(api: httpx.Client) -> None:
    created = api.post(APPS, json={**deployment("d"), "status": {"replicas": 9}}).json()
    assert created["status"] == {} and created["metadata"]["generation"] == 1
    merge = {"content-type": "application/merge-patch+json"}
    patched = api.patch(
        f"{APPS}/d/status", content='{"status":{"replicas":3},"spec":{"replicas":7}}', headers=merge
    ).json()
    assert (patched["status"], patched["spec"]["replicas"]) == ({"replicas": 3}, 1)
    assert patched["metadata"]["generation"] == 1
    changed = api.patch(f"{APPS}/d", content='{"status":{"replicas":5},"spec":{"replicas":7}}', headers=merge).json()
    assert (changed["status"], changed["spec"]["replicas"]) == ({"replicas": 3}, 7)
    assert changed["metadata"]["generation"] == 2


def test_scale_is_a_view(api: httpx.Client) -> None:
    api.post(APPS, json=deployment("d", 2))
    scale = api.get(f"{APPS}/d/scale").json()
    assert (scale["kind"], scale["spec"], scale["status"]) == (
        "Scale",
        {"replicas": 2},
        {"replicas": 0, "selector": "app=d"},
    )
    scale["spec"]["replicas"] = 5
    assert api.put(f"{APPS}/d/scale", json=scale).json()["spec"] == {"replicas": 5}
    assert api.get(f"{APPS}/d").json()["spec"]["replicas"] == 5
    assert api.put(f"{APPS}/d/scale", json=scale).status_code == 409


def test_finalizers_hold_an_object(api: httpx.Client) -> None:
    made(api, "held", finalizers=["example.com/hold"])
    deleted = api.delete(f"{MAPS}/held").json()
    assert deleted["metadata"]["deletionTimestamp"]
    merge = {"content-type": "application/merge-patch+json"}
    more = api.patch(
        f"{MAPS}/held", content='{"metadata":{"finalizers":["example.com/hold","example.com/more"]}}', headers=merge
    )
    assert more.status_code == 422
    api.patch(f"{MAPS}/held", content='{"metadata":{"finalizers":null}}', headers=merge)
    assert api.get(f"{MAPS}/held").status_code == 404


def test_orphan_and_foreground_are_finalizers(api: httpx.Client) -> None:
    for policy, finalizer in (("Orphan", "orphan"), ("Foreground", "foregroundDeletion")):
        api.post(APPS, json=deployment("d"))
        body = api.request("DELETE", f"{APPS}/d", json={"propagationPolicy": policy}).json()
        assert body["metadata"]["finalizers"] == [finalizer]
        merge = {"content-type": "application/merge-patch+json"}
        api.patch(f"{APPS}/d", content='{"metadata":{"finalizers":null}}', headers=merge)
        assert api.get(f"{APPS}/d").status_code == 404


def test_preconditions(api: httpx.Client) -> None:
    created = made(api, "a")
    wrong = api.request("DELETE", f"{MAPS}/a", json={"preconditions": {"uid": "other"}})
    assert wrong.status_code == 409
    uid = created["metadata"]["uid"]
    assert api.request("DELETE", f"{MAPS}/a", json={"preconditions": {"uid": uid}}).status_code == 200


def test_a_namespace_goes_in_two_steps(api: httpx.Client) -> None:
    api.post("/api/v1/namespaces", json={"metadata": {"name": "going"}})
    gone = api.delete("/api/v1/namespaces/going").json()
    assert gone["status"]["phase"] == "Terminating"
    refused = api.post("/api/v1/namespaces/going/configmaps", json=config_map("a"))
    assert refused.status_code == 403
    assert refused.json()["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    finalized = api.put("/api/v1/namespaces/going/finalize", json={**gone, "spec": {"finalizers": []}})
    assert finalized.status_code == 200
    assert api.get("/api/v1/namespaces/going").status_code == 404


def test_tables(api: httpx.Client) -> None:
    api.post(APPS, json=deployment("d", 2))
    accept = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    table = api.get(APPS, headers=accept).json()
    assert table["kind"] == "Table"
    assert [c["name"] for c in table["columnDefinitions"]][:5] == ["Name", "Ready", "Up-to-date", "Available", "Age"]
    row = table["rows"][0]
    assert row["cells"][:4] == ["d", "0/2", 0, 0] and row["object"]["kind"] == "PartialObjectMetadata"
    whole = api.get(APPS, headers=accept, params={"includeObject": "Object"}).json()["rows"][0]["object"]
    assert whole["kind"] == "Deployment"


def test_yaml_in_and_out(api: httpx.Client) -> None:
    answer = api.post(MAPS, content="metadata: {name: y}\ndata: {a: '1'}", headers={"content-type": "application/yaml"})
    assert answer.status_code == 201
    shown = api.get(f"{MAPS}/y", headers={"accept": "application/yaml"})
    assert shown.headers["content-type"] == "application/yaml" and "kind: ConfigMap\n" in shown.text


def test_large_answers_are_compressed(api: httpx.Client) -> None:
    for number in range(5):
        api.post(MAPS, json={"metadata": {"name": f"big{number}"}, "data": {"a": "x" * 40_000}})
    answer = api.get(MAPS, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip" and len(answer.json()["items"]) == 5


def test_versions_of_one_object(api: httpx.Client) -> None:
    base = "/apis/networking.istio.io/{}/namespaces/default/virtualservices"
    body = {"metadata": {"name": "v"}, "spec": {"hosts": ["a"], "http": [{"route": [{"destination": {"host": "b"}}]}]}}
    assert api.post(base.format("v1alpha3"), json=body).status_code == 201
    for version in ("v1", "v1beta1", "v1alpha3"):
        shown = api.get(base.format(version) + "/v").json()
        assert shown["apiVersion"] == f"networking.istio.io/{version}" and shown["spec"] == body["spec"]
    api.delete(base.format("v1") + "/v")


@contextmanager
def watch(api: httpx.Client, path: str, **query: str) -> Iterator[Iterator[Document]]:
    with api.stream("GET", path, params={"watch": "1", "timeoutSeconds": "20", **query}) as answer:
        assert answer.status_code == 200, answer.read()
        yield (json.loads(line) for line in answer.iter_lines())


def test_a_watch_resumes_where_it_was(api: httpx.Client) -> None:
    start_at = api.get(MAPS).json()["metadata"]["resourceVersion"]
    made(api, "a")
    api.put(f"{MAPS}/a", json={**config_map("a"), "data": {"a": "2"}})
    api.delete(f"{MAPS}/a")
    with watch(api, MAPS, resourceVersion=start_at) as events:
        found = [next(events) for _ in range(3)]
    assert [event["type"] for event in found] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in found]
    assert versions == sorted(versions) and versions[0] > int(start_at)
    with watch(api, MAPS, resourceVersion=str(versions[0])) as events:
        assert next(events)["type"] == "MODIFIED"


def test_a_watch_begins_with_what_is_there(api: httpx.Client) -> None:
    made(api, "a")
    with watch(
        api, MAPS, sendInitialEvents="true", resourceVersionMatch="NotOlderThan", allowWatchBookmarks="true"
    ) as events:
        assert next(events)["type"] == "ADDED"
        mark = next(events)
        assert mark["type"] == "BOOKMARK"
        assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        made(api, "b")
        assert next(events)["object"]["metadata"]["name"] == "b"


def test_objects_enter_and_leave_a_selection(api: httpx.Client) -> None:
    version = api.get(MAPS).json()["metadata"]["resourceVersion"]
    merge = {"content-type": "application/merge-patch+json"}
    made(api, "a")
    api.patch(f"{MAPS}/a", content='{"metadata":{"labels":{"on":"1"}}}', headers=merge)
    api.patch(f"{MAPS}/a", content='{"data":{"a":"2"}}', headers=merge)
    api.patch(f"{MAPS}/a", content='{"metadata":{"labels":{"on":"0"}}}', headers=merge)
    with watch(api, MAPS, resourceVersion=version, labelSelector="on=1") as events:
        found = [next(events) for _ in range(3)]
    assert [event["type"] for event in found] == ["ADDED", "MODIFIED", "DELETED"]
    assert found[2]["object"]["metadata"]["labels"] == {"on": "1"}


def test_a_table_watch_names_its_columns_once(api: httpx.Client) -> None:
    version = api.get(MAPS).json()["metadata"]["resourceVersion"]
    made(api, "a")
    made(api, "b")
    accept = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    query = {"watch": "1", "resourceVersion": version}
    with api.stream("GET", MAPS, params=query, headers=accept) as answer:
        lines = answer.iter_lines()
        first, second = json.loads(next(lines))["object"], json.loads(next(lines))["object"]
    assert [c["name"] for c in first["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert second["columnDefinitions"] is None and second["rows"][0]["cells"][0] == "b"


def test_versions_that_make_no_sense(api: httpx.Client) -> None:
    assert api.get(MAPS, params={"resourceVersion": "999999999"}).status_code == 504
    assert api.get(MAPS, params={"resourceVersionMatch": "Exact"}).status_code == 422
    with watch(api, MAPS, resourceVersion="999999999", timeoutSeconds="1") as events:
        made(api, "a")
        assert list(events) == []
    answer = api.get(MAPS, params={"watch": "1", "resourceVersion": "0x"})
    assert answer.status_code == 400


def test_service_addresses(api: httpx.Client) -> None:
    services = "/api/v1/namespaces/default/services"
    body = {"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
    spec = api.post(services, json=body).json()["spec"]
    assert spec["clusterIP"].startswith("10.96.") and spec["clusterIPs"] == [spec["clusterIP"]]
    assert 30000 <= spec["ports"][0]["nodePort"] <= 32767
    taken = {**body, "metadata": {"name": "t"}, "spec": {**body["spec"], "clusterIP": spec["clusterIP"]}}
    assert "already allocated" in api.post(services, json=taken).json()["message"]
    api.delete(f"{services}/s")
    assert api.post(services, json=taken).status_code == 201
    api.delete(f"{services}/t")


def test_access_of_service_accounts(running: Running, api: httpx.Client) -> None:
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    api.post(accounts, json={"metadata": {"name": "bot"}})
    request = {"spec": {"expirationSeconds": 600}}
    token = api.post(f"{accounts}/bot/token", json=request).json()["status"]["token"]
    with running.client(token=token) as bot:
        refused = bot.get(MAPS)
        assert refused.status_code == 403 and "cannot list resource" in refused.json()["message"]
        rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
        rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]
        api.post(f"{rbac}/roles", json={"metadata": {"name": "r"}, "rules": rules})
        subjects = [{"kind": "ServiceAccount", "name": "bot", "namespace": "default"}]
        binding = {"metadata": {"name": "b"}, "roleRef": {"kind": "Role", "name": "r"}, "subjects": subjects}
        api.post(f"{rbac}/rolebindings", json=binding)
        assert bot.get(MAPS).status_code == 200
        assert bot.get(f"{MAPS}/x").status_code == 403
        api.delete(f"{accounts}/bot")
        assert bot.get(MAPS).status_code == 401
    with running.client(token=token[:-3] + "AAA") as forger:
        assert forger.get(MAPS).status_code == 401


def test_openapi_v2(api: httpx.Client) -> None:
    shown = api.get("/openapi/v2").json()
    assert shown["swagger"] == "2.0"
    pod = shown["definitions"]["io.k8s.api.core.v1.Pod"]
    assert pod["properties"]["spec"]["allOf"] == [{"$ref": "#/definitions/io.k8s.api.core.v1.PodSpec"}]
    media = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    binary = api.get("/openapi/v2", headers={"accept": media})
    assert binary.headers["content-type"] == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    assert binary.content.startswith(b"\x0a\x032.0")
